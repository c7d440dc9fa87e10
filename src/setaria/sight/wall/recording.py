"""A past event as its counters keep it, for a page to play at any speed and for the next event to be compared with."""

from datetime import datetime
from typing import Any

import msgspec
from django.db import connection
from django.db.backends.utils import CursorWrapper

from setaria.sight.wall import milestones
from setaria.sight.wall.event import MINUTE, Event, Texts
from setaria.sight.wall.milestones import AMOUNTS, Milestone
from setaria.sight.wall.names import Names
from setaria.sight.wall.regions import Region, region_of

POINTS_MAX = 1_500
_STEPS = (1, 2, 5, 10, 30, 60, 120, 480, 1440)

Pairs = list[tuple[int, int, int]]  # step, count, amount; steps in which nothing happened are left out


class Track(msgspec.Struct, frozen=True):
    """What one channel, product or region adds in each step. `count`: orders, or a product's units."""

    name: Texts
    steps: Pairs
    kind: int = 0  # a product's; index into `kinds`
    region: Region | None = None


class Recording(msgspec.Struct, frozen=True):
    """An event, step by step. A step is `step_minutes` long, the first begins with the opening's whole minute.

    Between two steps the page counts evenly, through the milestones' own instants; at the end it has every payment.
    """

    slug: str | None
    name: Texts
    market: str
    market_name: Texts
    currency: str
    time_zone: str
    opens_at: str
    closes_at: str
    lead_seconds: float  # from the first step's beginning to the opening
    seconds: float  # from the opening to the end of the count
    step_minutes: int
    paid_amount: list[int]
    paid_orders: list[int]
    placed_orders: list[int]
    placed_amount: list[int]
    milestones: list[Milestone]
    kinds: list[Texts]
    products: list[Track]
    channels: list[Track]
    regions: list[Track]


class Past(msgspec.Struct, frozen=True):
    """The event before, as far as its curve needs."""

    name: Texts
    opens_at: str
    lead_seconds: float
    step_minutes: int
    paid_amount: list[int]
    milestones: list[Milestone]


_STEP = "div(extract(epoch FROM minute - %(since)s), 60 * %(step)s)::int"
_WHERE = "WHERE market_id = %(market)s AND minute >= %(since)s AND minute < %(until)s"
_ORDERS = f"""
    SELECT {_STEP}, channel_id, sum(paid_orders)::bigint, sum(paid_amount)::bigint, sum(placed_orders)::bigint,
           sum(placed_amount)::bigint
    FROM orders_minuteorders {_WHERE} GROUP BY 1, 2 ORDER BY 1
"""
_UNITS = f"""
    SELECT {_STEP}, product_id, sum(paid_units)::bigint, sum(paid_amount)::bigint
    FROM orders_minuteunits {_WHERE} GROUP BY 1, 2 HAVING sum(paid_units) > 0 ORDER BY 1
"""
_REGIONS = f"""
    SELECT {_STEP}, region, sum(paid_orders)::bigint, sum(paid_amount)::bigint
    FROM orders_minuteregions {_WHERE} GROUP BY 1, 2 ORDER BY 1
"""


def record(event: Event, now: datetime) -> Recording:
    """Read an event's counters whole: three queries, and the names."""
    until = event.until(now)
    span = until - event.counts_from
    step = next((s for s in _STEPS if span / (s * MINUTE) <= POINTS_MAX), _STEPS[-1])
    scope: dict[str, int | datetime] = {
        "market": event.market_id, "since": event.counts_from, "until": until, "step": step
    }  # fmt: skip
    names = Names()
    with connection.cursor() as cursor:
        orders, units, regions = (_rows(cursor, sql, scope) for sql in (_ORDERS, _UNITS, _REGIONS))
    length = max(1, -(-span // (step * MINUTE)))
    sums = [[0] * length for _ in range(4)]
    channels: dict[int, Pairs] = {}
    for at, channel, *counts in orders:
        for i, n in enumerate(counts):
            sums[i][at] += n
        if counts[0]:
            channels.setdefault(channel, []).append((at, counts[0], counts[1]))
    names.learn({row[1] for row in units}, channels)
    kinds = {p.kind_id: p.kind for p in names.products.values()}
    stood = milestones.noted(event)
    return Recording(
        slug=event.slug,
        name=event.name or {},
        market=event.market,
        market_name=event.market_name,
        currency=event.currency,
        time_zone=event.time_zone,
        opens_at=event.opens_at.isoformat(),
        closes_at=(event.closes_at or until).isoformat(),
        lead_seconds=(event.opens_at - event.counts_from).total_seconds(),
        seconds=(until - event.opens_at).total_seconds(),
        step_minutes=step,
        paid_orders=sums[0],
        paid_amount=sums[1],
        placed_orders=sums[2],
        placed_amount=sums[3],
        milestones=[stood.get(amount) or milestones.expected(event, amount) for amount in AMOUNTS],
        kinds=list(kinds.values()),
        products=[
            Track(names.products[id].name, steps, list(kinds).index(names.products[id].kind_id))
            for id, steps in _by_key(units).items()
        ],
        channels=[Track(names.channels[id], steps) for id, steps in channels.items()],
        regions=[Track(r.name, steps, region=r) for w, steps in _by_key(regions).items() if (r := region_of(w))],
    )


def past(event: Event, now: datetime) -> Past:
    """Return the curve of an event that is over."""
    whole = record(event, now)
    return Past(
        whole.name, whole.opens_at, whole.lead_seconds, whole.step_minutes, whole.paid_amount,
        [m for m in whole.milestones if m.seconds is not None],
    )  # fmt: skip


def _rows(cursor: CursorWrapper, sql: str, scope: dict[str, int | datetime]) -> list[tuple[Any, ...]]:
    cursor.execute(sql, scope)
    return cursor.fetchall()


def _by_key(rows: list[tuple[Any, ...]]) -> dict[Any, Pairs]:
    tracks: dict[Any, Pairs] = {}
    for at, key, count, amount in rows:
        tracks.setdefault(key, []).append((at, count, amount))
    return tracks
