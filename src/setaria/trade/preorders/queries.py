"""What pages show of programmes and places. Reads only."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from django.db.models import Prefetch

from setaria.markets.models import Channel
from setaria.trade.orders.models import Order, Status
from setaria.trade.preorders.models import Notice, Place, Programme, Slip, State, Week
from setaria.trade.preorders.rules import Cause, PromisedWeek, RefundRules, week_of
from setaria.trade.preorders.weeks import weeks_of

OWN_PLACES_MAX = 50


class Standing(msgspec.Struct, frozen=True):
    """A place as its holder sees it. `pay_by`: until when the deposit or the rest must be paid, where it must."""

    place: Place
    programme: Programme
    state: str  # held, standing, called, offered, paid, lapsed, cancelled, withdrawn or ended
    week: PromisedWeek | None
    pay_by: datetime | None
    slips: tuple[Slip, ...]

    @property
    def living(self) -> bool:
        """Whether it may still become, or has become, an order that counts."""
        return self.state in ("held", "standing", "called", "offered", "paid")

    def returns(self, rules: RefundRules) -> bool:
        """Whether a deposit goes back if its holder gives the place up now; of one that ended, whether it does."""
        return rules.goes_back(_CAUSES.get(self.state, Cause.CANCELLED), self.week.slip_days if self.week else 0)


def programmes_ahead(channel: Channel | None, now: datetime) -> list[Programme]:
    """Return programmes whose places are given now or later, the next first, with product and pictures loaded."""
    if channel is None:
        return []
    found = Programme.objects.filter(drop__channel=channel, closes_at__gt=now).order_by("opens_at", "id")
    return list(found.select_related("variant__product").prefetch_related("variant__product__pictures"))


def own_places(customer_id: int, programme: Programme | None = None) -> list[Standing]:
    """Return a customer's places, the newest first; five queries however many there are."""
    places = Place.objects.filter(customer_id=customer_id).order_by("-taken_at", "id")
    if programme is not None:
        places = places.filter(programme_id=programme.pk)
    return standings(list(places[:OWN_PLACES_MAX]))


def standings(places: Sequence[Place]) -> list[Standing]:
    """Say how places stand."""
    ids = [place.pk for place in places]
    found = Programme.objects.filter(pk__in={place.programme_id for place in places})
    found = found.select_related("drop__channel__market", "variant__product").prefetch_related(
        "variant__product__pictures", Prefetch("weeks", Week.objects.prefetch_related("slips"))
    )
    programmes = {programme.pk: programme for programme in found}
    orders = Order.objects.in_bulk(ids)
    told: dict[UUID, list[int]] = {}
    for place_id, slip_id in Notice.objects.filter(place_id__in=ids).order_by("at").values_list("place_id", "slip_id"):
        told.setdefault(place_id, []).append(slip_id)
    return [
        _standing(place, programmes[place.programme_id], orders.get(place.pk), told.get(place.pk, []))
        for place in places
    ]


def _standing(place: Place, programme: Programme, order: Order | None, told: Sequence[int]) -> Standing:
    slips = {slip.pk: slip for week in programme.weeks.all() for slip in week.slips.all()}
    state = _STATES[State(place.state)]
    pay_by = place.deposit_by if state == "held" else None
    if place.state == State.ORDERED and order is not None:
        state = _ORDER_STATES[Status(order.status)]
        pay_by = order.pay_by if state == "offered" else None
    week = week_of(place.number, weeks_of(programme.weeks.all()))
    return Standing(place, programme, state, week, pay_by, tuple(slips[pk] for pk in told if pk in slips))


_STATES = {
    State.HELD: "held", State.STANDING: "standing", State.CALLED: "called", State.ORDERED: "called",
    State.WITHDRAWN: "withdrawn", State.LAPSED: "ended",
}  # fmt: skip
_ORDER_STATES = {
    Status.PLACED: "offered", Status.PAID: "paid", Status.EXPIRED: "lapsed", Status.CANCELLED: "cancelled",
}  # fmt: skip

_CAUSES = {
    "held": Cause.WITHDRAWN, "standing": Cause.WITHDRAWN, "withdrawn": Cause.WITHDRAWN, "lapsed": Cause.LAPSED,
    "ended": Cause.OURS,
}  # fmt: skip


def ahead_of(place: Place) -> int:
    """Return how many stand before a place in its queue."""
    return Place.objects.filter(programme_id=place.programme_id, state=State.STANDING, number__lt=place.number).count()


def note_seen(standing: Standing, now: datetime) -> None:
    """Note that its holder has been shown what they must be told."""
    if standing.slips:
        Notice.objects.filter(place_id=standing.place.pk, seen_at=None).update(seen_at=now)
