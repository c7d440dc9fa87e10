"""The wall's figures for one market's event: read from the live counters, so they are the orders (law 12)."""

from datetime import datetime, timedelta

import msgspec
from django.db import connection
from django.db.backends.utils import CursorWrapper

from setaria.sight.wall.event import LINGER

BEST_SELLERS_MAX = 5
CURVE_POINTS_MAX = 300
# What is celebrated, in minor units, and the documented time to beat: ¥100 million after 3 min 57 s.
MILESTONES = (
    1_000_000_00, 10_000_000_00, 50_000_000_00, 100_000_000_00, 500_000_000_00, 1_000_000_000_00, 2_460_000_000_00,
)  # fmt: skip
REFERENCE = {("CNY", 100_000_000_00): 237.0}


class Seller(msgspec.Struct, frozen=True):
    """A product and how it sells: units paid for."""

    product_id: int
    name: dict[str, str]
    units: int


class Milestone(msgspec.Struct, frozen=True):
    """An amount (minor units), the seconds after opening when it was passed, and the documented time if any."""

    amount: int
    seconds: float | None
    reference_seconds: float | None


class Sale(msgspec.Struct, frozen=True):
    """A drop as the wall announces it: the one that is on, or the next one."""

    name: dict[str, str]
    opens_at: datetime
    closes_at: datetime


class Figures(msgspec.Struct, frozen=True):
    """Everything on the wall. Amounts in minor units of `currency`; scope: `market`, all channels, since `since`.

    Without a `sale`, the figures are the market's day. Those of a sale that is over stand still once nobody can
    pay for one of its orders any more.
    """

    market: str
    currency: str
    since: datetime
    at: datetime
    paid_amount: int
    paid_orders: int
    paid_units: int
    placed_orders: int
    placed_amount: int
    last_minute_amount: int  # paid in the last whole minute
    curve_minutes: int  # width of the curve's steps: 1 in the first hours, more on a long event
    curve: list[tuple[int, int]]  # minute after opening at which a step begins, amount paid in it
    best_sellers: list[Seller]
    milestones: list[Milestone]
    sale: Sale | None = None
    next_sale: Sale | None = None


_CURVE = """
    SELECT div(extract(epoch FROM minute - date_trunc('minute', %(since)s::timestamptz)), 60 * %(step)s)::int AS at,
           sum(paid_amount)::bigint, sum(paid_orders)::bigint, sum(placed_orders)::bigint, sum(placed_amount)::bigint,
           coalesce(sum(paid_amount) FILTER (
               WHERE minute = date_trunc('minute', %(now)s::timestamptz) - interval '1 minute'), 0)::bigint
    FROM orders_minuteorders
    WHERE market_id = %(market)s AND minute >= date_trunc('minute', %(since)s::timestamptz) AND minute < %(until)s
    GROUP BY at ORDER BY at
"""
_SELLERS = """
    SELECT c.product_id, p.name::text, sum(c.paid_units)::bigint
    FROM orders_minuteunits AS c JOIN catalog_product AS p ON p.id = c.product_id
    WHERE market_id = %(market)s AND minute >= date_trunc('minute', %(since)s::timestamptz) AND minute < %(until)s
    GROUP BY c.product_id, p.name HAVING sum(c.paid_units) > 0
    ORDER BY 3 DESC, 1
"""
_CROSSED = """
    SELECT paid_at FROM (
        SELECT paid_at, %(before)s + sum(total) OVER (ORDER BY paid_at, id) AS running
        FROM orders_order
        WHERE market_id = %(market)s AND paid_at >= %(begins)s AND paid_at < %(ends)s
    ) AS run WHERE running >= %(amount)s ORDER BY paid_at LIMIT 1
"""
_SALES = """
    SELECT d.name::text, d.opens_at, d.closes_at, d.payment_seconds
    FROM drops_drop AS d JOIN markets_channel AS c ON c.id = d.channel_id
    WHERE c.market_id = %(market)s
        AND (d.opens_at > %(now)s OR d.opens_at = %(since)s AND d.closes_at > %(shown_from)s)
    ORDER BY d.opens_at, d.closes_at DESC LIMIT 8
"""
Scope = dict[str, int | str | datetime | None]

_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 240, 480, 1440)


class Reader:
    """Reads the figures of one market since an opening; remembers when milestones were passed, since that is final.

    A bound number of queries whatever the night's size: three, and one a milestone on its day.
    """

    def __init__(self, market_id: int, market: str, currency: str, since: datetime) -> None:
        self.market_id, self.market, self.currency, self.since = market_id, market, currency, since
        self._passed: dict[int, float] = {}

    def read(self, now: datetime) -> Figures:
        """Return the figures as they are in the database at this moment."""
        with connection.cursor() as cursor:
            sale, next_sale, until = self._sales(cursor, now)
            step = _step(min(now, until) - self.since)
            scope: Scope = {"market": self.market_id, "since": self.since, "until": until, "step": step, "now": now}
            cursor.execute(_CURVE, scope)
            steps = cursor.fetchall()
            cursor.execute(_SELLERS, scope)
            sellers = cursor.fetchall()
            self._note_milestones(cursor, steps, timedelta(minutes=step))
        return Figures(
            market=self.market,
            currency=self.currency,
            since=self.since,
            at=now,
            paid_amount=sum(row[1] for row in steps),
            paid_orders=sum(row[2] for row in steps),
            paid_units=sum(row[2] for row in sellers),
            placed_orders=sum(row[3] for row in steps),
            placed_amount=sum(row[4] for row in steps),
            last_minute_amount=sum(row[5] for row in steps),
            curve_minutes=step,
            curve=[(row[0] * step, row[1]) for row in steps],
            best_sellers=[Seller(i, msgspec.json.decode(n), units) for i, n, units in sellers[:BEST_SELLERS_MAX]],
            milestones=[Milestone(a, self._passed.get(a), REFERENCE.get((self.currency, a))) for a in MILESTONES],
            sale=sale,
            next_sale=next_sale,
        )

    def _sales(self, cursor: CursorWrapper, now: datetime) -> tuple[Sale | None, Sale | None, datetime]:
        """Return the sale that opened at `since`, the next one, and the instant up to which to count."""
        cursor.execute(_SALES, {"market": self.market_id, "since": self.since, "now": now, "shown_from": now - LINGER})
        current = following = None
        until = now + timedelta(minutes=1)
        for name, opens_at, closes_at, payment_seconds in cursor.fetchall():
            sale = Sale(msgspec.json.decode(name), opens_at, closes_at)
            if opens_at == self.since and current is None:
                current = sale
                until = min(until, closes_at + timedelta(seconds=payment_seconds))
            elif opens_at > now and following is None:
                following = sale
        return current, following, until

    def _note_milestones(self, cursor: CursorWrapper, steps: list[tuple[int, ...]], width: timedelta) -> None:
        opened = self.since.replace(second=0, microsecond=0)
        running = 0
        for at, amount, *_ in steps:
            for milestone in MILESTONES:
                if milestone not in self._passed and running < milestone <= running + amount:
                    begins = opened + at * width
                    scope: Scope = {"market": self.market_id, "begins": begins, "ends": begins + width}
                    cursor.execute(_CROSSED, {**scope, "before": running, "amount": milestone})
                    row = cursor.fetchone()
                    if row is not None:
                        self._passed[milestone] = max(0.0, (row[0] - self.since).total_seconds())
            running += amount


def _step(elapsed: timedelta) -> int:
    """Minutes a point of the curve stands for, so that there are at most `CURVE_POINTS_MAX` points to draw."""
    minutes = elapsed / timedelta(minutes=1)
    return next((step for step in _STEPS if minutes / step <= CURVE_POINTS_MAX), _STEPS[-1])
