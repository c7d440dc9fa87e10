"""What a return does to points: those that paid for its goods come back, those that its goods had earned go again.

Both follow from what is written down (`aftersales.ReturnedPart`), a set at a time, each return once. Points that come
back begin their time anew. Points that go are taken as far as there are any, and the rest from those that come later:
nobody ever has less than none. What has lapsed already is not asked for again.
"""

from datetime import datetime

from django.db import connection, transaction

from setaria.trade.points.earn import BEGINNING, LATE, LOCK

RETURNS_MAX = 2_000
DAYS = 365  # where the market has no programme any more

# A return has the share of the points that its lines were paid with, below nothing.
_BACK = """
    WITH fresh AS (
        SELECT r.id, r.order_id, r.at, s.member_id, s.market_id, part.amount
        FROM aftersales_return AS r
        JOIN points_spending AS s ON s.order_id = r.order_id AND s.market_id = %(market)s
        CROSS JOIN LATERAL (SELECT -sum(amount) AS amount FROM aftersales_returnedpart AS p
                            WHERE p.order_id = r.order_id AND p.return_id = r.id AND p.kind = 5) AS part
        WHERE r.at > %(since)s AND r.at <= %(now)s AND part.amount > 0
          AND NOT EXISTS (SELECT 1 FROM points_entry AS e WHERE e.id = r.id AND e.kind = 5)
        ORDER BY r.at LIMIT %(limit)s
    ), entry AS (
        INSERT INTO points_entry (id, kind, member_id, market_id, amount, order_id, at, lapses_at)
        SELECT id, 5, member_id, market_id, amount, order_id, at, %(now)s + %(days)s * interval '1 day' FROM fresh
        RETURNING member_id, market_id, amount
    ), account AS (
        INSERT INTO points_account AS a (member_id, market_id, balance)
        SELECT member_id, market_id, sum(amount) FROM entry GROUP BY 1, 2 ORDER BY 1, 2
        ON CONFLICT (member_id, market_id) DO UPDATE SET balance = a.balance + excluded.balance
    )
    SELECT count(*), max(at) FROM fresh
"""
# An order keeps what its goods that are left have earned, rounded down; so its returns together recall the rest. What
# came back before its order earned (the money was promised, and came later) is recalled as of the earning.
_RECALL = """
    WITH since AS (
        SELECT id FROM aftersales_return WHERE at > %(since)s AND at <= %(now)s
        UNION
        SELECT b.id FROM payments_remittance AS m JOIN aftersales_return AS b ON b.order_id = m.order_id AND b.at <= m.at
        WHERE m.at > %(since)s AND m.at <= %(now)s
    ), fresh AS (
        SELECT r.id, r.order_id, r.at, greatest(r.at, e.at) AS due_at, e.member_id, e.market_id, e.amount AS earned,
               (SELECT sum(quantity * unit_price) FROM orders_line AS l WHERE l.order_id = r.order_id)
               + coalesce((SELECT sum(amount) FROM orders_charge AS c
                           WHERE c.order_id = r.order_id AND c.kind IN (3, 5)), 0) AS goods
        FROM since JOIN aftersales_return AS r USING (id)
        JOIN points_entry AS e ON e.id = r.order_id AND e.kind = 1 AND e.market_id = %(market)s
        WHERE e.lapses_at > r.at
          AND NOT EXISTS (SELECT 1 FROM points_recall AS known WHERE known.return_id = r.id)
        ORDER BY due_at LIMIT %(limit)s
    ), gone AS (
        SELECT fresh.*, sums.before, sums.until FROM fresh CROSS JOIN LATERAL (
            SELECT coalesce(sum(p.amount) FILTER (WHERE b.id <> fresh.id), 0) AS before,
                   coalesce(sum(p.amount), 0) AS until
            FROM aftersales_return AS b
            JOIN aftersales_returnedpart AS p
                ON p.order_id = b.order_id AND p.return_id = b.id AND p.kind IN (0, 3, 5)
            WHERE b.order_id = fresh.order_id AND (b.at, b.id) <= (fresh.at, fresh.id)
        ) AS sums
    ), recall AS (
        INSERT INTO points_recall (return_id, order_id, member_id, market_id, amount, taken, at)
        SELECT id, order_id, member_id, market_id, amount, 0, at
        FROM gone CROSS JOIN LATERAL (
            SELECT div(earned * until + goods - 1, goods) - div(earned * before + goods - 1, goods) AS amount
        ) AS share WHERE amount > 0
    )
    SELECT count(*), max(due_at) FROM fresh
"""
_OWING = """
    SELECT a.member_id, a.market_id FROM points_account AS a
    WHERE a.balance > 0 AND EXISTS (
        SELECT 1 FROM points_recall AS r
        WHERE r.taken < r.amount AND r.member_id = a.member_id AND r.market_id = a.market_id
    )
    ORDER BY a.member_id, a.market_id LIMIT %(limit)s FOR NO KEY UPDATE
"""
# The oldest recall first. Read after the accounts are locked: what is spent meanwhile is gone.
_TAKE = """
    WITH due AS (
        SELECT r.return_id, r.order_id, r.member_id, r.market_id, a.balance, r.amount - r.taken AS due,
               sum(r.amount - r.taken) OVER (PARTITION BY r.member_id, r.market_id ORDER BY r.at, r.return_id) AS running
        FROM points_recall AS r
        JOIN unnest(%(members)s::bigint[], %(markets)s::smallint[]) AS owing (member_id, market_id)
             USING (member_id, market_id)
        JOIN points_account AS a ON a.member_id = r.member_id AND a.market_id = r.market_id
        WHERE r.taken < r.amount
    ), share AS (
        SELECT due.*, least(due, balance - (running - due)) AS take FROM due WHERE balance > running - due
    ), recall AS (
        UPDATE points_recall AS r SET taken = taken + take FROM share WHERE r.return_id = share.return_id
    ), account AS (
        UPDATE points_account AS a SET balance = a.balance - gone.take
        FROM (SELECT member_id, market_id, sum(take) AS take FROM share GROUP BY 1, 2) AS gone
        WHERE a.member_id = gone.member_id AND a.market_id = gone.market_id
    )
    INSERT INTO points_entry (id, kind, member_id, market_id, amount, order_id, at)
    SELECT gen_random_uuid(), 6, member_id, market_id, -take, order_id, %(now)s FROM share
"""


def follow_returns(*, now: datetime) -> int:
    """Let points come and go for what was taken back; return how many returns were looked at.

    What was earned is recalled `LATE` after the return: then nothing can earn any more for the order as it was.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT mark.market_id, mark.until, programme.lapse_days FROM points_mark AS mark"
            " LEFT JOIN points_programme AS programme ON programme.market_id = mark.market_id ORDER BY mark.market_id"
        )
        markets = cursor.fetchall()
    seen = 0
    for market, earned_until, days in markets:
        seen += _look(_BACK, "returned_until", market, days or DAYS, now)
        seen += _look(_RECALL, "recalled_until", market, days or DAYS, min(now, earned_until) - LATE)
    take_recalled(now=now)
    return seen


@transaction.atomic
def _look(sql: str, mark: str, market_id: int, days: int, now: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        cursor.execute(f"SELECT {mark} FROM points_mark WHERE market_id = %s", [market_id])
        (marked,) = cursor.fetchone() or (None,)
        since = marked - LATE if marked else BEGINNING
        cursor.execute(sql, {"market": market_id, "since": since, "now": now, "days": days, "limit": RETURNS_MAX})
        count, latest = cursor.fetchone() or (0, None)
        cursor.execute(
            f"UPDATE points_mark SET {mark} = greatest({mark}, %s) WHERE market_id = %s",
            [latest if count == RETURNS_MAX else now, market_id],
        )
    return int(count)


@transaction.atomic
def take_recalled(*, now: datetime) -> int:
    """Take what is recalled from those who have points; return from how many recalls something was taken."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        cursor.execute(_OWING, {"limit": RETURNS_MAX})
        owing = cursor.fetchall()
        if not owing:
            return 0
        members, markets = [row[0] for row in owing], [row[1] for row in owing]
        cursor.execute(_TAKE, {"now": now, "members": members, "markets": markets})
        return cursor.rowcount
