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
from setaria.channels.storefront.papers import papers_of
from setaria.channels.storefront.pay import chosen
from setaria.channels.storefront.visit import MemberVisit
from setaria.goods.catalog.models import Variant
from setaria.kernel import clock
from setaria.markets.models import Market
from setaria.people.members.addresses import remember
from setaria.people.members.guests import identities
from setaria.trade.aftersales.queries import returns_of
from setaria.trade.aftersales.take_back import Taken, cancel_paid
from setaria.trade.giftcards.issue import credit_of
from setaria.trade.orders import release
from setaria.trade.orders.destination import set_destination
from setaria.trade.orders.models import Destination, Event, Line, Order, Status
from setaria.trade.payments.models import Payment, Refund
from setaria.trade.payments.promised import door_of, owed
from setaria.trade.payments.providers import Provider, offered
from setaria.trade.payments.start import Refusal, credited, start
from setaria.trade.quotes.queries import charges_of

FAR = timedelta(hours=12)  # so far ahead a time of day needs its date


class OrderedLine(msgspec.Struct, frozen=True):
    """A line of an order with what it is; the variant is None only if it was deleted, which nobody may."""

    line: Line
    variant: Variant | None

    @property
    def total(self) -> int:
        """Minor units."""
        return self.line.quantity * self.line.unit_price


def own_order(request: MemberVisit, order_id: UUID) -> Order:
    """Return the visitor's own order; somebody else's is as absent as one that does not exist."""
    order = Order.objects.filter(pk=order_id, customer_id__in=identities(request, order_id)).first()
    if order is None:
        raise Http404
    return order


@buyer_only
@require_safe
def page(request: MemberVisit, order_id: UUID) -> HttpResponse:
    """Show how an order stands."""
    return _render(request, own_order(request, order_id))


def _render(request: MemberVisit, order: Order, form: CheckoutForm | None = None, status: int = 200) -> HttpResponse:
    now = clock.now()
    credit = credited(order.pk)
    found = list(Line.objects.filter(order_id=order.pk).order_by("position"))
    variants = queries.variants_by_id([line.variant_id for line in found])
    destination = Destination.objects.filter(pk=order.pk).first()
    needs_address = destination is None and order.status in (Status.PLACED, Status.PAID)
    if needs_address and form is None:
        form = CheckoutForm(
            _country(request, order), initial=latest_address(order.customer_id, _country(request, order))
        )
    payments = list(Payment.objects.filter(order_id=order.pk).order_by("started_at"))
    returns = returns_of(order.pk) if order.status == Status.PAID else []
    refunds = list(Refund.objects.filter(order_id=order.pk).order_by("due_at"))
    door = door_of(payments, refunds)
    context = {
        "order": order,
        "lines": [OrderedLine(line, variants.get(line.variant_id)) for line in found],
        "goods": sum(line.quantity * line.unit_price for line in found),
        "rows": explain.rows_of(charges_of(order.pk), order.currency),
        "life": life_of(order, Event.objects.filter(order_id=order.pk), payments, refunds, now, door),
        "destination": destination,
        "order_market": _market(request, order),
        "as_guest": not request.user.is_authenticated or order.customer_id != request.user.pk,
        "form": form if needs_address else None,
        "payment": payments[-1] if payments else None,
        "refunds": refunds,
        "returns": returns,
        "at_door": door.due if door and door.paid_at is None else None,
        "waived": {refund.pk for refund in refunds if door and door.waives(refund)},
        "cancellable": order.status == Status.PLACED
        or (
            order.paid_at is not None
            and order.status == Status.PAID
            and not returns
            and now < order.paid_at + timedelta(seconds=settings.CANCEL_SECONDS)
        ),
        "credit": credit,
        "store_credit": credit_of(request.user.pk, order.market_id) if request.user.is_authenticated else 0,
        "papers": papers_of(order, _country(request, order)),
        "due": order.total - credit,
        "pay_by_form": "time" if order.pay_by - now < FAR else "short",
        "means": offered(_market(request, order).code, order.total - credit, order.currency),
        "payable": order.status == Status.PLACED and order.pay_by > now,
        "Status": Status,
    }
    return render(request, "storefront/order.html", context, status=status)


def _market(request: MemberVisit, order: Order) -> Market:
    return next((m for m in request.markets if m.pk == order.market_id), request.market)


def _country(request: MemberVisit, order: Order) -> str:
    return country_of(_market(request, order))


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
    form = CheckoutForm(_country(request, order), request.POST)
    if not form.is_valid():
        return _render(request, order, form, status=422)
    to = form.address()
    if set_destination(order_id, order.customer_id, **to):
        if request.user.is_authenticated:
            remember(request.user.pk, now=clock.now(), **to)
        messages.success(request, _("We know now where to send it."))
    else:
        messages.error(request, _("This order will not be sent any more; nothing was changed."))
    return redirect("store:order", order_id)
