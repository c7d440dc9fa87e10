"""Planning an event, and planning it anew as long as it has not begun."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from django.db import transaction

from setaria.kernel.texts import check_texts
from setaria.markets.events.models import Event, Opening
from setaria.markets.models import Market


class Period(msgspec.Struct, frozen=True):
    """When an event is on in a market. `counts_until`: payments before it count; the closing unless said otherwise."""

    market_id: int
    opens_at: datetime
    closes_at: datetime
    counts_until: datetime | None = None


class CannotPlan(ValueError):
    """The plan makes no sense, or comes too late; the text says why. Nothing was changed."""


@transaction.atomic
def plan_event(
    slug: str, *, name: dict[str, str], periods: Sequence[Period], now: datetime, previous: str | None = None
) -> Event:
    """Plan an event, or plan it anew; return it.

    `previous` is the slug of the event it is compared with. The same plan again changes nothing, whenever it comes.
    What has opened in any market stays as it was, and what is over must stay comparable: then only the same plan is
    taken, and any other raises `CannotPlan`.
    """
    check_texts(name)
    wanted = {p.market_id: _times(p) for p in periods}
    if not periods or len(wanted) != len(periods):
        raise CannotPlan("An event is on in one market at least, once in each.")
    if Market.objects.filter(id__in=wanted).count() != len(wanted):
        raise CannotPlan("An event is on in markets that exist.")
    before = _previous(slug, previous)
    event, made = Event.objects.select_for_update().get_or_create(
        slug=slug, defaults={"name": name, "previous": before}
    )
    planned = {o.market_id: (o.opens_at, o.closes_at, o.counts_until) for o in event.openings.all()}
    if not made:
        if planned == wanted and (event.name, event.previous_id) == (name, before.pk if before else None):
            return event
        if any(opens_at <= now for opens_at, _, _ in planned.values()):
            raise CannotPlan(f"{slug} has opened: what is being counted is not planned anew.")
        event.name, event.previous = name, before
        event.save()
        event.openings.all().delete()
    Opening.objects.bulk_create(
        Opening(event=event, market_id=market, opens_at=opens, closes_at=closes, counts_until=until)
        for market, (opens, closes, until) in wanted.items()
    )
    return event


def unplan_event(slug: str, *, now: datetime) -> bool:
    """Take an event back that has opened nowhere; False where there is none. Raises CannotPlan for one that has."""
    with transaction.atomic():
        event = Event.objects.select_for_update().filter(slug=slug).first()
        if event is None:
            return False
        if event.openings.filter(opens_at__lte=now).exists():
            raise CannotPlan(f"{slug} has opened: what is being counted is not taken back.")
        event.delete()
        return True


def _times(period: Period) -> tuple[datetime, datetime, datetime]:
    opens, closes, until = period.opens_at, period.closes_at, period.counts_until or period.closes_at
    if not opens < closes <= until:
        raise CannotPlan("An event opens, then closes, then ends its count.")
    if any(instant.second or instant.microsecond for instant in (opens, until)):
        raise CannotPlan("An event opens, and ends its count, on a whole minute: figures are counted by the minute.")
    return opens, closes, until


def _previous(slug: str, previous: str | None) -> Event | None:
    if previous is None:
        return None
    found = Event.objects.filter(slug=previous).exclude(slug=slug).first()
    if found is None:
        raise CannotPlan(f"There is no other event {previous!r} to compare with.")
    return found
