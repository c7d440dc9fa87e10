"""Beginning to pay: what we are about to ask a provider for, written down before it hears of it."""

from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from django.db import connection, transaction

from setaria.kernel.ids import new_id
from setaria.kernel.pipeline import Value
from setaria.kernel.questions import Question, ask, rows_of
from setaria.trade.orders.models import Status
from setaria.trade.payments import providers
from setaria.trade.payments.models import Payment

FIRST_ASK = timedelta(seconds=30)


class Refusal(StrEnum):
    """Why a payment was not started; nothing was written."""

    UNKNOWN_ORDER = "UNKNOWN_ORDER"  # no such order of this customer
    NOT_PAYABLE = "NOT_PAYABLE"  # paid, cancelled or expired
    TOO_LATE = "TOO_LATE"  # its time to pay is over, though nobody has expired it yet


# Locked, so that two clicks at once find each other's attempt.
_LOCK = """
    SELECT status, pay_by, total, currency FROM orders_order WHERE id = %s AND customer_id = %s FOR NO KEY UPDATE
"""
# What counts already, and what was taken off a card in this very moment and is about to count.
_CREDIT = """
    SELECT coalesce((SELECT sum(amount) FROM orders_credit WHERE order_id = %(order)s AND revoked_at IS NULL), 0)::bigint
         + coalesce((SELECT -sum(m.amount) FROM giftcards_movement AS m
                     WHERE m.order_id = %(order)s AND m.kind = 2
                       AND NOT EXISTS (SELECT 1 FROM giftcards_movement AS b WHERE b.id = m.id AND b.kind = 3)
                       AND NOT EXISTS (SELECT 1 FROM orders_credit AS c WHERE c.payment_id = m.id)
                       AND NOT EXISTS (SELECT 1 FROM orders_settlement AS s WHERE s.payment_id = m.id)), 0)::bigint
"""
_BEGUN = f"WHERE order_id = %(order)s AND provider = %(provider)s AND status = '{Payment.Status.STARTED}' ORDER BY id"


def start(order_id: UUID, customer_id: int, provider: str, now: datetime) -> Payment | Refusal:
    """Record an attempt to pay what is left of an order and return it, or say why not.

    An attempt with the same provider that has not ended is returned again: a buyer who clicks twice, or comes back,
    pays once. Raises KeyError for a provider that is not installed. Asks the provider nothing; from now on the worker
    asks it what became of the payment (`ask.py`).
    """
    chosen = providers.get(provider)
    about: dict[str, Value] = {"order": order_id, "provider": provider}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_LOCK, [order_id, customer_id])
        order = cursor.fetchone()
        if order is None:
            return Refusal.UNKNOWN_ORDER
        status, pay_by, total, currency = order
        if status != Status.PLACED:
            return Refusal.NOT_PAYABLE
        if pay_by <= now:
            return Refusal.TOO_LATE
        [[(credit,)], attempts] = ask(Question(_CREDIT, about), rows_of(Payment, _BEGUN, about))
        due = total - credit
        if due <= 0:
            return Refusal.NOT_PAYABLE
        begun: Payment | None = next((payment for payment in attempts if payment.amount == due), None)
        return begun or Payment.objects.create(
            id=new_id(),
            order_id=order_id,
            provider=provider,
            customer_id=customer_id,
            amount=due,
            currency=currency,
            started_at=now,
            ask_at=first_ask(chosen, now),
        )


def first_ask(provider: providers.Provider, now: datetime) -> datetime | None:
    """Return when a provider is first asked about a payment that begins now, if nobody told us by then."""
    return now + FIRST_ASK if provider.waits else None


def credited(order_id: UUID) -> int:
    """Return what counts towards an order already (minor units): a deposit, gift cards, or nothing."""
    [[(credit,)]] = ask(Question(_CREDIT, {"order": order_id}))
    return int(credit)
