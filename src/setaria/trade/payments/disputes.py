"""Disputes: a buyer's bank wants a payment back. The provider holds the money until it is won or lost.

Known by the provider's own name, so what is told twice, or in another order, is one. While one is open no refund of its
payment is sent: the buyer would have the money twice. A lost one has given the buyer the money, so refunds that waited
count as sent by it. What was sent back before and is disputed all the same is told to a person.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from uuid import UUID, uuid5

import structlog
from django.db import connection, transaction

from setaria.trade.payments.cases import Kind, Trouble, open_cases
from setaria.trade.payments.models import Dispute, Payment
from setaria.trade.payments.words import Quarrel, Stand

NAMESPACE = UUID("5e7a81aa-0000-4000-8000-00000000d15b")
BY_DISPUTE = "dispute"  # who has sent a refund: nobody of ours
NOTE_CHARS_MAX = 400

log = structlog.get_logger(__name__)

_HEAR = """
    INSERT INTO payments_dispute AS d (id, provider, reference, payment_id, order_id, amount, fee, currency, opened_at,
                                       held_at, ended_at, outcome, ended_by, note)
    VALUES (%(id)s, %(provider)s, %(reference)s, %(payment)s, %(order)s, %(amount)s, 0, %(currency)s, %(now)s,
            CASE WHEN %(stand)s IN ('held', 'lost') THEN %(now)s::timestamptz END,
            CASE WHEN %(stand)s IN ('won', 'lost') THEN %(now)s::timestamptz END,
            CASE WHEN %(stand)s IN ('won', 'lost') THEN %(stand)s ELSE '' END, '', '')
    ON CONFLICT (id) DO UPDATE SET
        held_at = coalesce(d.held_at, excluded.held_at), ended_at = coalesce(d.ended_at, excluded.ended_at),
        outcome = CASE d.outcome WHEN '' THEN excluded.outcome ELSE d.outcome END
    RETURNING payment_id, outcome, amount
"""
# The oldest first, as far as the buyer's bank has given back.
_COVERED = """
    UPDATE payments_refund AS r SET sent_at = %(now)s, sent_by = %(by)s
    FROM (SELECT id, sum(amount) OVER (ORDER BY due_at, id) AS running FROM payments_refund
          WHERE payment_id = %(payment)s AND sent_at IS NULL) AS waiting
    WHERE r.id = waiting.id AND r.sent_at IS NULL AND waiting.running <= %(amount)s
"""
_SENT = "SELECT coalesce(sum(amount), 0) FROM payments_refund WHERE payment_id = %s AND sent_at IS NOT NULL AND sent_by <> %s"


def hear(provider: str, told: Sequence[Quarrel], *, now: datetime) -> None:
    """Note what a provider tells of disputes; told again it changes nothing."""
    for each in told:
        payment = Payment.objects.filter(provider=provider, reference=each.payment).first() if each.payment else None
        id = uuid5(NAMESPACE, f"{provider} {each.reference}")
        with transaction.atomic(), connection.cursor() as cursor:
            new = not Dispute.objects.filter(pk=id).exists()
            cursor.execute(
                _HEAR,
                {"id": id, "provider": provider, "reference": each.reference[:80], "amount": each.amount,
                 "payment": payment.pk if payment else None, "order": payment.order_id if payment else None,
                 "currency": each.currency, "now": now, "stand": each.stand},
            )  # fmt: skip
            payment_id, outcome, amount = cursor.fetchone() or (None, "", 0)
            if outcome == Stand.LOST:
                _cover(payment_id, amount, now)
        if new and payment is not None:
            _tell_if_sent(id, payment, each, now)


class Answer(StrEnum):
    """What became of ending a dispute."""

    ENDED = "ENDED"
    UNKNOWN = "UNKNOWN"  # no such dispute, or it has ended; nothing was changed
    UNSIGNED = "UNSIGNED"  # no note, or nobody's name; nothing was changed


@transaction.atomic
def end(id: UUID, *, won: bool, fee: int, note: str, by: str, now: datetime) -> Answer:
    """End a dispute whose provider does not tell how it ended; `fee` (minor units) only where no file of it tells that."""
    if not note.strip() or not by.strip() or fee < 0:
        return Answer.UNSIGNED
    dispute = Dispute.objects.select_for_update(no_key=True).filter(pk=id, ended_at=None).first()
    if dispute is None:
        return Answer.UNKNOWN
    dispute.ended_at, dispute.outcome, dispute.fee = now, (Stand.WON if won else Stand.LOST).value, fee
    dispute.held_at = dispute.held_at or (None if won else now)
    dispute.ended_by, dispute.note = by.strip()[:254], note.strip()[:NOTE_CHARS_MAX]
    dispute.save()
    if not won:
        _cover(dispute.payment_id, dispute.amount, now)
    return Answer.ENDED


def _cover(payment_id: UUID | None, amount: int, now: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_COVERED, {"now": now, "by": BY_DISPUTE, "payment": payment_id, "amount": amount})
        if cursor.rowcount:
            log.info("refunds_covered_by_dispute", payment=str(payment_id), refunds=cursor.rowcount)


def _tell_if_sent(id: UUID, payment: Payment, told: Quarrel, now: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_SENT, [payment.pk, BY_DISPUTE])
        sent = int((cursor.fetchone() or (0,))[0])
    if sent:
        text = f"Of this payment {sent} of the minor unit was sent back before it was disputed: show the bank so."
        trouble = Trouble(
            Kind.DISPUTE, payment.provider, f"{told.reference} after refund"[:80], payment.pk, payment.order_id,
            told.amount, told.currency, text,
        )  # fmt: skip
        open_cases([trouble], now=now)
