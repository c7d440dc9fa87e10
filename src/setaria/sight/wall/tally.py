"""The live counters, added up: all of an event's minutes once, then only those that may still change."""

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from setaria.sight.wall.event import MINUTE, Event

# A batch counts in the minute its clock said, and commits seconds later at most. Older minutes stand.
FRESH_MINUTES = 6
# And still everything is read again now and then, so that nothing can stay wrong on a screen.
REREAD = timedelta(minutes=5)

Counts = defaultdict[int, list[int]]


def _counts(width: int) -> Counts:
    return defaultdict(lambda: [0] * width)


class Tally:
    """Sums over some minutes. Amounts in minor units."""

    def __init__(self) -> None:
        self.channels: Counts = _counts(4)  # paid orders, paid amount, placed orders, placed amount
        self.products: Counts = _counts(2)  # units, amount; paid
        self.regions: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])  # as written: orders, amount; paid
        self.curve: defaultdict[int, int] = defaultdict(int)  # paid amount by step of the curve

    def __add__(self, other: "Tally") -> "Tally":
        """Both together."""
        both = Tally()
        for part in (self, other):
            for name in ("channels", "products", "regions"):
                sums = getattr(both, name)
                for key, values in getattr(part, name).items():
                    sums[key] = [a + b for a, b in zip(sums[key], values, strict=True)]
            for at, amount in part.curve.items():
                both.curve[at] += amount
        return both


# `minute < edge`: it stands, and is not read again.
_WHERE = "WHERE market_id = %(market)s AND minute >= %(begin)s AND minute < %(until)s"
_ORDERS = f"""
    SELECT minute < %(edge)s, div(extract(epoch FROM minute - %(since)s), 60 * %(step)s)::int, channel_id,
           sum(paid_orders)::bigint, sum(paid_amount)::bigint, sum(placed_orders)::bigint, sum(placed_amount)::bigint
    FROM orders_minuteorders {_WHERE} GROUP BY 1, 2, 3
"""
_UNITS = f"""
    SELECT minute < %(edge)s, minute < %(before)s, product_id, sum(paid_units)::bigint, sum(paid_amount)::bigint
    FROM orders_minuteunits {_WHERE} GROUP BY 1, 2, 3 HAVING sum(paid_units) > 0
"""
_REGIONS = f"""
    SELECT minute < %(edge)s, region, sum(paid_orders)::bigint, sum(paid_amount)::bigint
    FROM orders_minuteregions {_WHERE} GROUP BY 1, 2
"""


class Counting:
    """Adds up one event as it goes on. `before`: units by product up to some minutes ago, for who rises and falls."""

    def __init__(self, event: Event) -> None:
        self._event = event
        self._edge: datetime | None = None
        self._step = 0
        self._reread_at = event.opens_at
        self._settled = Tally()
        self.before: dict[int, int] = {}

    def read(self, now: datetime, *, step: int, movement_minutes: int) -> Tally:
        """Return the sums as they are in the database at this moment; three queries over a few minutes' rows."""
        try:
            return self._read(now, step, movement_minutes)
        except Exception:
            self._edge = None  # what was half read is read again
            raise

    def _read(self, now: datetime, step: int, movement_minutes: int) -> Tally:
        event, until = self._event, self._event.until(now)
        minute = min(now, until).replace(second=0, microsecond=0)
        if self._edge is None or step != self._step or now >= self._reread_at:
            self._edge, self._step, self._settled = event.counts_from, step, Tally()
            self._reread_at = now + REREAD
        begin, self._edge = self._edge, max(self._edge, minute - FRESH_MINUTES * MINUTE)
        scope: dict[str, int | datetime] = {
            "market": event.market_id, "since": event.counts_from, "begin": begin, "edge": self._edge, "until": until,
            "step": step, "before": minute - movement_minutes * MINUTE,
        }  # fmt: skip
        fresh = Tally()
        earlier: dict[int, int] = defaultdict(int)
        with connection.cursor() as cursor:
            cursor.execute(_ORDERS, scope)
            for stands, at, channel, *counts in cursor.fetchall():
                tally = self._settled if stands else fresh
                tally.curve[at] += counts[1]
                _add(tally.channels[channel], counts)
            cursor.execute(_UNITS, scope)
            for stands, is_before, product, *counts in cursor.fetchall():
                _add((self._settled if stands else fresh).products[product], counts)
                if is_before and not stands:
                    earlier[product] += counts[0]
            cursor.execute(_REGIONS, scope)
            for stands, region, *counts in cursor.fetchall():
                _add((self._settled if stands else fresh).regions[region], counts)
        for product, (units, _) in self._settled.products.items():
            earlier[product] += units
        self.before = dict(earlier)
        return self._settled + fresh


def _add(sums: list[int], counts: list[Any]) -> None:
    for i, n in enumerate(counts):
        sums[i] += n
