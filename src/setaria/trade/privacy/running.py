"""What of a person's is still under way, and must come to its end before they are forgotten."""

from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

import msgspec

from setaria.trade.draws.models import Draw, Entry, Offer
from setaria.trade.orders.models import Order, Status
from setaria.trade.payments.models import Refund
from setaria.trade.preorders.models import LIVING, Place

# Nobody tells us yet when a parcel arrived; so long after its payment an order needs its address.
SENDING = timedelta(days=30)


class Kind(StrEnum):
    """What is under way."""

    UNPAID = "UNPAID"  # an order that can still be paid or cancelled
    SENDING = "SENDING"  # a paid order that may be on its way
    REFUND = "REFUND"  # money that goes back
    PLACE = "PLACE"  # a place in a programme
    DRAW = "DRAW"  # an entry in a draw not drawn yet, or a place won in one


class Running(msgspec.Struct, frozen=True):
    """One thing under way: an order's or place's id, or a draw's number."""

    kind: Kind
    id: UUID | int
    until: datetime | None = None


def running(member_id: int, now: datetime) -> list[Running]:
    """Return what is under way, in five queries."""
    orders = Order.objects.filter(customer_id=member_id)
    unpaid = orders.filter(status=Status.PLACED).values_list("pk", "pay_by")
    paid = orders.filter(status=Status.PAID, paid_at__gt=now - SENDING).values_list("pk", "paid_at")
    owed = Refund.objects.filter(order_id__in=orders.values("pk"), sent_at=None).values_list("order_id", flat=True)
    places = Place.objects.filter(customer_id=member_id, state__in=LIVING).exclude(
        pk__in=orders.exclude(status=Status.PLACED).values("pk")
    )
    open_draws = Draw.objects.filter(drawn_at=None).values("pk")
    entries = Entry.objects.filter(customer_id=member_id, draw_id__in=open_draws).values_list("draw_id", flat=True)
    won = Offer.objects.filter(customer_id=member_id, outcome=Offer.Outcome.OPEN, until__gt=now)
    return [
        *(Running(Kind.UNPAID, pk, pay_by) for pk, pay_by in unpaid),
        *(Running(Kind.SENDING, pk, at + SENDING) for pk, at in paid if at is not None),
        *(Running(Kind.REFUND, pk) for pk in owed),
        *(Running(Kind.PLACE, pk) for pk in places.values_list("pk", flat=True)),
        *(Running(Kind.DRAW, pk) for pk in entries),
        *(Running(Kind.DRAW, pk, until) for pk, until in won.values_list("draw_id", "until")),
    ]
