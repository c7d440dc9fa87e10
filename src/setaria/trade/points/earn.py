"""Points come with what was paid and go when their time is over; a set at a time, behind everything that waits."""

from datetime import UTC, datetime, timedelta

from django.db import connection, transaction

EARN_MAX = 2_000
LATE = timedelta(seconds=60)  # longer than any transaction that settles, as in the books
LOOK_BACK = timedelta(days=60)
BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
LOCK = 0x5E7A_B01F  # one at a time

# What an order earns: a share of its goods less what was taken off them. Guests earn nothing.
_EARN = """
    WITH fresh AS (
        SELECT o.id, o.customer_id, o.market_id, o.at FROM orders_income AS o
        WHERE o.market_id = %(market)s AND o.at > %(since)s AND o.at <= %(now)s
          AND NOT EXISTS (SELECT 1 FROM points_entry AS e WHERE e.id = o.id AND e.kind = 1)
          AND NOT EXISTS (SELECT 1 FROM members_guest AS g WHERE g.member_id = o.customer_id)
        ORDER BY o.at LIMIT %(limit)s
    ), worth AS (
        SELECT fresh.*, ((SELECT sum(quantity * unit_price) FROM orders_line AS l WHERE l.order_id = fresh.id)
             + coalesce((SELECT sum(amount) FROM orders_charge AS c WHERE c.order_id = fresh.id AND c.kind IN (3, 5)), 0))
             * %(share)s / 10000 AS points
        FROM fresh
    ), earned AS (
        INSERT INTO points_entry (id, kind, member_id, market_id, amount, order_id, at, lapses_at)
        SELECT id, 1, customer_id, market_id, floor(points), id, at, at + %(days)s * interval '1 day'
        FROM worth WHERE floor(points) > 0
        RETURNING member_id, market_id, amount
    ), account AS (
        INSERT INTO points_account AS a (member_id, market_id, balance)
        SELECT member_id, market_id, sum(amount) FROM earned GROUP BY 1, 2 ORDER BY 1, 2
        ON CONFLICT (member_id, market_id) DO UPDATE SET balance = a.balance + excluded.balance
    )
    SELECT count(*), max(at) FROM fresh
"""
_DUE = """
    SELECT a.member_id, a.market_id FROM points_account AS a
    WHERE a.balance > 0 AND (a.member_id, a.market_id) IN (
        SELECT e.member_id, e.market_id FROM points_entry AS e
        WHERE e.lapses_at > %(since)s AND e.lapses_at <= %(now)s
    )
    ORDER BY a.member_id, a.market_id FOR NO KEY UPDATE
"""
# The oldest are spent first. So what has lapsed is what came and is over, less all that has gone since. Read after
# the accounts are locked: what is spent meanwhile were the oldest.
_LAPSE = """
    WITH over AS (
        SELECT member_id, market_id, sum(amount) AS amount
        FROM points_entry JOIN unnest(%(members)s::bigint[], %(markets)s::smallint[]) AS due (member_id, market_id)
             USING (member_id, market_id)
        WHERE lapses_at IS NULL OR lapses_at <= %(now)s
        GROUP BY 1, 2
    ), gone AS (
        UPDATE points_account AS a SET balance = balance - over.amount FROM over
        WHERE a.member_id = over.member_id AND a.market_id = over.market_id AND over.amount > 0
        RETURNING a.member_id, a.market_id, over.amount
    )
    INSERT INTO points_entry (id, kind, member_id, market_id, amount, at)
    SELECT gen_random_uuid(), 4, member_id, market_id, -amount, %(now)s FROM gone
"""


def earn(*, now: datetime) -> int:
    """Give the points of orders whose money came up to `now` and that have not earned; return of how many orders."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT market_id, earned_bp, lapse_days, since FROM points_programme ORDER BY market_id")
        found = cursor.fetchall()
    return sum(_earn(market, share, days, begins, now) for market, share, days, begins in found)


@transaction.atomic
def _earn(market_id: int, share: int, days: int, begins: datetime, now: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        cursor.execute("SELECT until FROM points_mark WHERE market_id = %s", [market_id])
        marked = cursor.fetchone()
        since = max(marked[0] - LATE, begins) if marked else begins
        values = {"market": market_id, "since": since, "now": now, "limit": EARN_MAX, "share": share, "days": days}
        cursor.execute(_EARN, values)
        count, latest = cursor.fetchone() or (0, None)
        cursor.execute(
            "INSERT INTO points_mark (market_id, until) VALUES (%s, %s) ON CONFLICT (market_id)"
            " DO UPDATE SET until = greatest(points_mark.until, excluded.until)",
            [market_id, latest if count == EARN_MAX else now],
        )
    return int(count)


@transaction.atomic
def lapse(*, now: datetime) -> int:
    """Take away what has lapsed by `now`; return from how many members."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        cursor.execute(_DUE, {"now": now, "since": now - LOOK_BACK})
        due = cursor.fetchall()
        members, markets = [row[0] for row in due], [row[1] for row in due]
        cursor.execute(_LAPSE, {"now": now, "members": members, "markets": markets})
        return cursor.rowcount
