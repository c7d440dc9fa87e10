"""The rota of an event: who is on, for what, from when to when (R-031)."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Max, Min

from setaria.markets.events.models import Event
from setaria.sight.command.models import Shift

SHIFTS_MAX = 200
LINGER = timedelta(hours=6)


class CannotPlan(ValueError):
    """The shift makes no sense; the text says why. Nothing was changed."""


@transaction.atomic
def put_on(event_id: int, *, who: str, duty: str, begins_at: datetime, ends_at: datetime) -> Shift:
    """Put somebody on for a while."""
    event = Event.objects.select_for_update(no_key=True).get(pk=event_id)  # the limit holds for two at once, too
    if not begins_at < ends_at:
        raise CannotPlan("A shift ends after it begins.")
    if event.shifts.count() >= SHIFTS_MAX:
        raise CannotPlan(f"An event has at most {SHIFTS_MAX} shifts.")
    return Shift.objects.create(event=event, who=who, duty=duty, begins_at=begins_at, ends_at=ends_at)


def take_off(shift_id: int) -> bool:
    """Take a shift off the rota; False when there is none such."""
    deleted, _ = Shift.objects.filter(pk=shift_id).delete()
    return bool(deleted)


def watched_event(now: datetime) -> Event | None:
    """Return the event the command centre is about: the one that is on or was just now, else the next."""
    events = list(
        Event.objects.annotate(begins=Min("openings__opens_at"), ends=Max("openings__counts_until"))
        .filter(ends__gt=now - LINGER)
        .order_by("begins")
    )
    on = [event for event in events if event.begins <= now < event.ends]
    over = [event for event in events if event.ends <= now]
    return next(iter([*reversed(on), *reversed(over), *events]), None)
