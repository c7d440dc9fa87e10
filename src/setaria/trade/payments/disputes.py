"""Disputes: a buyer's bank wants a payment back. The provider holds the money until it is won or lost.

Known by the provider's own name, so what is told twice, or in another order, is one. While one is open no refund of its
payment is sent: the buyer would have the money twice. A lost one has given the buyer the money, so refunds count as sent by
it, in part where it reaches no further, whether they waited or come later. What was sent back before, or at the same time, is
told to a person.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID, uuid5

import structlog
from django.db import connection, transaction
from django.db.models import Sum

from setaria.trade.payments.cases import Kind, Trouble, open_cases
from setaria.trade.payments.models import Dispute, Payment, Refund
from setaria.trade.payments.words import Quarrel, Stand

NAMESPACE = UUID("5e7a81aa-0000-4000-8000-00000000d15b")
BY_DISPUTE = "dispute"  # who has sent a refund: nobody of ours
NOTE_CHARS_MAX = 400
LATE = timedelta(minutes=1)  # so long a dispute may be under way before others see it

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
    RETURNING payment_id, outcome, opened_at
"""
# What lost disputes of a payment gave its buyer, less the refunds that counted as sent by them.
_LEFT = """
    SELECT coalesce((SELECT sum(amount) FROM payments_dispute WHERE payment_id = %(payment)s AND outcome = 'lost'), 0)
         - coalesce((SELECT sum(amount) FROM payments_refund WHERE payment_id = %(payment)s AND sent_by = %(by)s), 0)
"""
# Sent before it was disputed, or at the same time; what is sent once it was won has nothing to do with it.
_SENT = "SELECT coalesce(sum(amount), 0) FROM payments_refund WHERE payment_id = %s AND sent_by <> %s AND sent_at < %s"


def dispute_id(provider: str, reference: str) -> UUID:
    """Return the id of a dispute: it follows from who tells of it, and its name there."""
    return uuid5(NAMESPACE, f"{provider} {reference}")


def hear(provider: str, told: Sequence[Quarrel], *, now: datetime) -> None:
    """Note what a provider tells of disputes; told again it changes nothing."""
    for each in told:
        payment = Payment.objects.filter(provider=provider, reference=each.payment).first() if each.payment else None
        id = dispute_id(provider, each.reference)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                _HEAR,
                {"id": id, "provider": provider, "reference": each.reference[:80], "amount": each.amount,
                 "payment": payment.pk if payment else None, "order": payment.order_id if payment else None,
                 "currency": each.currency, "now": now, "stand": each.stand},
            )  # fmt: skip
            payment_id, outcome, opened_at = cursor.fetchone() or (None, "", now)
            if outcome == Stand.LOST:
                cover(payment_id, now=now)
        if payment is not None:  # each time it is told: who heard it first may have died just here
            _tell_if_sent(payment, each.reference, each.amount, opened_at, now)


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
    dispute = _open(id)
    if dispute is None:
        return Answer.UNKNOWN
    dispute.ended_at, dispute.outcome, dispute.fee = now, (Stand.WON if won else Stand.LOST).value, fee
    dispute.held_at = dispute.held_at or (None if won else now)
    dispute.ended_by, dispute.note = by.strip()[:254], note.strip()[:NOTE_CHARS_MAX]
    dispute.save()
    if not won:
        cover(dispute.payment_id, now=now)
    return Answer.ENDED


def _open(id: UUID) -> Dispute | None:
    """A dispute that has not ended, locked: the first end stands."""
    return Dispute.objects.select_for_update(no_key=True).filter(pk=id, ended_at=None).first()


def cover(payment_id: UUID | None, *, now: datetime) -> int:
    """Count refunds of a payment that wait as sent by its lost disputes, the oldest first, as far as those gave back.

    Of one that is covered in part, that part becomes a refund of its own; the rest keeps its id, under which it may have
    been asked for. Again it covers nothing more. Return how many.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        waiting = _waiting(payment_id) if payment_id else []
        if not waiting:
            return 0
        cursor.execute(_LEFT, {"payment": payment_id, "by": BY_DISPUTE})
        left, covered = int((cursor.fetchone() or (0,))[0]), 0
        for each in waiting:
            if left <= 0:
                break
            if each.amount <= left:
                Refund.objects.filter(pk=each.pk).update(sent_at=now, sent_by=BY_DISPUTE)
            else:
                _split(each, left, now)
            covered += 1
            left -= each.amount
    if covered:
        log.info("refunds_covered_by_dispute", payment=str(payment_id), refunds=covered)
    return covered


def _waiting(payment_id: UUID) -> list[Refund]:
    """A payment's refunds that were not sent, locked: two that cover at once see what the other covered."""
    waiting = Refund.objects.select_for_update(no_key=True).filter(payment_id=payment_id, sent_at=None)
    return list(waiting.order_by("due_at", "pk"))


def _split(refund: Refund, part: int, now: datetime) -> None:
    Refund.objects.filter(pk=refund.pk).update(amount=refund.amount - part)
    own = {field.attname: getattr(refund, field.attname) for field in Refund._meta.concrete_fields}
    own |= {
        "id": uuid5(refund.pk, f"{BY_DISPUTE} of {refund.amount}"),
        "amount": part,
        "sent_at": now,
        "sent_by": BY_DISPUTE,
    }
    Refund.objects.create(**own)


def cover_lost(due: Sequence[Refund], *, now: datetime) -> bool:
    """Cover those of these refunds whose payments' buyers a lost dispute has given the money; say whether there are any."""
    lost = Dispute.objects.filter(payment_id__in={each.payment_id for each in due}, outcome=Stand.LOST)
    payments = lost.values_list("payment_id", flat=True).distinct()
    return sum(cover(payment, now=now) for payment in payments) > 0


def given_back(order_ids: Collection[UUID]) -> dict[UUID, int]:
    """Return what buyers' banks gave back of each order's payments (minor units); one query, none where none is asked about."""
    if not order_ids:
        return {}
    lost = Dispute.objects.filter(order_id__in=order_ids, outcome=Stand.LOST).order_by()
    return dict(lost.values_list("order_id").annotate(sum=Sum("amount")))


def tell_if_disputed(sent: Sequence[Refund], *, now: datetime) -> None:
    """Tell a person of refunds that were sent while their payment was being disputed; one query, mostly.

    Whoever notes the dispute looks for refunds after it, and who sends looks for disputes after: one sees the other.
    """
    payments = {each.payment_id for each in sent}
    for dispute in Dispute.objects.filter(payment_id__in=payments, opened_at__gt=now - LATE):
        payment = Payment.objects.filter(pk=dispute.payment_id).first() if dispute.payment_id else None
        if payment is not None:
            _tell_if_sent(payment, dispute.reference, dispute.amount, dispute.opened_at, now)


def _tell_if_sent(payment: Payment, reference: str, amount: int, opened_at: datetime, now: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_SENT, [payment.pk, BY_DISPUTE, opened_at + LATE])
        sent = int((cursor.fetchone() or (0,))[0])
    if sent:
        text = f"Of this payment {sent} of the minor unit was sent back before it was disputed: show the bank so."
        trouble = Trouble(
            Kind.DISPUTE, payment.provider, f"{reference} after refund"[:80], payment.pk, payment.order_id, amount,
            payment.currency, text,
        )  # fmt: skip
        open_cases([trouble], now=now)
