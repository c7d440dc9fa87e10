"""What a screen must know of an event once, before its figures come: its name, its times, and the event before it."""

from datetime import datetime

import msgspec

from setaria.sight.wall.event import Event, Texts, named
from setaria.sight.wall.recording import Past, past


class Setting(msgspec.Struct, frozen=True):
    """An event as a screen announces it. Without a `slug` it is the market's day."""

    slug: str | None
    name: Texts
    counts_from: datetime
    opens_at: datetime
    closes_at: datetime | None
    last: Past | None


def setting_of(event: Event, now: datetime) -> Setting:
    """Return an event's setting; reads the previous event's curve if it names one that was in this market."""
    before = named(event.market, event.previous) if event.previous else None
    return Setting(
        event.slug,
        event.name or {},
        event.counts_from,
        event.opens_at,
        event.closes_at,
        past(before, now) if before is not None and before.opens_at < event.opens_at else None,
    )
