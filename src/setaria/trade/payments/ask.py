"""Asking providers what became of payments that nobody told us about: a lost notification, a crash, a slow buyer.

Bounded: the pauses double, after `ASKS_MAX` a person is asked instead, and a payment whose order can no longer be paid
is closed at the provider, so that nobody pays for what is gone.
"""

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

import structlog
from django.db import connection

from setaria.trade.payments import providers
from setaria.trade.payments.begin import refer
from setaria.trade.payments.cases import Kind, Trouble, open_cases
from setaria.trade.payments.models import Payment
from setaria.trade.payments.notify import News, translate
from setaria.trade.payments.providers import TURN_SECONDS
from setaria.trade.payments.words import Down, Refused, State, Word

ASK_MAX = 20  # payments a call
ASKS_MAX = 80  # about three days

log = structlog.get_logger(__name__)

# Taken by moving its next time ahead: two workers never ask about the same, and one that dies loses nothing.
_TAKE = """
    UPDATE payments_payment SET asked = asked + 1,
           ask_at = CASE WHEN asked + 1 < %(asks)s
                    THEN %(now)s + least(interval '30 seconds' * power(2, least(asked, 12)), interval '1 hour') END
    WHERE id = (SELECT id FROM payments_payment WHERE status = 'started' AND ask_at <= %(now)s
                ORDER BY ask_at LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING id
"""


class Hear(Protocol):
    """What applies news."""

    def __call__(self, news: Sequence[News], *, now: datetime) -> object:
        """Apply them."""


class Wanted(Protocol):
    """What knows whether something can still be paid."""

    def __call__(self, payment: Payment, *, now: datetime) -> bool:
        """Say whether what this payment is for can."""


def ask_due(
    *, now: datetime, hear: Hear, wanted: Wanted, limit: int = ASK_MAX, clock: Callable[[], float] = time.monotonic
) -> int:
    """Ask about up to `limit` payments that are due, and let `hear` apply the answers; return how many were asked.

    No more are asked about once `TURN_SECONDS` have passed by `clock`: they stay due, for a call with a later `now`.
    Call again while it returns `limit`.
    """
    began = clock()
    for asked in range(limit):
        if clock() - began > TURN_SECONDS or not (payment := _take(now)):
            return asked
        _ask_about(payment, now, hear, wanted)
    return limit


def _take(now: datetime) -> Payment | None:
    """Take the payment that has been due the longest: none is taken that may have to wait for a slow provider first."""
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, {"now": now, "asks": ASKS_MAX})
        taken = cursor.fetchone()
    return Payment.objects.get(pk=taken[0]) if taken else None


def _ask_about(payment: Payment, now: datetime, hear: Hear, wanted: Wanted) -> None:
    try:
        word = _ask(payment, wanted(payment, now=now))
    except (Down, Refused, KeyError) as error:
        log.warning("provider_not_asked", provider=payment.provider, payment=str(payment.pk), error=repr(error))
        word = Word(payment.pk, State.OPEN)
    if word.state in (State.SUCCEEDED, State.FAILED):
        hear(translate(payment.provider, [word], now=now), now=now)
    elif payment.ask_at is None:
        open_cases([_stuck(payment)], now=now)


def _ask(payment: Payment, wanted: bool) -> Word:
    provider = providers.get(payment.provider)
    with providers.calling():
        word = provider.ask(payment)
    refer(payment, word.reference)
    if word.state is State.AUTHORISED and wanted:
        with providers.calling():
            return provider.capture(payment)
    if word.state in (State.OPEN, State.AUTHORISED) and not wanted:
        with providers.calling():
            return provider.close(payment)
    return word


def _stuck(payment: Payment) -> Trouble:
    return Trouble(
        Kind.STUCK, payment.provider, str(payment.pk), payment.pk, payment.order_id, payment.amount, payment.currency,
        f"Asked {payment.asked} times without an end.",
    )  # fmt: skip
