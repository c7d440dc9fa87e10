"""Using promotions, each use exactly once: set aside under the order's id before it is placed, given back if it dies.

What a crash leaves behind, `heal` puts right. Nothing here has to be in time: the orders' charges are only written
together with the uses they stand for (trigger `promotions_keep`), so an order whose reservation was given back cannot
be placed with it any more.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec
from django.db import connection, transaction

from setaria.trade.orders.close import close

RESERVED_FOR = timedelta(minutes=2)  # longer than any placing takes; a place that is slower than this is refused
LATE = timedelta(minutes=30)  # how long a late payment may still revive an expired order with its discount
HEAL_MAX = 500
NO_LIMIT = 2**31 - 1  # counted all the same: a limit may come later


class Wish(msgspec.Struct, frozen=True):
    """A promotion that is to take `amount` (minor units) off an order, and by which code."""

    promotion_id: int
    amount: int
    code_id: int | None = None


class Refusal(StrEnum):
    """Why a promotion cannot be used; nothing was set aside."""

    USED_UP = "USED_UP"  # its budget, of uses or of money
    CODE_USED = "CODE_USED"  # by somebody else
    OVER_LIMIT = "OVER_LIMIT"  # of this customer
    OVER = "OVER"  # it has ended, or does not exist


_LOCK = """
    SELECT id, since, until, per_customer, budget_uses - used_uses, budget_amount - used_amount
    FROM promotions_promotion WHERE id = ANY (%(promotions)s) ORDER BY id FOR NO KEY UPDATE
"""
_OWN = "SELECT promotion_id, amount, code_id, state FROM promotions_use WHERE order_id = %(order)s AND state <> 4"
_USE = """
    INSERT INTO promotions_use AS u (order_id, promotion_id, code_id, customer_id, amount, state, at)
    VALUES (%(order)s, %(promotion)s, %(code)s, %(customer)s, %(amount)s, 1, %(now)s)
    ON CONFLICT (order_id, promotion_id) DO UPDATE SET code_id = excluded.code_id, amount = excluded.amount,
        customer_id = excluded.customer_id, state = 1, at = excluded.at
    WHERE u.state = 4
"""
_COUNT = """
    UPDATE promotions_promotion SET used_uses = used_uses + 1, used_amount = used_amount + %(amount)s
    WHERE id = %(promotion)s
"""
_COUNT_CODE = """
    UPDATE promotions_code SET used = used + 1
    WHERE id = %(code)s AND promotion_id = %(promotion)s AND (uses_max IS NULL OR used < uses_max)
"""
_COUNT_CUSTOMER = """
    INSERT INTO promotions_tally AS tally (promotion_id, customer_id, used, allowed)
    VALUES (%(promotion)s, %(customer)s, 1, %(allowed)s)
    ON CONFLICT (promotion_id, customer_id)
    DO UPDATE SET used = tally.used + 1, allowed = excluded.allowed WHERE tally.used < excluded.allowed
"""


class _Refused(Exception):
    def __init__(self, why: Refusal) -> None:
        self.why = why


def reserve(order_id: UUID, customer_id: int, wishes: Sequence[Wish], *, now: datetime) -> Refusal | None:
    """Set promotions aside for an order that is to be placed under this id: all of them, or none and say why.

    Again with the same wishes is nothing; with others, what was set aside before is given back. Of an order that is
    placed already nothing is changed.
    """
    try:
        with transaction.atomic(durable=True), connection.cursor() as cursor:
            key = {"order": order_id}
            cursor.execute(_OWN, key)
            before = [row[0] for row in cursor.fetchall()]
            if not before and not wishes:
                return None
            cursor.execute(_LOCK, {"promotions": [*before, *(w.promotion_id for w in wishes)]})
            promotions = {row[0]: row[1:] for row in cursor.fetchall()}
            cursor.execute(_OWN, key)
            own = cursor.fetchall()
            if any(state != 1 for *_, state in own) or {row[:3] for row in own} == set(
                map(msgspec.structs.astuple, wishes)
            ):
                return None
            if own:
                _give_back([order_id], now)
                cursor.execute(_LOCK, {"promotions": [w.promotion_id for w in wishes]})
                promotions = {row[0]: row[1:] for row in cursor.fetchall()}
            for wish in wishes:
                _use(order_id, customer_id, wish, promotions.get(wish.promotion_id), now)
    except _Refused as refused:
        return refused.why
    return None


def _use(
    order_id: UUID,
    customer_id: int,
    wish: Wish,
    terms: tuple[datetime, datetime, int | None, int | None, int | None] | None,
    now: datetime,
) -> None:
    if terms is None or not terms[0] <= now < terms[1]:
        raise _Refused(Refusal.OVER)
    _, _, allowed, uses_left, amount_left = terms
    if (uses_left is not None and uses_left < 1) or (amount_left is not None and amount_left < wish.amount):
        raise _Refused(Refusal.USED_UP)
    values: dict[str, Any] = {
        "order": order_id, "promotion": wish.promotion_id, "code": wish.code_id, "customer": customer_id,
        "amount": wish.amount, "allowed": NO_LIMIT if allowed is None else allowed, "now": now,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_USE, values)
        if not cursor.rowcount:
            raise _Refused(Refusal.USED_UP)
        cursor.execute(_COUNT, values)
        if wish.code_id is not None:
            cursor.execute(_COUNT_CODE, values)
            if not cursor.rowcount:
                raise _Refused(Refusal.CODE_USED)
        cursor.execute(_COUNT_CUSTOMER, values)
        if not cursor.rowcount:
            raise _Refused(Refusal.OVER_LIMIT)


# The promotions before their uses, as everywhere; what is given back is read after the lock.
_LOCK_USED = """
    SELECT id FROM promotions_promotion
    WHERE id IN (SELECT promotion_id FROM promotions_use WHERE order_id = ANY (%(orders)s)) ORDER BY id FOR NO KEY UPDATE
"""
_GIVE_BACK = """
    WITH back AS (
        UPDATE promotions_use SET state = %(to)s, at = %(now)s
        WHERE order_id = ANY (%(orders)s) AND state = ANY (%(states)s)
          AND (%(to)s = 4 OR promotion_id IN (SELECT id FROM promotions_promotion WHERE comes_back))
        RETURNING promotion_id, code_id, customer_id, amount
    ), promotion AS (
        UPDATE promotions_promotion AS p SET used_uses = used_uses - n, used_amount = used_amount - sum
        FROM (SELECT promotion_id, count(*) AS n, sum(amount) AS sum FROM back GROUP BY 1) AS b WHERE p.id = b.promotion_id
    ), code AS (
        UPDATE promotions_code AS c SET used = used - n
        FROM (SELECT code_id, count(*) AS n FROM back WHERE code_id IS NOT NULL GROUP BY 1) AS b WHERE c.id = b.code_id
    ), tally AS (
        UPDATE promotions_tally AS t SET used = used - n
        FROM (SELECT promotion_id, customer_id, count(*) AS n FROM back GROUP BY 1, 2) AS b
        WHERE (t.promotion_id, t.customer_id) = (b.promotion_id, b.customer_id)
    )
    SELECT count(*) FROM back
"""


def give_back(order_ids: Sequence[UUID], *, now: datetime) -> int:
    """Give back what was set aside for orders that were not placed; return how many uses. Again is nothing."""
    with transaction.atomic():
        return _give_back(order_ids, now)


def _give_back(order_ids: Iterable[UUID], now: datetime, states: Sequence[int] = (1,), to: int = 4) -> int:
    values: dict[str, Any] = {"orders": list(order_ids), "states": list(states), "to": to, "now": now}
    with connection.cursor() as cursor:
        cursor.execute(_LOCK_USED, values)
        cursor.execute(_GIVE_BACK, values)
        row = cursor.fetchone()
    return int(row[0]) if row else 0


_FORGOTTEN = "SELECT order_id FROM promotions_use WHERE state = 1 AND at < %(before)s LIMIT %(limit)s"
_SPENT = """
    UPDATE promotions_use AS u SET state = 3 FROM orders_order AS o WHERE o.id = u.order_id AND u.state = 2 AND o.status = 2
"""
_DEAD = """
    SELECT o.id FROM promotions_use AS u JOIN orders_order AS o ON o.id = u.order_id
    WHERE u.state = 2 AND (o.status = 4 OR o.status = 3 AND o.pay_by < %(before)s) LIMIT %(limit)s
"""
_CANCELLED = "SELECT id FROM orders_order WHERE id = ANY (%(orders)s) AND status = 4"


def heal(*, now: datetime) -> int:
    """Note what was spent, and give back what was set aside for orders that never came, or came to nothing.

    An order that expired may be revived by a late payment for `LATE`; then it is closed for good, and what it had is
    free. Returns how many uses were given back.
    """
    with connection.cursor() as cursor:
        cursor.execute(_SPENT)
        cursor.execute(_FORGOTTEN, {"before": now - RESERVED_FOR, "limit": HEAL_MAX})
        back = give_back([row[0] for row in cursor.fetchall()], now=now)
        cursor.execute(_DEAD, {"before": now - LATE, "limit": HEAL_MAX})
        dead = sorted({row[0] for row in cursor.fetchall()})
        if not dead:
            return back
        with transaction.atomic():
            close(dead, "promotion given back", now=now)
            cursor.execute(_CANCELLED, {"orders": dead})
            return back + _give_back([row[0] for row in cursor.fetchall()], now, states=(1, 2))


# All of it, whatever was said about the shipping.
_TAKEN_BACK = """
    SELECT DISTINCT u.order_id FROM aftersales_return AS r
    JOIN promotions_use AS u ON u.order_id = r.order_id AND u.state IN (2, 3)
    JOIN promotions_promotion AS p ON p.id = u.promotion_id AND p.comes_back
    WHERE r.at > %(since)s AND NOT EXISTS (
        SELECT 1 FROM orders_line AS l WHERE l.order_id = r.order_id AND l.quantity > (
            SELECT coalesce(sum(b.quantity), 0) FROM aftersales_returnedline AS b
            WHERE b.order_id = l.order_id AND b.position = l.position))
    ORDER BY u.order_id LIMIT %(limit)s
"""
LOOK_BACK = timedelta(days=2)  # a return that nobody followed for so long would be named by the audit


def follow_returns(*, now: datetime) -> int:
    """Give back the uses of orders that were wholly taken back, where the promotion says so; return how many."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_TAKEN_BACK, {"since": now - LOOK_BACK, "limit": HEAL_MAX})
        whole = [row[0] for row in cursor.fetchall()]
        return _give_back(whole, now, states=(2, 3), to=5) if whole else 0
