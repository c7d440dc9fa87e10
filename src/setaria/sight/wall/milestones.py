"""Milestones: amounts to celebrate, and which order passed each of them.

The order is the first at which the running sum of payments, in order of (instant, id), reaches the amount. A payment
takes its instant before its transaction commits, so an earlier one may become visible later than a later one. Hence a
milestone is written down only once no transaction that could still bring an earlier payment is under way; that takes
two seconds. From then on it stands.
"""

from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from django.db import connection

from setaria.sight.wall.event import Event, Texts
from setaria.sight.wall.regions import Region, region_of

# In minor units. The last is the documented day's.
AMOUNTS = tuple(100 * whole for whole in (
    10_000, 100_000, 1_000_000, 10_000_000, 50_000_000, 100_000_000, 500_000_000, 1_000_000_000, 2_460_000_000,
))  # fmt: skip
# The documented time to beat: ¥100 million after 3 min 57 s. The sources give no further point of that night.
REFERENCE = {("CNY", 100_000_000_00): 237.0}

# A batch reads the clock, then begins its transaction: longer than that ever takes.
SETTLES_AFTER = timedelta(seconds=2)

ORDER_DIGITS = 6  # of its id, from the end, where it is random


class Milestone(msgspec.Struct, frozen=True):
    """An amount (minor units) and, once passed for good, when and by which order; seconds count from the opening.

    `order`: the end of its id, enough to find it, and no word about the person.
    """

    amount: int
    reference_seconds: float | None
    seconds: float | None = None
    order: str = ""
    product: Texts = {}
    region: Region | None = None


# Whoever has taken an instant for a payment has begun or will begin a transaction after it. What has run for over a
# minute without having written is a report or a backup; what is no client (autovacuum) pays for nothing.
_UNDER_WAY = """
    SELECT min(xact_start) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
      AND (backend_xid IS NOT NULL OR xact_start > clock_timestamp() - interval '1 minute')
"""
_NOTE = """
    WITH minutes AS (
        SELECT minute, sum(paid_amount) AS paid, sum(sum(paid_amount)) OVER (ORDER BY minute) AS running
        FROM orders_minuteorders WHERE market_id = %(market)s AND minute >= %(since)s AND minute < %(until)s
        GROUP BY minute
    ), crossing AS (
        SELECT minute, running - paid AS before FROM minutes WHERE running >= %(amount)s ORDER BY minute LIMIT 1
    ), run AS (
        SELECT o.id, o.at, c.before + sum(o.amount) OVER (ORDER BY o.at, o.id) AS running
        FROM crossing AS c JOIN orders_income AS o ON o.market_id = %(market)s
            AND o.at >= c.minute AND o.at < c.minute + interval '1 minute'
    ), crossed AS (
        SELECT id, at FROM run WHERE running >= %(amount)s ORDER BY at, id LIMIT 1
    )
    INSERT INTO wall_milestone (market_id, since, amount, order_id, product_id, region, at, noted_at)
    SELECT %(market)s, %(since)s, %(amount)s, c.id, v.product_id, coalesce(nullif(d.region, ''), d.city, ''), c.at,
           %(now)s
    FROM crossed AS c
    JOIN LATERAL (SELECT variant_id FROM orders_line WHERE order_id = c.id
                  ORDER BY unit_price * quantity DESC, position LIMIT 1) AS l ON true
    JOIN catalog_variant AS v ON v.id = l.variant_id
    LEFT JOIN orders_destination AS d ON d.order_id = c.id
    WHERE c.at < %(settled)s
    ON CONFLICT DO NOTHING
"""
_NOTED = """
    SELECT s.amount, s.at, s.order_id, p.name::text, s.region
    FROM wall_milestone AS s JOIN catalog_product AS p ON p.id = s.product_id
    WHERE s.market_id = %s AND s.since = %s
"""


def noted(event: Event) -> dict[int, Milestone]:
    """Return the milestones of an event that stand, by amount."""
    with connection.cursor() as cursor:
        cursor.execute(_NOTED, [event.market_id, event.counts_from])
        return {row[0]: _milestone(event, *row) for row in cursor.fetchall()}


def note(event: Event, amounts: list[int], now: datetime) -> None:
    """Write down which order passed each amount, where that is certain by now; what stands already stays."""
    with connection.cursor() as cursor:
        # Asked before the orders are: what ends in between is then seen among them.
        cursor.execute(_UNDER_WAY)
        under_way = cursor.fetchone()[0]
        settled = min(now, under_way or now) - SETTLES_AFTER
        for amount in amounts:
            cursor.execute(
                _NOTE,
                {
                    "market": event.market_id, "since": event.counts_from, "until": event.until(now),
                    "amount": amount, "now": now, "settled": settled,
                },
            )  # fmt: skip


def expected(event: Event, amount: int) -> Milestone:
    """Return a milestone that is still to come."""
    return Milestone(amount, REFERENCE.get((event.currency, amount)))


def _milestone(event: Event, amount: int, at: datetime, order_id: UUID, product: str, region: str) -> Milestone:
    return Milestone(
        amount,
        REFERENCE.get((event.currency, amount)),
        max(0.0, (at - event.opens_at).total_seconds()),
        order_id.hex[-ORDER_DIGITS:],
        msgspec.json.decode(product),
        region_of(region) if region else None,
    )
