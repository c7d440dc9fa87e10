"""A document as data: EN 16931 in the CII syntax, alone or within its PDF (Factur-X), by `drafthorse`.

Lines are written without tax, as the standard wants them; the amounts are those of the document, to the minor unit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from babel.numbers import get_currency_precision

from setaria.trade.invoices.credit import content_of
from setaria.trade.invoices.document import pdf
from setaria.trade.invoices.models import Invoice
from setaria.trade.invoices.queries import due_of
from setaria.trade.invoices.rules import Content, Line, Party, percent

if TYPE_CHECKING:
    from drafthorse.models.document import Document

GUIDELINE = "urn:cen.eu:en16931:2017"
SCHEMA = "FACTUR-X_EN16931"
INVOICE_CODE, CREDIT_NOTE_CODE = "380", "381"
# Where the standard is the law or the custom: the European Union.
EN_16931_COUNTRIES = frozenset(
    [
        "AT",
        "BE",
        "BG",
        "CY",
        "CZ",
        "DE",
        "DK",
        "EE",
        "ES",
        "FI",
        "FR",
        "GR",
        "HR",
        "HU",
        "IE",
        "IT",
        "LT",
        "LU",
        "LV",
        "MT",
        "NL",
        "PL",
        "PT",
        "RO",
        "SE",
        "SI",
        "SK",
    ]
)
PIECE = "C62"  # UN/ECE Recommendation 20: one piece
PRICE_DIGITS = 6
STANDARD, ZERO = "S", "Z"  # UNCL 5305: standard rate, zero rated


def xml(invoice: Invoice) -> bytes:
    """Write a document as XML; checked against the standard's schema. Raises what the library raises if it is not."""
    return bytes(_document(invoice).serialize(schema=SCHEMA))


def pdf_with_xml(invoice: Invoice) -> bytes:
    """Draw a document with its data within: a Factur-X PDF that people and programs read."""
    from drafthorse.pdf import attach_xml

    return bytes(attach_xml(pdf(invoice), xml(invoice), "EN 16931"))


def _document(invoice: Invoice) -> Document:
    # Not at the top: XML and PDF libraries that only who writes such a document needs.
    from drafthorse.models.document import Document

    content = content_of(invoice)
    digits = get_currency_precision(invoice.currency)

    def money(amount: int) -> Decimal:
        return Decimal(amount).scaleb(-digits)

    document = Document()
    document.context.guideline_parameter.id = GUIDELINE
    document.header.id = invoice.name
    document.header.type_code = CREDIT_NOTE_CODE if invoice.kind == Invoice.Kind.CREDIT_NOTE else INVOICE_CODE
    document.header.issue_date_time = invoice.issued_at.date()
    agreement = document.trade.agreement
    for theirs, party in ((agreement.seller, content.seller), (agreement.buyer, content.buyer)):
        _name(theirs, party)
    agreement.buyer_order.issuer_assigned_id = str(invoice.order_id)
    document.trade.delivery.event.occurrence = invoice.supplied_on
    _lines(document, [line for line in content.lines if line.gross], money)
    _sums(document, content, invoice, money)
    return document


def _name(theirs: object, party: Party) -> None:
    from drafthorse.models.party import TaxRegistration

    theirs.name = party.name or "-"  # type: ignore[attr-defined]
    address = theirs.address  # type: ignore[attr-defined]
    address.line_one, address.city_name = party.street, party.city
    address.postcode, address.country_id = party.postcode, party.country
    if party.tax_id:
        theirs.tax_registrations.add(TaxRegistration(id=("VA", party.tax_id)))  # type: ignore[attr-defined]


def _lines(document: Document, lines: Sequence[Line], money: Callable[[int], Decimal]) -> None:
    from drafthorse.models.tradelines import LineItem

    for number, line in enumerate(lines, start=1):
        # A refund of an amount without a piece is a piece of that amount.
        quantity = Decimal(line.quantity or 1)
        item = LineItem()
        item.document.line_id = str(number)
        item.product.seller_assigned_id = line.sku
        item.product.name = line.text
        item.agreement.net.amount = round(money(line.net) / quantity, PRICE_DIGITS)
        item.delivery.billed_quantity = (quantity, PIECE)
        item.settlement.trade_tax.type_code = "VAT"
        item.settlement.trade_tax.category_code = _category(line.rate_bp)
        item.settlement.trade_tax.rate_applicable_percent = Decimal(percent(line.rate_bp))
        item.settlement.monetary_summation.total_amount = money(line.net)
        document.trade.items.add(item)


def _sums(document: Document, content: Content, invoice: Invoice, money: Callable[[int], Decimal]) -> None:
    from drafthorse.models.accounting import ApplicableTradeTax

    settlement = document.trade.settlement
    settlement.currency_code = invoice.currency
    if invoice.corrects:
        settlement.invoice_referenced_document.issuer_assigned_id = invoice.corrects
    for each in content.taxes:
        settlement.trade_tax.add(
            ApplicableTradeTax(
                type_code="VAT", category_code=_category(each.rate_bp), basis_amount=money(each.net),
                calculated_amount=money(each.tax), rate_applicable_percent=Decimal(percent(each.rate_bp)),
            )
        )  # fmt: skip
    sums, gross = settlement.monetary_summation, money(content.gross)
    sums.line_total, sums.charge_total, sums.allowance_total = money(content.net), money(0), money(0)
    sums.tax_basis_total = (money(content.net), invoice.currency)
    sums.tax_total = (money(content.tax), invoice.currency)
    sums.grand_total = (gross, invoice.currency)
    due = money(due_of(invoice))
    sums.prepaid_total, sums.due_amount = gross - due, due


def _category(rate_bp: int) -> str:
    return STANDARD if rate_bp else ZERO
