"""An order's invoice, for its buyer: saying whom it is for, and reading what was written."""

from uuid import UUID

from allauth.core.ratelimit import consume_or_429
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from setaria.channels.storefront.guest import buyer_only
from setaria.channels.storefront.order import own_order
from setaria.channels.storefront.ordered import ordered
from setaria.channels.storefront.papers import BillingForm, papers_of
from setaria.channels.storefront.visit import MemberVisit
from setaria.kernel import clock
from setaria.trade.invoices.ask import TooLate, ask
from setaria.trade.invoices.document import pdf
from setaria.trade.invoices.electronic import EN_16931_COUNTRIES, pdf_with_xml
from setaria.trade.invoices.issue import issue
from setaria.trade.invoices.models import Invoice, Issuer
from setaria.trade.orders.models import Status


@buyer_only
@require_POST
def wish(request: MemberVisit, order_id: UUID) -> HttpResponse:
    """Note whom the invoice is for, and write it if the order is paid."""
    order = own_order(request, order_id)
    issuer = Issuer.objects.filter(pk=order.market_id).first()
    if issuer is None or order.status not in (Status.PLACED, Status.PAID):
        raise Http404
    found = ordered(order_id, None)
    if found is None or papers_of(found, issuer.country) is None:
        messages.error(request, _("There is no invoice for this order. Nothing was changed."))
        return redirect("store:order", order_id)
    form = BillingForm(issuer.country, request.POST)
    if not form.is_valid():
        said = "; ".join(str(error) for errors in form.errors.values() for error in errors)
        messages.error(request, said)
        return redirect("store:order", order_id)
    now = clock.now()
    try:
        ask(order_id, form.party(), now=now)
    except TooLate:
        messages.error(request, _("The invoice is written already. Ask us if it must name somebody else."))
        return redirect("store:order", order_id)
    [written] = issue([order_id], now=now)
    if isinstance(written, Invoice):
        messages.success(request, _("Your invoice is here."))
    else:
        messages.success(request, _("Noted. The invoice is written as soon as the order is paid."))
    return redirect("store:order", order_id)


@buyer_only
@require_safe
def document(request: MemberVisit, order_id: UUID, name: str) -> HttpResponse:
    """Send one of the order's documents as a PDF, with its data within where the standard asks for it."""
    order = own_order(request, order_id)
    found = Invoice.objects.filter(order_id=order.pk, name=name).first()
    if found is None:
        raise Http404
    if refused := consume_or_429(request, action="paper", key=str(order.customer_id), limit_get=True):
        return refused
    country = Issuer.objects.values_list("country", flat=True).get(pk=found.market_id)
    drawn = pdf_with_xml(found) if country in EN_16931_COUNTRIES else pdf(found)
    answer = HttpResponse(drawn, content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="{found.name}.pdf"'
    return answer
