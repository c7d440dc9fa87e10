"""An order's invoices, for its buyer: listed, asked for, read as files."""

from uuid import UUID

from setaria.channels.api.asked import Asked
from setaria.channels.api.belongings import BillingIn, DocumentOut, InvoiceOut, InvoicesOut
from setaria.channels.api.own import own_order
from setaria.channels.api.refusals import No
from setaria.channels.storefront.forms import country_of
from setaria.channels.storefront.ordered import ordered
from setaria.channels.storefront.papers import BillingForm, papers_of
from setaria.trade.invoices.ask import TooLate, ask
from setaria.trade.invoices.document import pdf
from setaria.trade.invoices.electronic import EN_16931_COUNTRIES, pdf_with_xml, xml
from setaria.trade.invoices.issue import issue
from setaria.trade.invoices.models import Invoice, Issuer
from setaria.trade.orders.models import Order


def listing(asked: Asked, order_id: UUID) -> InvoicesOut | No:
    """Return an order's documents, and whether one may say whom they are for."""
    order = own_order(asked, order_id)
    return _all(asked, order) if order is not None else No(code="NOT_FOUND")


def wish(asked: Asked, order_id: UUID, wanted: BillingIn) -> InvoicesOut | No:
    """Say whom the invoice is for; it is written at once where the order is paid, else as soon as it is."""
    order = own_order(asked, order_id)
    if order is None:
        return No(code="NOT_FOUND")
    issuer = Issuer.objects.filter(pk=order.market_id).first()
    stands = _all(asked, order)
    if issuer is None or not (stands.can_ask or stands.invoices):
        return No(code="NO_INVOICE")
    form = BillingForm(issuer.country, {"name": wanted.name, "tax_id": wanted.tax_id})
    if not form.is_valid():
        return No(code="BAD_BILLING", fields={name: str(errors[0]) for name, errors in form.errors.items()})
    try:
        ask(order_id, form.party(), now=asked.now)
    except TooLate:
        return No(code="INVOICE_WRITTEN")
    issue([order_id], now=asked.now)
    return _all(asked, order)


def document(asked: Asked, order_id: UUID, name: str) -> DocumentOut | No:
    """Return one of an order's documents as files."""
    order = own_order(asked, order_id)
    found = Invoice.objects.filter(order_id=order_id, name=name.replace("\x00", "")).first() if order else None
    if order is None or found is None:
        return No(code="NOT_FOUND")
    if not asked.allowed("paper", key=str(order.customer_id)):
        return No(code="TOO_MANY")
    country = Issuer.objects.values_list("country", flat=True).get(pk=found.market_id)
    drawn = pdf_with_xml(found) if country in EN_16931_COUNTRIES else pdf(found)
    return DocumentOut(name=found.name, pdf=drawn, xml=xml(found))


def _all(asked: Asked, order: Order) -> InvoicesOut:
    found = ordered(order.pk, asked.member_id)
    assert found is not None, "orders are never deleted"
    papers = papers_of(found, country_of(asked.market_of(order.market_id)))
    return InvoicesOut(
        order_id=order.pk,
        invoices=[
            InvoiceOut(
                name=each.name, issued_at=each.issued_at, supplied_on=each.supplied_on, currency=each.currency,
                net=each.net, tax=each.tax, gross=each.gross, corrects=each.corrects,
            )
            for each in found.invoices
        ],
        can_ask=papers is not None and papers.form is not None,
        asked=not found.invoices and found.billing is not None,
    )  # fmt: skip
