"""The reckoning: the crowd's own notes against the orders in the database, whatever our counters say.

Nothing here asks the code that sold: units supplied, limits, passes and money come from the scenario, the crowd and
the bank. What was sold is read from the orders and the money from the settlements, row by row.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from django.db import connection
from django.db.backends.utils import CursorWrapper

OFFENDERS_MAX = 10

Wanted = tuple[bytes, int, list[int]]  # order, customer, variants: one unit of each


class Supply(msgspec.Struct, frozen=True):
    """What there was of an item: units in the pool, units one customer may have."""

    variant_id: int
    units: int
    limit: int


class Statement(msgspec.Struct, frozen=True):
    """One thing that must be 0, how often it is not, and the first offending keys."""

    name: str
    says: str
    count: int
    offenders: list[str]


# name: what a row of it means, and the rows. `drop` is the drop's id.
STATEMENTS: dict[str, tuple[str, str]] = {
    "lost": (
        "an order that was acknowledged and is not there, or with another total",
        """
        SELECT a.order_id, a.total, o.total FROM rush_ack AS a LEFT JOIN orders_order AS o ON o.id = a.order_id
        WHERE o.total IS DISTINCT FROM a.total
        """,
    ),
    "doubled": (
        "one wish answered in two ways, or written down with other units, or as somebody else's",
        """
        SELECT order_id, 'two answers' FROM rush_ack GROUP BY order_id HAVING count(*) > 1
        UNION ALL
        SELECT w.order_id, 'other contents' FROM rush_wish AS w
        JOIN orders_order AS o ON o.id = w.order_id LEFT JOIN orders_line AS l ON l.order_id = w.order_id
        GROUP BY w.order_id, w.customer_id, w.variant_ids, o.customer_id
        HAVING max(l.quantity) IS DISTINCT FROM 1 OR o.customer_id <> w.customer_id
            OR array_agg(l.variant_id ORDER BY l.variant_id) IS DISTINCT FROM w.variant_ids
        """,
    ),
    "phantom": (
        "an order in the drop that nobody asked for",
        """
        SELECT id, customer_id FROM orders_order AS o
        WHERE drop_id = %(drop)s AND NOT EXISTS (SELECT 1 FROM rush_wish AS w WHERE w.order_id = o.id)
        """,
    ),
    "oversold": (
        "an item with more units in living orders (placed or paid) than there were",
        """
        SELECT l.variant_id, sum(l.quantity), s.units FROM orders_order AS o
        JOIN orders_line AS l ON l.order_id = o.id LEFT JOIN rush_supply AS s ON s.variant_id = l.variant_id
        WHERE o.drop_id = %(drop)s AND o.status IN (1, 2)
        GROUP BY l.variant_id, s.units HAVING sum(l.quantity) > coalesce(s.units, 0)
        """,
    ),
    "over_limit": (
        "a customer with more of an item than one may have",
        """
        SELECT o.customer_id, l.variant_id, sum(l.quantity), s.units_each FROM orders_order AS o
        JOIN orders_line AS l ON l.order_id = o.id JOIN rush_supply AS s ON s.variant_id = l.variant_id
        WHERE o.drop_id = %(drop)s AND o.status IN (1, 2)
        GROUP BY o.customer_id, l.variant_id, s.units_each HAVING sum(l.quantity) > s.units_each
        """,
    ),
    "lost_money": (
        "money the bank took that neither paid its order nor is owed or sent back in full",
        """
        SELECT b.payment_id, b.order_id, b.amount, s.outcome, r.amount FROM rush_bank AS b
        LEFT JOIN orders_settlement AS s ON s.payment_id = b.payment_id AND s.order_id = b.order_id
        LEFT JOIN payments_refund AS r ON r.payment_id = b.payment_id
        WHERE s.amount IS DISTINCT FROM b.amount
           OR (s.outcome = 1 AND NOT EXISTS (SELECT 1 FROM orders_order WHERE id = b.order_id AND status = 2
                                             AND total = b.amount))
           OR (s.outcome <> 1 AND (r.amount IS DISTINCT FROM b.amount OR r.sent_at IS NULL))
        """,
    ),
    "doubled_money": (
        "an order paid twice, money both kept and sent back, or money booked that the bank never took",
        """
        SELECT s.order_id, count(*) FROM orders_settlement AS s JOIN orders_order AS o ON o.id = s.order_id
        WHERE o.drop_id = %(drop)s AND s.outcome = 1 GROUP BY s.order_id HAVING count(*) > 1
        UNION ALL
        SELECT s.order_id, 1 FROM orders_settlement AS s JOIN payments_refund AS r ON r.payment_id = s.payment_id
        JOIN orders_order AS o ON o.id = s.order_id WHERE o.drop_id = %(drop)s AND s.outcome = 1
        UNION ALL
        SELECT s.order_id, 0 FROM orders_settlement AS s JOIN orders_order AS o ON o.id = s.order_id
        WHERE o.drop_id = %(drop)s
          AND NOT EXISTS (SELECT 1 FROM rush_bank AS b WHERE b.payment_id = s.payment_id AND b.amount = s.amount)
        """,
    ),
    "unsettled": (
        "an order still waiting for its time to pay to run out, long after it has",
        "SELECT id, pay_by FROM orders_order WHERE drop_id = %(drop)s AND status = 1",
    ),
}  # fmt: skip

_TABLES = """
    DROP TABLE IF EXISTS rush_wish, rush_ack, rush_bank, rush_supply;
    CREATE TEMPORARY TABLE rush_wish (order_id uuid, customer_id bigint, variant_ids int[]);
    CREATE TEMPORARY TABLE rush_ack (order_id uuid, total bigint, pay_by text);
    CREATE TEMPORARY TABLE rush_bank (payment_id uuid, order_id uuid, amount bigint);
    CREATE TEMPORARY TABLE rush_supply (variant_id int, units bigint, units_each int);
"""
_INDEXES = """
    CREATE INDEX ON rush_wish (order_id); CREATE INDEX ON rush_bank (payment_id);
    ANALYZE rush_wish; ANALYZE rush_ack; ANALYZE rush_bank; ANALYZE rush_supply;
"""


def reckon(
    drop_id: int,
    supplies: Iterable[Supply],
    wishes: Iterable[Wanted],
    acks: Iterable[tuple[bytes, int, str]],
    bank: Iterable[tuple[bytes, bytes, int]],
    statements: Mapping[str, tuple[str, str]] = STATEMENTS,
) -> list[Statement]:
    """Hold the crowd's notes against the database; return every statement, whether it held or not.

    Ids as 16 bytes. `wishes`: order, customer, variants, one unit each. `acks`: each distinct acknowledgement once:
    order, total, pay_by. `bank`: payment, order, amount for all money taken. Amounts in minor units.
    """
    with connection.cursor() as cursor:
        cursor.execute(_TABLES)
        _copy(cursor, "rush_wish", ((order.hex(), customer, sorted(variants)) for order, customer, variants in wishes))
        _copy(cursor, "rush_ack", ((order.hex(), total, pay_by) for order, total, pay_by in acks))
        _copy(cursor, "rush_bank", ((payment.hex(), order.hex(), amount) for payment, order, amount in bank))
        _copy(cursor, "rush_supply", ((s.variant_id, s.units, s.limit) for s in supplies))
        cursor.execute(_INDEXES)
        return [_check(cursor, name, says, rows, drop_id) for name, (says, rows) in statements.items()]


def _copy(cursor: CursorWrapper, table: str, rows: Iterable[Sequence[Any]]) -> None:
    with cursor.copy(f"COPY {table} FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def _check(cursor: CursorWrapper, name: str, says: str, rows: str, drop_id: int) -> Statement:
    cursor.execute(rows, {"drop": drop_id})
    found = cursor.fetchall()
    offenders = [" ".join(str(value) for value in row) for row in found[:OFFENDERS_MAX]]
    return Statement(name, says, len(found), offenders)
