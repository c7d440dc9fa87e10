"""Money that must go back: collected from settlements that could not be applied, sent through their provider."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

import structlog
from django.db import connection, transaction
from django.db.models import Exists, OuterRef

from setaria.trade.payments import providers
from setaria.trade.payments.cases import Kind, Trouble, open_cases, resolve
from setaria.trade.payments.disputes import cover_lost, tell_if_disputed
from setaria.trade.payments.models import Case, Dispute, Payment, Refund
from setaria.trade.payments.providers import TURN_SECONDS
from setaria.trade.payments.words import Refused

SEND_MAX = 500
RETRY_AFTER = timedelta(seconds=30)
REFUSED_AGAIN_AFTER = timedelta(hours=6)

log = structlog.get_logger(__name__)


def collect(*, now: datetime) -> int:
    """Note a refund for every settlement that could not be applied and has none yet; return how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO payments_refund (id, payment_id, order_id, provider, amount, currency, reason, due_at)
            SELECT s.payment_id, s.payment_id, s.order_id, s.provider, s.amount, s.currency,
                   CASE s.outcome WHEN 2 THEN 'sold out' WHEN 3 THEN 'wrong amount' ELSE 'not payable' END, %s
            FROM orders_settlement AS s
            WHERE s.outcome <> 1 AND NOT EXISTS (SELECT 1 FROM payments_refund AS r WHERE r.payment_id = s.payment_id)
            ON CONFLICT DO NOTHING
            """,
            [now],
        )
        return cursor.rowcount


def send_due(*, now: datetime, clock: Callable[[], float] = time.monotonic) -> int:
    """Ask the providers to send up to `SEND_MAX` refunds that are due; return how many they took.

    No more are asked for once `TURN_SECONDS` have passed by `clock`: they stay due, for a call with a later `now`.

    The provider is asked outside of any transaction, under the refund's id as idempotency key, so a crash between
    its answer and our note makes us ask again and it answer the same. One that the provider does not take is logged
    and stays due, behind the others; one that it refuses is a case, too. While a payment is disputed its refunds wait;
    what a lost dispute gave the buyer is not sent again.
    Call again while it returns `SEND_MAX`.
    """
    disputed = Dispute.objects.filter(payment_id=OuterRef("payment_id"), ended_at=None)
    waiting = Refund.objects.filter(~Exists(disputed), sent_at=None, due_at__lte=now)
    due = list(waiting.order_by("due_at")[:SEND_MAX])
    if due and cover_lost(due, now=now):
        due = list(waiting.order_by("due_at")[:SEND_MAX])
    payments = Payment.objects.in_bulk([refund.payment_id for refund in due])
    sent, began = [], clock()
    for refund in due:
        if clock() - began > TURN_SECONDS:
            break
        try:
            with providers.calling():
                providers.get(refund.provider).refund(refund, payments.get(refund.payment_id))
        except Exception as error:
            if isinstance(error, Refused):
                open_cases([_refused(refund, str(error))], now=now)
            log.exception("refund_not_taken", payment=str(refund.payment_id), provider=refund.provider)
            pause = REFUSED_AGAIN_AFTER if isinstance(error, Refused) else RETRY_AFTER
            Refund.objects.filter(pk=refund.pk).update(due_at=now + pause)
        else:
            if Refund.objects.filter(pk=refund.pk, sent_at=None, amount=refund.amount).update(sent_at=now):
                sent.append(refund)
            elif _changed(refund, now):
                open_cases([_twice(refund)], now=now)
    if sent:
        tell_if_disputed(sent, now=now)
    return len(sent)


def _changed(refund: Refund, now: datetime) -> bool:
    """Say whether somebody sent all or a part of a refund that its provider took meanwhile; what is left of it was sent."""
    left = Refund.objects.filter(pk=refund.pk, sent_at=None).update(sent_at=now)
    return bool(left) or Refund.objects.exclude(sent_by="").filter(pk=refund.pk).exists()


class Answer(StrEnum):
    """What became of noting that a refund was paid by bank."""

    NOTED = "NOTED"
    UNKNOWN = "UNKNOWN"  # no such refund, it was sent, or its provider has not said no; nothing was changed
    UNSIGNED = "UNSIGNED"  # no note, or nobody's name; nothing was changed


def paid_by_bank(refund_id: UUID, *, note: str, by: str, now: datetime) -> Answer:
    """Note that somebody paid a refund by bank transfer that its provider refuses to send, and close its case.

    Whoever comes second changes nothing. Should the provider take it after all in this instant, that is a case.
    """
    if not note.strip() or not by.strip():
        return Answer.UNSIGNED
    with transaction.atomic():
        case = Case.objects.filter(kind=Kind.REFUSED, reference=str(refund_id), resolved_at=None).first()
        if case is None:
            return Answer.UNKNOWN
        changed = Refund.objects.filter(pk=refund_id, sent_at=None).update(sent_at=now, sent_by=by.strip()[:254])
        if not changed:
            return Answer.UNKNOWN
        resolve(case.pk, note=note, by=by, now=now)
    return Answer.NOTED


def _twice(refund: Refund) -> Trouble:
    return Trouble(
        Kind.CONFLICT, refund.provider, f"{refund.pk} twice", refund.payment_id, refund.order_id, refund.amount,
        refund.currency, "Paid back by bank or by a lost dispute, and taken by the provider at the same time.",
    )  # fmt: skip


def _refused(refund: Refund, why: str) -> Trouble:
    return Trouble(
        Kind.REFUSED, refund.provider, str(refund.pk), refund.payment_id, refund.order_id, refund.amount,
        refund.currency, why,
    )  # fmt: skip
