"""Orders there are, for those who placed them: listed, shown, cancelled, told where they go."""

from datetime import timedelta
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.db.models import Q, Sum

from setaria.channels.api import payments
from setaria.channels.api.asked import Asked
from setaria.channels.api.deals import (
    AddressIn,
    DestinationOut,
    MeansOut,
    OrderLineOut,
    OrderOut,
    OrdersOut,
    StepOut,
    SummaryOut,
)
from setaria.channels.api.orders import address_of
from setaria.channels.api.quote import charges
from setaria.channels.api.refusals import No
from setaria.channels.api.things import name_of
from setaria.channels.storefront import explain, queries
from setaria.channels.storefront.forms import country_of
from setaria.channels.storefront.life import life_of
from setaria.channels.storefront.ordered import Ordered, ordered
from setaria.kernel.questions import ask, rows_of
from setaria.people.members.addresses import remember
from setaria.trade.aftersales.take_back import Taken, cancel_paid
from setaria.trade.orders import release
from setaria.trade.orders.destination import set_destination
from setaria.trade.orders.models import Destination, Line, Order, Status
from setaria.trade.payments.promised import door_of, owed

PAGE_ORDERS_MAX = 20
STATES = {
    Status.PLACED: "placed", Status.PAID: "paid", Status.EXPIRED: "expired", Status.CANCELLED: "cancelled",
}  # fmt: skip


def listing(asked: Asked) -> OrdersOut | No:
    """Return a member's orders, the newest first; `before=` goes on where a page ended."""
    if asked.member_id is None:
        return No(code="SIGN_IN")
    rows = Order.objects.filter(customer_id=asked.member_id)
    if before := asked.query.get("before"):
        try:
            last = rows.filter(pk=UUID(before)).first()
        except ValueError:
            last = None
        if last is None:
            return No(code="NOT_FOUND")
        rows = rows.filter(Q(placed_at__lt=last.placed_at) | Q(placed_at=last.placed_at, pk__lt=last.pk))
    found = list(rows.order_by("-placed_at", "-id")[: PAGE_ORDERS_MAX + 1])
    shown = found[:PAGE_ORDERS_MAX]
    of_each = Line.objects.filter(order_id__in=[order.pk for order in shown]).values_list("order_id")
    units = dict(of_each.annotate(Sum("quantity")).order_by())
    at_door = owed([order.pk for order in shown if order.status == Status.PAID])
    orders = [
        SummaryOut(
            id=order.pk, state=STATES[Status(order.status)], market=asked.market_of(order.market_id).code,  # type: ignore[arg-type]
            currency=order.currency, total=order.total, placed_at=order.placed_at, units=units.get(order.pk, 0),
            at_door=at_door.get(order.pk),
        )
        for order in shown
    ]  # fmt: skip
    more = len(found) > PAGE_ORDERS_MAX
    return OrdersOut(orders=orders, next=urlencode({"before": str(shown[-1].pk)}) if more else "")


def own_order(asked: Asked, order_id: UUID) -> Order | None:
    """Return one's own order; somebody else's is as absent as one that does not exist."""
    [found] = ask(rows_of(Order, "WHERE id = %(order)s", {"order": order_id}))
    return found[0] if found and found[0].customer_id in asked.customers_of(order_id) else None


def show(asked: Asked, order_id: UUID) -> OrderOut | No:
    """Say how an order stands."""
    found = ordered(order_id, asked.member_id)
    mine = found is not None and found.order.customer_id in asked.customers_of(order_id)
    return order_out(asked, found) if found is not None and mine else No(code="NOT_FOUND")


def order_out(asked: Asked, found: Ordered) -> OrderOut:
    """Return an order as it is told."""
    order = found.order
    market, due = asked.market_of(order.market_id), order.total - found.credit
    door = door_of(found.payments, found.refunds)
    life = life_of(
        order, found.events, found.payments, found.refunds, asked.now, door, found.gone or found.lost, found.disputes
    )
    payable = order.status == Status.PLACED and order.pay_by > asked.now
    handed = door is not None and door.paid_at is not None
    over = found.gone or found.lost or handed  # nothing of it is to be sent any more
    can = [("pay", payable and due > 0), ("cancel", _cancellable(asked, found) and not handed),
           ("address", found.destination is None and order.status in (Status.PLACED, Status.PAID) and not over)]  # fmt: skip
    return OrderOut(
        id=order.pk, state=STATES[Status(order.status)], market=market.code, currency=order.currency,  # type: ignore[arg-type]
        total=order.total, due=due if order.status == Status.PLACED else 0, placed_at=order.placed_at,
        pay_by=order.pay_by, paid_at=order.paid_at,
        at_door=door.due if door and door.paid_at is None else None, lines=_lines(asked, found),
        charges=charges(explain.rows_of(found.charges, found.rules)),
        life=[StepOut(step=one.step.value, at=one.at, amount=one.amount) for one in life],
        can=[what for what, may in can if may],  # type: ignore[misc]
        means=_means(market.code, due, order.currency) if payable else [],
        destination=_destination(found.destination),
        payment=payments.payment_out(found.payments[-1]) if found.payments else None,
    )  # fmt: skip


def order_as_it_is(asked: Asked, order_id: UUID) -> OrderOut:
    """Return an order as it stands now, after something was done to it; whose it is was asked before."""
    found = ordered(order_id, asked.member_id)
    assert found is not None, "orders are never deleted"
    return order_out(asked, found)


def _lines(asked: Asked, found: Ordered) -> list[OrderLineOut]:
    variants = queries.variants_of(found.products, asked.shelf)
    return [
        OrderLineOut(
            sku=variants[line.variant_id].sku, slug=variants[line.variant_id].product.slug,
            name=name_of(variants[line.variant_id]), quantity=line.quantity, price=line.unit_price,
            returned=found.returned.get(line.position, 0),
        )
        for line in found.lines
    ]  # fmt: skip


def _means(market: str, due: int, currency: str) -> list[MeansOut]:
    return [MeansOut(code=code, name=name) for code, name in payments.means_names(market, due, currency)]


def _destination(to: Destination | None) -> DestinationOut | None:
    return None if to is None else DestinationOut(
        recipient=to.recipient, phone=to.phone, country=to.country, region=to.region, city=to.city, street=to.street,
        postcode=to.postcode,
    )  # fmt: skip


def _cancellable(asked: Asked, found: Ordered) -> bool:
    order = found.order
    if order.status != Status.PAID or order.paid_at is None:
        return order.status == Status.PLACED
    return asked.now < order.paid_at + timedelta(seconds=settings.CANCEL_SECONDS) and not found.returns


def cancel(asked: Asked, order_id: UUID) -> OrderOut | No:
    """Cancel an order; what it held is for sale again at once, and what was paid for it goes back."""
    order = own_order(asked, order_id)
    if order is None:
        return No(code="NOT_FOUND")
    if order.status == Status.PAID:
        done = isinstance(cancel_paid(order_id, order.customer_id, now=asked.now), Taken)
    else:
        [answer] = release.cancel([release.Cancellation(order_id, order.customer_id)], now=asked.now)
        done = answer is release.Answer.CANCELLED
    if not done and Order.objects.filter(pk=order_id).exclude(status=Status.CANCELLED).exists():
        return No(code="NOT_CANCELLABLE")
    return order_as_it_is(asked, order_id)


def address(asked: Asked, order_id: UUID, given: AddressIn) -> OrderOut | No:
    """Note where an order goes that was placed without saying so, as in a drop; the first address stands."""
    order = own_order(asked, order_id)
    if order is None:
        return No(code="NOT_FOUND")
    to = address_of(given, asked, country_of(asked.market_of(order.market_id)))
    if isinstance(to, No):
        return to
    if not set_destination(order_id, order.customer_id, **to):
        return No(code="NOT_SENT")
    if asked.member_id is not None:
        remember(asked.member_id, now=asked.now, **to)
    return order_as_it_is(asked, order_id)
