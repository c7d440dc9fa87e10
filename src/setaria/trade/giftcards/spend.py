"""Paying with a card: taken off it first, counted towards the order then, so that a crash between loses nothing.

A spending has one id. It is a credit of its order, or the settlement that makes the order paid, or it comes back; `heal`
asks again for those that are none of these yet. Nothing is counted twice, since credits and settlements know each
payment once, and nothing comes back twice, since a coming back has the spending's key.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec
from django.db import connection, transaction

from setaria.kernel.ids import new_id
from setaria.trade.giftcards.models import Card
from setaria.trade.orders.credit import GIFT_CARD, Advance, credit, revoke
from setaria.trade.orders.settle import Money, settle

STALE = timedelta(minutes=1)
HEAL_MAX = 500
NEEDED = 1  # minor unit: an order paid by nothing else is settled, and never by less


class Refusal(StrEnum):
    """Why a card pays nothing; nothing was changed."""

    UNKNOWN_ORDER = "UNKNOWN_ORDER"  # no such order of this customer
    NOT_PAYABLE = "NOT_PAYABLE"  # paid, dead, too late, or all of it is being paid
    PAYING = "PAYING"  # a payment of the sum without the card has begun elsewhere
    EMPTY = "EMPTY"  # nothing is left on it
    OTHER_MARKET = "OTHER_MARKET"  # another currency's
    BLOCKED = "BLOCKED"  # by the staff


class Spent(msgspec.Struct, frozen=True):
    """What a card pays towards an order (minor units of the order's currency)."""

    id: UUID
    order_id: UUID
    amount: int
    currency: str


_ORDER = """
    SELECT status, total, currency, pay_by, market_id FROM orders_order
    WHERE id = %(order)s AND customer_id = %(customer)s FOR NO KEY UPDATE
"""
# What is paid or promised already: credits that count, and cards' money that is on its way to be counted.
_GIVEN = """
    SELECT coalesce((SELECT sum(amount) FROM orders_credit WHERE order_id = %(order)s AND revoked_at IS NULL), 0)
         + coalesce((SELECT sum(-m.amount) FROM giftcards_movement AS m
                     WHERE m.order_id = %(order)s AND m.kind = 2
                       AND NOT EXISTS (SELECT 1 FROM giftcards_movement AS b WHERE b.id = m.id AND b.kind = 3)
                       AND NOT EXISTS (SELECT 1 FROM orders_credit AS c WHERE c.payment_id = m.id)), 0)
"""
_BEGUN = "SELECT 1 FROM payments_payment WHERE order_id = %(order)s AND status = 'started' LIMIT 1"
_CARD = "SELECT balance, market_id FROM giftcards_card WHERE id = %(card)s FOR NO KEY UPDATE"
# Read after the card is locked: who blocks it holds that lock.
_BLOCKED = "SELECT 1 FROM giftcards_block WHERE card_id = %(card)s AND lifted_at IS NULL"
_TAKE = """
    WITH taken AS (UPDATE giftcards_card SET balance = balance - %(amount)s WHERE id = %(card)s RETURNING id)
    INSERT INTO giftcards_movement (id, kind, card_id, amount, order_id, at)
    SELECT %(id)s, 2, id, -%(amount)s, %(order)s, %(now)s FROM taken
"""


def spend(card: Card, order_id: UUID, customer_id: int, *, now: datetime) -> Spent | Refusal:
    """Pay an order with a card: all that is due, or all that is left on it; return what it paid, or why not.

    Pressed twice it finds nothing left, or nothing due.
    """
    with transaction.atomic(durable=True):
        taken = _take(card.pk, order_id, customer_id, now)
    if isinstance(taken, Spent):
        apply([taken], now=now)
    return taken


def _take(card_id: UUID, order_id: UUID, customer_id: int, now: datetime) -> Spent | Refusal:
    key: dict[str, Any] = {"order": order_id, "customer": customer_id, "card": card_id}
    with connection.cursor() as cursor:
        cursor.execute(_ORDER, key)
        order = cursor.fetchone()
        if order is None:
            return Refusal.UNKNOWN_ORDER
        status, total, currency, pay_by, market_id = order
        cursor.execute(_GIVEN, key)
        due = total - _number(cursor.fetchone())
        if status != 1 or pay_by <= now or due < NEEDED:
            return Refusal.NOT_PAYABLE
        cursor.execute(_BEGUN, key)
        if cursor.fetchone():
            return Refusal.PAYING
        cursor.execute(_CARD, key)
        balance, card_market = cursor.fetchone()
        cursor.execute(_BLOCKED, key)
        if cursor.fetchone():
            return Refusal.BLOCKED
        if card_market != market_id:
            return Refusal.OTHER_MARKET
        if balance == 0:
            return Refusal.EMPTY
        spent = Spent(new_id(), order_id, min(balance, due), currency)
        cursor.execute(_TAKE, {**key, "id": spent.id, "amount": spent.amount, "now": now})
    return spent


def _number(row: Sequence[object] | None) -> int:
    return int(str(row[0])) if row else 0


_DUE = """
    SELECT o.id, o.total - coalesce((SELECT sum(amount) FROM orders_credit AS c
                                     WHERE c.order_id = o.id AND c.revoked_at IS NULL), 0)
    FROM orders_order AS o WHERE o.id = ANY (%(orders)s)
"""


def apply(spent: Sequence[Spent], *, now: datetime) -> None:
    """Count spendings towards their orders; what does not count comes back. Again is harmless.

    One that covers all that is due settles the order; should that fail, the money goes back through the outbox of
    refunds, as any provider's does. The others are credits.
    """
    for one in spent:
        with connection.cursor() as cursor:
            cursor.execute(_DUE, {"orders": [one.order_id]})
            due = {order: int(amount) for order, amount in cursor.fetchall()}
        if one.amount >= due.get(one.order_id, 0):
            settle([Money(one.order_id, one.id, GIFT_CARD, one.amount, one.currency)], now=now)
        elif credit([Advance(one.order_id, one.id, one.amount, one.currency, GIFT_CARD)], now=now) != [True]:
            give_back([one.id], now=now)


_BACK = """
    WITH gone AS (
        INSERT INTO giftcards_movement (id, kind, card_id, amount, order_id, at)
        SELECT id, 3, card_id, -amount, order_id, %(now)s FROM giftcards_movement WHERE id = ANY (%(ids)s) AND kind = 2
        ON CONFLICT DO NOTHING RETURNING card_id, amount
    )
    UPDATE giftcards_card AS card SET balance = balance + sum
    FROM (SELECT card_id, sum(amount) AS sum FROM gone GROUP BY 1) AS back WHERE card.id = back.card_id
"""


def give_back(ids: Sequence[UUID], *, now: datetime) -> None:
    """Put what was spent back onto its cards, each once."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM giftcards_card WHERE id IN (SELECT card_id FROM giftcards_movement WHERE id = ANY (%s))"
            " ORDER BY id FOR NO KEY UPDATE",
            [list(ids)],
        )
        cursor.execute(_BACK, {"ids": list(ids), "now": now})


_OPEN = """
    SELECT m.id, m.order_id, -m.amount, o.currency FROM giftcards_movement AS m
    JOIN orders_order AS o ON o.id = m.order_id
    WHERE m.kind = 2 AND m.at > %(since)s AND m.at < %(before)s
      AND NOT EXISTS (SELECT 1 FROM giftcards_movement AS b WHERE b.id = m.id AND b.kind = 3)
      AND NOT EXISTS (SELECT 1 FROM orders_credit AS c WHERE c.payment_id = m.id)
      AND NOT EXISTS (SELECT 1 FROM orders_settlement AS s WHERE s.payment_id = m.id AND s.order_id = m.order_id)
    LIMIT %(limit)s
"""
_DEAD = """
    SELECT c.order_id, c.payment_id FROM orders_credit AS c JOIN orders_order AS o ON o.id = c.order_id
    WHERE c.means = 2 AND c.at > %(since)s AND o.status IN (3, 4)
      AND NOT EXISTS (SELECT 1 FROM giftcards_movement AS b WHERE b.id = c.payment_id AND b.kind = 3)
    LIMIT %(limit)s
"""
LIVES = timedelta(days=60)  # longer than any order waits for its money
LOOK_BACK = timedelta(days=2)  # a spending that nobody counted for so long would be named by the audit


def heal(*, now: datetime) -> int:
    """Count spendings that a crash left uncounted, and give back what dead orders were credited; return how many."""
    with connection.cursor() as cursor:
        cursor.execute(_OPEN, {"since": now - LOOK_BACK, "before": now - STALE, "limit": HEAL_MAX})
        left = [Spent(*row) for row in cursor.fetchall()]
        apply(left, now=now)
        cursor.execute(_DEAD, {"since": now - LIVES, "limit": HEAL_MAX})
        dead = cursor.fetchall()
    revoked = revoke([order for order, _ in dead], now=now)
    back = [payment for order, payment in dead if order in revoked]
    if back:
        give_back(back, now=now)
    return len(left) + len(back)
