"""The wall's figures for one market's event: read from the live counters, so they are the orders (law 12)."""

from datetime import datetime, timedelta

import msgspec
from django.db import connection
from django.db.backends.utils import CursorWrapper

BEST_SELLERS_MAX = 5
# What is celebrated, in minor units, and the documented time to beat: ¥100 million after 3 min 57 s.
MILESTONES = (10_000_000_00, 50_000_000_00, 100_000_000_00, 500_000_000_00, 1_000_000_000_00, 2_460_000_000_00)
REFERENCE = {100_000_000_00: 237.0}


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


class Figures(msgspec.Struct, frozen=True):
    """Everything on the wall. Amounts in minor units of `currency`; scope: `market`, all channels, since `since`."""

    market: str
    currency: str
    since: datetime
    at: datetime
    paid_amount: int
    paid_orders: int
    paid_units: int
    placed_orders: int
    placed_amount: int
    curve: list[tuple[int, int]]  # minute after opening, amount paid in it
    best_sellers: list[Seller]
    milestones: list[Milestone]


_CURVE = """
    SELECT minute, sum(paid_amount)::bigint, sum(paid_orders)::bigint, sum(placed_orders)::bigint,
           sum(placed_amount)::bigint
    FROM orders_minuteorders WHERE market_id = %(market)s AND minute >= date_trunc('minute', %(since)s::timestamptz)
    GROUP BY minute ORDER BY minute
"""
_SELLERS = """
    SELECT c.product_id, p.name::text, sum(c.paid_units)::bigint
    FROM orders_minuteunits AS c JOIN catalog_product AS p ON p.id = c.product_id
    WHERE market_id = %(market)s AND minute >= date_trunc('minute', %(since)s::timestamptz)
    GROUP BY c.product_id, p.name HAVING sum(c.paid_units) > 0
    ORDER BY 3 DESC, 1
"""
_CROSSED = """
    SELECT paid_at FROM (
        SELECT paid_at, %(before)s + sum(total) OVER (ORDER BY paid_at, id) AS running
        FROM orders_order
        WHERE market_id = %(market)s AND paid_at >= %(minute)s AND paid_at < %(minute)s::timestamptz + interval '1 minute'
    ) AS run WHERE running >= %(amount)s ORDER BY paid_at LIMIT 1
"""


class Reader:
    """Reads the figures of one market since an opening; remembers when milestones were passed, since that is final.

    A bound number of queries whatever the night's size: two, and one a milestone on its day.
    """

    def __init__(self, market_id: int, market: str, currency: str, since: datetime) -> None:
        self.market_id, self.market, self.currency, self.since = market_id, market, currency, since
        self._passed: dict[int, float] = {}

    def read(self, now: datetime) -> Figures:
        """Return the figures as they are in the database at this moment."""
        scope = {"market": self.market_id, "since": self.since}
        with connection.cursor() as cursor:
            cursor.execute(_CURVE, scope)
            minutes = cursor.fetchall()
            cursor.execute(_SELLERS, scope)
            sellers = cursor.fetchall()
            self._note_milestones(cursor, minutes)
        return Figures(
            market=self.market,
            currency=self.currency,
            since=self.since,
            at=now,
            paid_amount=sum(row[1] for row in minutes),
            paid_orders=sum(row[2] for row in minutes),
            paid_units=sum(row[2] for row in sellers),
            placed_orders=sum(row[3] for row in minutes),
            placed_amount=sum(row[4] for row in minutes),
            curve=[(self._minute_no(row[0]), row[1]) for row in minutes],
            best_sellers=[Seller(i, msgspec.json.decode(n), units) for i, n, units in sellers[:BEST_SELLERS_MAX]],
            milestones=[Milestone(a, self._passed.get(a), REFERENCE.get(a)) for a in MILESTONES],
        )

    def _minute_no(self, minute: datetime) -> int:
        return max(0, int((minute - self.since) / timedelta(minutes=1)))

    def _note_milestones(self, cursor: CursorWrapper, minutes: list[tuple[datetime, int, int, int, int]]) -> None:
        running = 0
        for minute, amount, *_ in minutes:
            for milestone in MILESTONES:
                if milestone not in self._passed and running < milestone <= running + amount:
                    cursor.execute(
                        _CROSSED,
                        {"market": self.market_id, "minute": minute, "before": running, "amount": milestone},
                    )
                    row = cursor.fetchone()
                    if row is not None:
                        self._passed[milestone] = max(0.0, (row[0] - self.since).total_seconds())
            running += amount
