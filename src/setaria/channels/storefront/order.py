"""One order, for the one who placed it: how it stands, paying, cancelling, where it goes."""

from datetime import timedelta
from uuid import UUID

import msgspec
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from setaria.channels.storefront import explain, queries
from setaria.channels.storefront.forms import CheckoutForm, country_of, latest_address
from setaria.channels.storefront.guest import buyer_only
from setaria.channels.storefront.life import life_of
from setaria.channels.storefront.ordered import ordered
from setaria.channels.storefront.papers import papers_of
from setaria.channels.storefront.pay import chosen
from setaria.channels.storefront.visit import MemberVisit
from setaria.goods.catalog.models import Variant
from setaria.kernel import clock
from setaria.kernel.questions import ask, rows_of
from setaria.markets.models import Market
from setaria.people.members.addresses import remember
from setaria.people.members.guests import identities
from setaria.trade.aftersales.take_back import Taken, cancel_paid
from setaria.trade.orders import release
from setaria.trade.orders.destination import set_destination
from setaria.trade.orders.models import Line, Order, Status
from setaria.trade.payments.promised import door_of, owed
from setaria.trade.payments.providers import Provider, offered
from setaria.trade.payments.start import Refusal, credited, start

FAR = timedelta(hours=12)  # so far ahead a time of day needs its date


class OrderedLine(msgspec.Struct, frozen=True):
    """A line of an order with what it is; the variant is None only if it was deleted, which nobody may."""

    line: Line
    variant: Variant | None
    returned: int = 0  # of its units

    @property
    def total(self) -> int:
        """Minor units."""
        return self.line.quantity * self.line.unit_price


def own_order(request: MemberVisit, order_id: UUID) -> Order:
    """Return the visitor's own order; somebody else's is as absent as one that does not exist."""
    [found] = ask(rows_of(Order, "WHERE id = %(order)s", {"order": order_id}))
    if not found or found[0].customer_id not in identities(request, order_id):
        raise Http404
    order: Order = found[0]
    return order


@buyer_only
@require_safe
def page(request: MemberVisit, order_id: UUID) -> HttpResponse:
    """Show how an order stands."""
    return _render(request, order_id)


def _render(request: MemberVisit, order_id: UUID, form: CheckoutForm | None = None, status: int = 200) -> HttpResponse:
    now, member_id = clock.now(), request.user.pk if request.user.is_authenticated else None
    found = ordered(order_id, member_id)
    if found is None or found.order.customer_id not in identities(request, order_id):
        raise Http404
    order, credit = found.order, found.credit
    variants = queries.variants_of(found.products, queries.shelf(request, now))
    market = _market(request, order)
    door = door_of(found.payments, found.refunds)
    over = found.gone or found.lost or bool(door and door.paid_at)  # nothing of it is to be sent any more
    needs_address = found.destination is None and order.status in (Status.PLACED, Status.PAID) and not over
    if needs_address and form is None:
        form = CheckoutForm(country_of(market), initial=latest_address(order.customer_id, country_of(market)))
    returns = found.returns if order.status == Status.PAID else []
    context = {
        "order": order,
        "lines": [
            OrderedLine(line, variants.get(line.variant_id), found.returned.get(line.position, 0))
            for line in found.lines
        ],
        "goods": sum(line.quantity * line.unit_price for line in found.lines),
        "rows": explain.rows_of(found.charges, found.rules),
        "life": life_of(
            order, found.events, found.payments, found.refunds, now, door, found.gone or found.lost, found.disputes
        ),
        "destination": found.destination,
        "order_market": market,
        "as_guest": order.customer_id != member_id,
        "form": form if needs_address else None,
        "payment": found.payments[-1] if found.payments else None,
        "refunds": found.refunds,
        "disputes": found.disputes,
        "disputed": {dispute.payment_id for dispute in found.disputes if dispute.ended_at is None},
        "returns": returns,
        "gone": found.gone,
        "lost": found.lost,
        "taken_back": sum(each.amount for each in returns),
        "all_sent": all(refund.sent_at for refund in found.refunds if refund.return_id),
        "door_paid_at": door.paid_at if door else None,
        "at_door": door.due if door and door.paid_at is None else None,
        "waived": {refund.pk for refund in found.refunds if door and door.waives(refund)},
        "cancellable": order.status == Status.PLACED
        or (
            order.paid_at is not None
            and order.status == Status.PAID
            and not returns
            and not (door and door.paid_at)  # the parcel is there
            and now < order.paid_at + timedelta(seconds=settings.CANCEL_SECONDS)
        ),
        "credit": credit,
        "of_place": found.of_place,
        "store_credit": found.store_credit,
        "papers": papers_of(found, country_of(market)),
        "due": order.total - credit,
        "pay_by_form": "time" if order.pay_by - now < FAR else "short",
        "means": offered(market.code, order.total - credit, order.currency),
        "payable": order.status == Status.PLACED and order.pay_by > now,
        "Status": Status,
    }
    return render(request, "storefront/order.html", context, status=status)


def _market(request: MemberVisit, order: Order) -> Market:
    return next((m for m in request.markets if m.pk == order.market_id), request.market)


@buyer_only
@require_POST
def pay(request: MemberVisit, order_id: UUID) -> HttpResponse:
    """Start a payment by the means that was chosen and send the buyer there."""
    order = own_order(request, order_id)
    means = chosen(request.POST.get("provider", ""), _means(request, order))
    if means is None:
        messages.info(request, _("Choose how you want to pay."))
        return redirect("store:order", order_id)
    begun = start(order_id, order.customer_id, means.name, clock.now())
    if isinstance(begun, Refusal):
        messages.error(request, _("This order cannot be paid any more. No money was taken; see below how it stands."))
        return redirect("store:order", order_id)
    return redirect("store:payment", begun.pk)


def _means(request: MemberVisit, order: Order) -> list[Provider]:
    due = order.total - credited(order.pk)
    return offered(_market(request, order).code, due, order.currency)


@buyer_only
@require_POST
def cancel(request: MemberVisit, order_id: UUID) -> HttpResponse:
    """Cancel an order; what it held is for sale again at once, and what was paid for it goes back."""
    order = own_order(request, order_id)
    if order.status == Status.PAID:
        promised = order_id in owed([order_id])
        taken = cancel_paid(order_id, order.customer_id, now=clock.now())
        if isinstance(taken, Taken) and promised:
            messages.success(request, _("The order is cancelled. You have nothing to pay at the door."))
        elif isinstance(taken, Taken):
            messages.success(request, _("The order is cancelled. Your money is on its way back."))
        else:
            messages.error(request, _("This order can no longer be cancelled here; nothing was changed."))
        return redirect("store:order", order_id)
    [answer] = release.cancel([release.Cancellation(order_id, order.customer_id)], now=clock.now())
    if answer is release.Answer.CANCELLED:
        messages.success(request, _("The order is cancelled. Nothing was charged."))
    else:
        messages.error(request, _("This order can no longer be cancelled here; nothing was changed."))
    return redirect("store:order", order_id)


@buyer_only
@require_POST
def address(request: MemberVisit, order_id: UUID) -> HttpResponse:
    """Note where an order goes that was placed without saying so, as in a drop."""
    order = own_order(request, order_id)
    form = CheckoutForm(country_of(_market(request, order)), request.POST)
    if not form.is_valid():
        return _render(request, order_id, form, status=422)
    to = form.address()
    if set_destination(order_id, order.customer_id, **to):
        if request.user.is_authenticated:
            remember(request.user.pk, now=clock.now(), **to)
        messages.success(request, _("We know now where to send it."))
    else:
        messages.error(request, _("This order will not be sent any more; nothing was changed."))
    return redirect("store:order", order_id)
