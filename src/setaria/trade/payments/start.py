"""Beginning to pay: what we are about to ask a provider for, written down before it hears of it."""

from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from django.db import transaction
from django.db.models import Sum

from setaria.kernel.ids import new_id
from setaria.trade.orders.models import Credit, Order, Status
from setaria.trade.payments import providers
from setaria.trade.payments.models import Payment

FIRST_ASK = timedelta(seconds=30)


class Refusal(StrEnum):
    """Why a payment was not started; nothing was written."""

    UNKNOWN_ORDER = "UNKNOWN_ORDER"  # no such order of this customer
    NOT_PAYABLE = "NOT_PAYABLE"  # paid, cancelled or expired
    TOO_LATE = "TOO_LATE"  # its time to pay is over, though nobody has expired it yet


def start(order_id: UUID, customer_id: int, provider: str, now: datetime) -> Payment | Refusal:
    """Record an attempt to pay what is left of an order and return it, or say why not.

    An attempt with the same provider that has not ended is returned again: a buyer who clicks twice, or comes back,
    pays once. Raises KeyError for a provider that is not installed. Asks the provider nothing; from now on the worker
    asks it what became of the payment (`ask.py`).
    """
    chosen = providers.get(provider)
    with transaction.atomic():
        # Locked, so that two clicks at once find each other's attempt.
        order = Order.objects.select_for_update(no_key=True).filter(pk=order_id, customer_id=customer_id).first()
        if order is None:
            return Refusal.UNKNOWN_ORDER
        if order.status != Status.PLACED:
            return Refusal.NOT_PAYABLE
        if order.pay_by <= now:
            return Refusal.TOO_LATE
        due = order.total - credited(order_id)
        begun = Payment.objects.filter(
            order_id=order_id, provider=provider, status=Payment.Status.STARTED, amount=due
        ).first()
        return begun or Payment.objects.create(
            id=new_id(),
            order_id=order_id,
            provider=provider,
            customer_id=customer_id,
            amount=due,
            currency=order.currency,
            started_at=now,
            ask_at=first_ask(chosen, now),
        )


def first_ask(provider: providers.Provider, now: datetime) -> datetime | None:
    """Return when a provider is first asked about a payment that begins now, if nobody told us by then."""
    return now + FIRST_ASK if provider.waits else None


def credited(order_id: UUID) -> int:
    """Return what counts towards an order already (minor units): a deposit, gift cards, or nothing."""
    return Credit.objects.filter(order_id=order_id, revoked_at=None).aggregate(sum=Sum("amount"))["sum"] or 0
