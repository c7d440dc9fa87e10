"""Paying with points, each once: set aside under the order's id before it is placed, given back if it comes to nothing.

As with promotions: the charges of an order take points off only together with what is set aside (trigger `points_keep`),
so what a crash leaves behind may be given back at any time.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from setaria.kernel.ids import new_id
from setaria.trade.orders.close import close
from setaria.trade.promotions.spend import HEAL_MAX, LATE, RESERVED_FOR

_LOCK = "SELECT balance FROM points_account WHERE member_id = %(member)s AND market_id = %(market)s FOR NO KEY UPDATE"
_OWN = "SELECT amount, state FROM points_spending WHERE order_id = %(order)s"
# The spending first: where somebody else has just set something aside under this order's id, nothing is taken.
_TAKE = """
    WITH spending AS (
        INSERT INTO points_spending AS s (order_id, member_id, market_id, amount, state, at)
        VALUES (%(order)s, %(member)s, %(market)s, %(amount)s, 1, %(now)s)
        ON CONFLICT (order_id) DO UPDATE SET amount = excluded.amount, state = 1, at = excluded.at,
            member_id = excluded.member_id, market_id = excluded.market_id
        WHERE s.state = 4
        RETURNING member_id, market_id
    ), taken AS (
        UPDATE points_account AS a SET balance = balance - %(amount)s FROM spending
        WHERE (a.member_id, a.market_id) = (spending.member_id, spending.market_id)
        RETURNING a.member_id, a.market_id
    ), entry AS (
        INSERT INTO points_entry (id, kind, member_id, market_id, amount, order_id, at)
        SELECT %(id)s, 2, member_id, market_id, -%(amount)s, %(order)s, %(now)s FROM taken
    )
    SELECT count(*) FROM taken
"""


def reserve(order_id: UUID, member_id: int, market_id: int, amount: int, *, now: datetime) -> bool:
    """Set points aside for an order that is to be placed under this id; False when the member has not so many.

    Again with the same amount is nothing, with another what was set aside before is given back, with nothing as well. Of
    an order that is placed already nothing is changed.
    """
    values: dict[str, Any] = {"order": order_id, "member": member_id, "market": market_id, "amount": amount, "now": now}
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        if not amount:
            _give_back([order_id], now)
            return True
        cursor.execute(_LOCK, values)
        account = cursor.fetchone()
        cursor.execute(_OWN, values)
        own = cursor.fetchone()
        if own is not None and own[1] != 4:
            if own[1] != 1 or own[0] == amount:
                return True
            _give_back([order_id], now)
            cursor.execute(_LOCK, values)
            account = cursor.fetchone()
        if account is None or account[0] < amount:
            return False
        cursor.execute(_TAKE, {**values, "id": new_id()})
        taken = cursor.fetchone()
    return bool(taken and taken[0])


# The accounts before their spendings, as everywhere; what is given back is read after the lock.
_LOCK_USED = """
    SELECT a.member_id FROM points_account AS a
    WHERE (member_id, market_id) IN (SELECT member_id, market_id FROM points_spending WHERE order_id = ANY (%(orders)s))
    ORDER BY member_id, market_id FOR NO KEY UPDATE
"""
_GIVE_BACK = """
    WITH back AS (
        UPDATE points_spending SET state = 4, at = %(now)s WHERE order_id = ANY (%(orders)s) AND state = ANY (%(states)s)
        RETURNING order_id, member_id, market_id, amount
    ), account AS (
        UPDATE points_account AS a SET balance = balance + sum
        FROM (SELECT member_id, market_id, sum(amount) AS sum FROM back GROUP BY 1, 2) AS b
        WHERE (a.member_id, a.market_id) = (b.member_id, b.market_id)
    ), entry AS (
        INSERT INTO points_entry (id, kind, member_id, market_id, amount, order_id, at)
        SELECT gen_random_uuid(), 3, member_id, market_id, amount, order_id, %(now)s FROM back
    )
    SELECT count(*) FROM back
"""


def give_back(order_ids: Sequence[UUID], *, now: datetime) -> int:
    """Give back what was set aside for orders that were not placed; return for how many. Again is nothing."""
    with transaction.atomic():
        return _give_back(order_ids, now)


def _give_back(order_ids: Iterable[UUID], now: datetime, states: Sequence[int] = (1,)) -> int:
    values: dict[str, Any] = {"orders": list(order_ids), "states": list(states), "now": now}
    with connection.cursor() as cursor:
        cursor.execute(_LOCK_USED, values)
        cursor.execute(_GIVE_BACK, values)
        row = cursor.fetchone()
    return int(row[0]) if row else 0


_FORGOTTEN = "SELECT order_id FROM points_spending WHERE state = 1 AND at < %(before)s LIMIT %(limit)s"
_SPENT = """
    UPDATE points_spending AS s SET state = 3 FROM orders_order AS o WHERE o.id = s.order_id AND s.state = 2 AND o.status = 2
"""
_DEAD = """
    SELECT o.id FROM points_spending AS s JOIN orders_order AS o ON o.id = s.order_id
    WHERE s.state = 2 AND (o.status = 4 OR o.status = 3 AND o.pay_by < %(before)s) LIMIT %(limit)s
"""
_CANCELLED = "SELECT id FROM orders_order WHERE id = ANY (%(orders)s) AND status = 4"


def heal(*, now: datetime) -> int:
    """Note what was spent, and give back what orders had that never came or came to nothing; return for how many."""
    with connection.cursor() as cursor:
        cursor.execute(_SPENT)
        cursor.execute(_FORGOTTEN, {"before": now - RESERVED_FOR, "limit": HEAL_MAX})
        back = give_back([row[0] for row in cursor.fetchall()], now=now)
        cursor.execute(_DEAD, {"before": now - LATE, "limit": HEAL_MAX})
        dead = sorted(row[0] for row in cursor.fetchall())
        if not dead:
            return back
        with transaction.atomic():
            close(dead, "points given back", now=now)
            cursor.execute(_CANCELLED, {"orders": dead})
            return back + _give_back([row[0] for row in cursor.fetchall()], now, states=(1, 2))
