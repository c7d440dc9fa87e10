"""Which event a wall is about: the market's drop that opened last, else the market's day."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
from django.db import connection

# So long after its closing an event stays on the wall, so that the room can read how it ended.
LINGER = timedelta(hours=6)


class Event(msgspec.Struct, frozen=True):
    """A market and the instant from which its figures count."""

    market_id: int
    currency: str
    since: datetime


_LATEST = """
    SELECT m.id, m.currency, m.time_zone,
           (SELECT max(d.opens_at) FROM drops_drop AS d JOIN markets_channel AS c ON c.id = d.channel_id
            WHERE c.market_id = m.id AND d.opens_at <= %(now)s AND d.closes_at > %(shown_from)s)
    FROM markets_market AS m WHERE m.code = %(market)s
"""


def current_event(market: str, now: datetime) -> Event | None:
    """Return the event a market's wall shows at `now`, or None where there is no such market."""
    with connection.cursor() as cursor:
        cursor.execute(_LATEST, {"market": market, "now": now, "shown_from": now - LINGER})
        row = cursor.fetchone()
    if row is None:
        return None
    market_id, currency, time_zone, opened = row
    midnight = now.astimezone(ZoneInfo(time_zone)).replace(hour=0, minute=0, second=0, microsecond=0)
    return Event(market_id, currency, opened or midnight)
