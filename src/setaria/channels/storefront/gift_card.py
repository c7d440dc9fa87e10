"""Paying an order with a gift card's code, or with one's store credit, on the order's page."""

from uuid import UUID

from allauth.core.ratelimit import consume_or_429
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as now_
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from setaria.channels.storefront.explain import plain
from setaria.channels.storefront.guest import buyer_only
from setaria.channels.storefront.order import own_order
from setaria.channels.storefront.visit import MemberVisit
from setaria.kernel import clock
from setaria.trade.giftcards.issue import card_of, credits_of
from setaria.trade.giftcards.spend import Refusal, spend

SENTENCES = {
    Refusal.UNKNOWN_ORDER: _("This order cannot be paid any more. Nothing was taken off the card."),
    Refusal.NOT_PAYABLE: _("This order cannot be paid any more. Nothing was taken off the card."),
    Refusal.PAYING: _(
        "A payment of this order has begun already. Nothing was taken off the card; finish that payment first."
    ),
    Refusal.EMPTY: _("Nothing is left on this card. Nothing was changed."),
    Refusal.BLOCKED: _("This card is blocked; ask us about it. Nothing was changed."),
    Refusal.OTHER_MARKET: _("This card is good in another market. Nothing was changed."),
}


@buyer_only
@require_POST
def use(request: MemberVisit, order_id: UUID) -> HttpResponse:
    """Pay with the card whose code was typed, or else with the member's own store credit."""
    order = own_order(request, order_id)
    code = request.POST.get("code", "")[:40]
    if code and (refused := consume_or_429(request, action="gift_card", key=str(order.customer_id))):
        return refused
    card = card_of(code) if code else None
    cards = [card] if card else []
    if not code and request.user.is_authenticated:
        cards = [one for one in credits_of(request.user.pk) if one.market_id == order.market_id]
    if not cards:
        messages.error(request, now_("We do not know this card. Nothing was changed; look at its code again."))
    for one in cards:
        paid = spend(one, order_id, order.customer_id, now=clock.now())
        if isinstance(paid, Refusal):
            messages.error(request, SENTENCES[paid])
            break
        messages.success(request, now_("%(sum)s was paid with your card.") % {"sum": plain(paid.amount, paid.currency)})
        order.refresh_from_db()
        if order.paid_at is not None:
            break
    return redirect("store:order", order_id)
