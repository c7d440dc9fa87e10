"""How a draw stands, for whoever looks. Reads only."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec
from django.conf import settings
from django.db.models import Max, Q

from setaria.people.members.models import Member
from setaria.trade.draws.enter import lanes_of
from setaria.trade.draws.models import Draw, Entry, Offer, Prize
from setaria.trade.draws.rules import opens_for, pseudonym_of
from setaria.trade.orders.models import Order, Status


class Phase(StrEnum):
    """Where a draw is in its life."""

    BEFORE = "before"  # entries are not open yet
    OPEN = "open"  # one may enter
    CLOSED = "closed"  # entries are over; the draw comes within seconds, or waits for its witness
    DRAWN = "drawn"


class Luck(StrEnum):
    """What the draw means for somebody."""

    NONE = "none"  # not drawn yet, or not entered
    WON = "won"  # a place is offered, or was taken
    RESERVE = "reserve"  # somebody's place may still come to them
    LAPSED = "lapsed"  # their place was not used in time
    LOST = "lost"  # no place came, and none will


class Standing(msgspec.Struct, frozen=True):
    """A draw as one visitor sees it."""

    draw: Draw
    phase: Phase
    places: int
    opens_for_you: datetime | None = None  # None: nobody is signed in, or no lane takes them
    entry: Entry | None = None
    pseudonym: str = ""
    luck: Luck = Luck.NONE
    ahead: int = 0  # in the reserve: how many places must still come free
    until: datetime | None = None  # a place offered, and not used yet
    order_id: UUID | None = None  # the order made with it
    prize_id: int | None = None  # the variant won

    @property
    def may_order(self) -> bool:
        """Whether a pass would be given."""
        return self.until is not None


def standing(draw: Draw, member: Member | None, now: datetime) -> Standing:
    """Return how a draw stands for a member or a stranger; at most six queries."""
    places = sum(Prize.objects.filter(draw_id=draw.pk).values_list("places", flat=True))
    phase = _phase(draw, now)
    if member is None:
        return Standing(draw, phase, places)
    entry = Entry.objects.filter(draw_id=draw.pk, customer_id=member.pk).first()
    offered = Offer.objects.filter(draw_id=draw.pk, customer_id=member.pk).first()
    luck, ahead = Luck.NONE, 0
    until: datetime | None = None
    order_id: UUID | None = None
    if offered is not None:
        luck, until, order_id = _offered(offered, now)
    elif entry is not None and entry.rank is not None:
        luck, ahead = _waiting(draw, entry, now)
    return Standing(
        draw=draw, phase=phase, places=places,
        opens_for_you=opens_for(draw.opens_at, lanes_of(draw), (member.joined_at, member.fan_points)),
        entry=entry, pseudonym=pseudonym_of(settings.SECRET_KEY, draw.pk, member.pk), luck=luck, ahead=ahead,
        until=until, order_id=order_id, prize_id=offered.variant_id if offered else None,
    )  # fmt: skip


def offers_of(member_id: int, now: datetime) -> list[tuple[Draw, datetime]]:
    """Return the draws in which a place is offered to a member that they have not used, and until when."""
    offers = Offer.objects.filter(customer_id=member_id, outcome=Offer.Outcome.OPEN, until__gt=now).order_by("until")
    found = list(offers)
    draws = Draw.objects.select_related("drop").in_bulk([offer.draw_id for offer in found]) if found else {}
    placed = set(Order.objects.filter(pk__in=[o.order_id for o in found if o.order_id]).values_list("pk", flat=True))
    return [(draws[offer.draw_id], offer.until) for offer in found if offer.order_id not in placed]


def due_to_seal(now: datetime) -> list[int]:
    """Return draws whose entries are over and not sealed yet."""
    return list(Draw.objects.filter(sealed_at=None, closes_at__lte=now).values_list("pk", flat=True))


def due_to_draw() -> list[int]:
    """Return sealed draws that nothing is missing for."""
    ready = Draw.objects.filter(Q(witness_source="") | ~Q(witness=""), drawn_at=None, sealed_at__isnull=False)
    return list(ready.values_list("pk", flat=True))


def due_to_pass_on() -> list[int]:
    """Return draws whose places may still change hands."""
    return list(Draw.objects.filter(drawn_at__isnull=False, drop__finished_at=None).values_list("pk", flat=True))


def _phase(draw: Draw, now: datetime) -> Phase:
    if draw.drawn_at is not None:
        return Phase.DRAWN
    if draw.sealed_at is not None or now >= draw.closes_at:
        return Phase.CLOSED
    return Phase.OPEN if now >= draw.opens_at else Phase.BEFORE


def _offered(offer: Offer, now: datetime) -> tuple[Luck, datetime | None, UUID | None]:
    order = Order.objects.filter(pk=offer.order_id).first() if offer.order_id else None
    if order is not None:
        alive = order.status in (Status.PLACED, Status.PAID)
        return (Luck.WON if alive else Luck.LAPSED), None, order.pk
    if offer.outcome == Offer.Outcome.OPEN and now < offer.until:
        return Luck.WON, offer.until, None
    return Luck.LAPSED, None, None


def _waiting(draw: Draw, entry: Entry, now: datetime) -> tuple[Luck, int]:
    if now >= draw.drop.closes_at or draw.drop.finished_at is not None:
        return Luck.LOST, 0
    offers = Offer.objects.filter(draw_id=draw.pk, variant_id=entry.variant_id)
    last = offers.aggregate(last=Max("rank"))["last"] or 0
    return Luck.RESERVE, (entry.rank or 0) - last
