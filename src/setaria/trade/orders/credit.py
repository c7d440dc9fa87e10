"""Money that is there beside the last payment (a deposit, gift cards): counted towards the total, or taken back from a
dead order.

An order with credits is paid by a settlement of the rest: `total = credits + settlement`, to the minor unit.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from setaria.kernel.arrays import int4s, int8s, texts, uuids
from setaria.kernel.batches import durable_batch, retried

DEPOSIT, GIFT_CARD = "deposit", "giftcard"
MEANS = {DEPOSIT: 1, GIFT_CARD: 2}


class Advance(msgspec.Struct, frozen=True):
    """A payment that is to count towards an order; `amount` in minor units."""

    order_id: UUID
    payment_id: UUID
    amount: int
    currency: str
    means: str = DEPOSIT


_LOCK = "SELECT id FROM orders_order WHERE id = ANY (%(orders)s) ORDER BY id FOR NO KEY UPDATE"
# All of the price is never credited: a payment makes an order paid, and there must be one.
_CREDIT = """
    INSERT INTO orders_credit (order_id, payment_id, amount, currency, means, at)
    SELECT o.id, a.payment_id, a.amount, a.currency, a.means, %(now)s
    FROM (
        SELECT new.*, sum(amount) OVER (PARTITION BY order_id ORDER BY n) AS running
        FROM unnest(%(orders)s, %(payments)s, %(amounts)s, %(currencies)s, %(means)s)
             WITH ORDINALITY AS new (order_id, payment_id, amount, currency, means, n)
        WHERE amount > 0 AND NOT EXISTS (SELECT 1 FROM orders_credit AS c WHERE c.payment_id = new.payment_id)
    ) AS a
    JOIN orders_order AS o ON o.id = a.order_id
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(amount), 0) AS amount FROM orders_credit AS c
        WHERE c.order_id = o.id AND c.revoked_at IS NULL
    ) AS had
    WHERE o.status = 1 AND a.currency = o.currency AND had.amount + a.running < o.total
    ON CONFLICT DO NOTHING
"""
_CREDITED = """
    SELECT order_id, payment_id FROM orders_credit WHERE order_id = ANY (%(orders)s) AND revoked_at IS NULL
"""
_REVOKE = """
    UPDATE orders_credit AS credit SET revoked_at = %(now)s FROM orders_order AS o
    WHERE o.id = credit.order_id AND o.id = ANY (%(orders)s) AND o.status IN (3, 4) AND credit.revoked_at IS NULL
"""
_REVOKED = """
    SELECT order_id FROM orders_credit WHERE order_id = ANY (%(orders)s) AND revoked_at IS NOT NULL
"""


@retried
def credit(advances: Sequence[Advance], *, now: datetime) -> list[bool]:
    """Count payments towards orders that wait for money; return whether each counts, now or since an earlier call.

    A payment counts once. Credits of one order never make up all of it together. False: the order is paid, dead, unknown, or would cost nothing more; then the
    payment is its caller's to give back.
    """
    if not advances:
        return []
    with durable_batch() as batch:
        key = {"orders": uuids(sorted({a.order_id for a in advances}))}
        batch.query(_LOCK, key)
        batch.query(
            _CREDIT,
            {
                "now": now,
                "orders": uuids([a.order_id for a in advances]),
                "payments": uuids([a.payment_id for a in advances]),
                "amounts": int8s([a.amount for a in advances]),
                "currencies": texts([a.currency for a in advances]),
                "means": int4s([MEANS[a.means] for a in advances]),
            },
        )
        counted = {(order, payment) for order, payment in batch.query(_CREDITED, key)}
    return [(a.order_id, a.payment_id) in counted for a in advances]


@retried
def revoke(order_ids: Sequence[UUID], *, now: datetime) -> set[UUID]:
    """Take credits back from orders that expired or were cancelled; return the orders whose credits are taken back.

    From then on the order's late payment is of a wrong amount, and goes back in full. An order that was paid late
    after all keeps its credit.
    """
    if not order_ids:
        return set()
    with durable_batch() as batch:
        key = {"orders": uuids(sorted(set(order_ids)))}
        batch.query(_LOCK, key)
        batch.query(_REVOKE, {**key, "now": now})
        return {row[0] for row in batch.query(_REVOKED, key)}
