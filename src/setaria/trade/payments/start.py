"""Beginning to pay: what we are about to ask a provider for, written down before it hears of it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db import connection

from setaria.kernel.ids import new_id
from setaria.kernel.pipeline import Value
from setaria.kernel.questions import Question, ask
from setaria.trade.orders.models import Status
from setaria.trade.payments import providers
from setaria.trade.payments.models import Payment

FIRST_ASK = timedelta(seconds=30)


class Refusal(StrEnum):
    """Why a payment was not started; nothing was written."""

    UNKNOWN_ORDER = "UNKNOWN_ORDER"  # no such order of this customer
    NOT_PAYABLE = "NOT_PAYABLE"  # paid, cancelled or expired; or nothing is left to pay
    TOO_LATE = "TOO_LATE"  # its time to pay is over, though nobody has expired it yet


# So that two clicks at once find each other's attempt.
_LOCK = "SELECT FROM orders_order WHERE id = %(order)s AND customer_id = %(customer)s FOR NO KEY UPDATE"
# What counts already, and what was taken off a card in this very moment and is about to count.
_CREDIT = """
    SELECT coalesce((SELECT sum(amount) FROM orders_credit WHERE order_id = %(order)s AND revoked_at IS NULL), 0)::bigint
         + coalesce((SELECT -sum(m.amount) FROM giftcards_movement AS m
                     WHERE m.order_id = %(order)s AND m.kind = 2
                       AND NOT EXISTS (SELECT 1 FROM giftcards_movement AS b WHERE b.id = m.id AND b.kind = 3)
                       AND NOT EXISTS (SELECT 1 FROM orders_credit AS c WHERE c.payment_id = m.id)
                       AND NOT EXISTS (SELECT 1 FROM orders_settlement AS s WHERE s.payment_id = m.id)), 0)::bigint
"""
_COLUMNS = "id, order_id, purpose, customer_id, provider, amount, currency, status, started_at, ended_at, reference, ask_at, asked"
_START = f"""
    WITH own AS (
        SELECT status, pay_by, currency, total - ({_CREDIT}) AS due FROM orders_order
        WHERE id = %(order)s AND customer_id = %(customer)s
    ), payable AS (
        SELECT currency, due FROM own
        WHERE status = {Status.PLACED} AND pay_by > %(now)s AND due > 0 AND %(due)s IN (0, due)
    ), begun AS (
        SELECT {_COLUMNS} FROM payments_payment
        WHERE order_id = %(order)s AND provider = %(provider)s AND status = '{Payment.Status.STARTED}'
              AND amount = (SELECT due FROM payable)
        ORDER BY id LIMIT 1
    ), made AS (
        INSERT INTO payments_payment ({_COLUMNS})
        SELECT %(new)s, %(order)s, '{Payment.Purpose.ORDER}', %(customer)s, %(provider)s, due, currency,
               '{Payment.Status.STARTED}', %(now)s, NULL, '', CASE WHEN %(waits)s = 1 THEN %(first_ask)s END, 0
        FROM payable WHERE NOT EXISTS (SELECT FROM begun) RETURNING {_COLUMNS}
    )
    SELECT own.status, own.pay_by, payment.*
    FROM own LEFT JOIN (SELECT * FROM begun UNION ALL SELECT * FROM made) AS payment ON true
"""


def start(order_id: UUID, customer_id: int, provider: str, now: datetime) -> Payment | Refusal:
    """Record an attempt to pay what is left of an order and return it, or say why not.

    An attempt with the same provider that has not ended is returned again: a buyer who clicks twice, or comes back,
    pays once. Raises KeyError for a provider that is not installed. Asks the provider nothing; from now on the worker
    asks it what became of the payment (`ask.py`).
    """
    _, found = ask(*starting(order_id, customer_id, provider, now))
    if not found:
        return Refusal.UNKNOWN_ORDER
    [(status, pay_by, *columns)] = found
    if columns[0] is not None:
        return payment_of(columns)
    return Refusal.TOO_LATE if status == Status.PLACED and pay_by <= now else Refusal.NOT_PAYABLE


def starting(order_id: UUID, customer_id: int, provider: str, now: datetime, due: int = 0) -> list[Question]:
    """As `start`, to be asked together with what else is asked, in this order; with `due`, only if just so much is left.

    The last one's row is the order's status and its time to pay, then the payment (`payment_of`), empty if there is none.
    """
    ask_at = first_ask(providers.get(provider), now)
    about: dict[str, Value] = {
        "order": order_id, "customer": customer_id, "provider": provider, "now": now, "due": due, "new": new_id(),
        "waits": int(ask_at is not None), "first_ask": ask_at or now,
    }  # fmt: skip
    return [Question(_LOCK, about), Question(_START, about)]


def payment_of(columns: Sequence[Any]) -> Payment:
    """Read a payment's columns, as `starting` has them."""
    return Payment.from_db(connection.alias, _COLUMNS.split(", "), columns)


def first_ask(provider: providers.Provider, now: datetime) -> datetime | None:
    """Return when a provider is first asked about a payment that begins now, if nobody told us by then."""
    return now + FIRST_ASK if provider.waits else None


def credited(order_id: UUID) -> int:
    """Return what counts towards an order already (minor units): a deposit, gift cards, or nothing."""
    [[(credit,)]] = ask(Question(_CREDIT, {"order": order_id}))
    return int(credit)
