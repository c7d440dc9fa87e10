"""Which event a wall is about.

A planned event (`markets.events`) covers everything its market sells in its time. A drop that opens outside of any
planned event is one by itself, but not a programme's, which goes on for months. While there is neither, it is the market's day.
"""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
from django.db import connection

# So long after its closing an event stays on the wall, so that the room can read how it ended.
LINGER = timedelta(hours=6)
PAST_MAX = 50
MINUTE = timedelta(minutes=1)
Texts = dict[str, str]


class Event(msgspec.Struct, frozen=True):
    """What a wall shows: a market, and the period in which its payments count.

    Without a `slug` it is the market's day, which has no end. `previous`: slug of the event it is compared with.
    """

    market_id: int
    market: str
    market_name: Texts
    currency: str
    time_zone: str
    opens_at: datetime
    slug: str | None = None
    name: Texts | None = None
    closes_at: datetime | None = None
    counts_until: datetime | None = None
    previous: str | None = None

    @property
    def counts_from(self) -> datetime:
        """The whole minute of the opening, since counters are kept by the minute.

        A planned event opens on one; only a drop of its own may open within a minute, and then all of it counts.
        """
        return self.opens_at.replace(second=0, microsecond=0)

    def until(self, now: datetime) -> datetime:
        """The instant up to which to count, at `now`."""
        soon = now + MINUTE
        return soon if self.counts_until is None else min(soon, self.counts_until)


_EVENTS = """
    SELECT m.id, m.code, m.name::text, m.currency, m.time_zone, e.opens_at, e.slug, e.name::text, e.closes_at,
           e.counts_until, e.previous
    FROM markets_market AS m LEFT JOIN (
        SELECT o.market_id, o.opens_at, e.slug, e.name, o.closes_at, o.counts_until, p.slug AS previous, 1 AS planned
        FROM events_opening AS o JOIN events_event AS e ON e.id = o.event_id
        LEFT JOIN events_event AS p ON p.id = e.previous_id
        UNION ALL
        SELECT c.market_id, d.opens_at, d.slug, d.name, d.closes_at,
               d.closes_at + d.payment_seconds * interval '1 second', NULL, 0
        FROM drops_drop AS d JOIN markets_channel AS c ON c.id = d.channel_id
        WHERE d.admission <> 'places' AND NOT EXISTS (SELECT 1 FROM events_opening AS o WHERE o.market_id = c.market_id
                          AND d.opens_at >= o.opens_at AND d.opens_at < o.closes_at)
    ) AS e ON e.market_id = m.id
"""
_CURRENT = f"""
    {_EVENTS} AND e.opens_at <= %(now)s AND e.closes_at > %(shown_from)s
    WHERE m.code = %(market)s ORDER BY e.opens_at DESC NULLS LAST, e.planned DESC, e.slug LIMIT 1
"""
_FOLLOWING = f"{_EVENTS} WHERE m.id = %(market)s AND e.opens_at > %(now)s ORDER BY e.opens_at, e.planned DESC LIMIT 1"
_NAMED = f"{_EVENTS} WHERE m.code = %(market)s AND e.slug = %(slug)s ORDER BY e.planned DESC LIMIT 1"
_PAST = f"""
    {_EVENTS} WHERE m.code = %(market)s AND e.opens_at <= %(now)s ORDER BY e.opens_at DESC, e.slug LIMIT {PAST_MAX}
"""
_ELSEWHERE = f"{_EVENTS} WHERE e.slug = %(slug)s AND e.planned = 1 AND e.opens_at <= %(now)s ORDER BY m.id"


def current(market: str, now: datetime) -> Event | None:
    """Return what a market's wall shows at `now`, or None where there is no such market."""
    found = _read(_CURRENT, market=market, now=now, shown_from=now - LINGER)
    if not found:
        return None
    event = found[0]
    if event.slug is not None:
        return event
    midnight = now.astimezone(ZoneInfo(event.time_zone)).replace(hour=0, minute=0, second=0, microsecond=0)
    return msgspec.structs.replace(event, opens_at=midnight)


def following(market_id: int, now: datetime) -> Event | None:
    """Return the event that opens next in a market."""
    return next(iter(_read(_FOLLOWING, market=market_id, now=now)), None)


def named(market: str, slug: str) -> Event | None:
    """Return a market's event by its slug."""
    return next(iter(_read(_NAMED, market=market, slug=slug)), None)


def past(market: str, now: datetime) -> list[Event]:
    """Return a market's events that have opened, the latest first."""
    return _read(_PAST, market=market, now=now)


def elsewhere(slug: str, now: datetime) -> list[Event]:
    """Return a planned event as it is in each of its markets where it has opened."""
    return _read(_ELSEWHERE, slug=slug, now=now)


def _read(sql: str, **values: int | str | datetime) -> list[Event]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return [_event(*row) for row in cursor.fetchall()]


def _event(
    market_id: int, market: str, market_name: str, currency: str, time_zone: str, opens_at: datetime,
    slug: str | None, name: str | None, closes_at: datetime, counts_until: datetime, previous: str | None,
) -> Event:  # fmt: skip
    return Event(
        market_id, market, msgspec.json.decode(market_name), currency, time_zone, opens_at, slug,
        None if name is None else msgspec.json.decode(name), closes_at, counts_until, previous,
    )  # fmt: skip
