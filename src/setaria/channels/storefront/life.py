"""An order's life as steps in time: what happened, and what comes next."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

import msgspec

from setaria.trade.orders.models import Event, Order, Status
from setaria.trade.payments.models import Dispute, Payment, Refund
from setaria.trade.payments.promised import Door


class Step(StrEnum):
    """What a step is about."""

    PLACED = "placed"
    PAYING = "paying"
    PAY_FAILED = "pay_failed"
    PROMISED = "promised"
    PAID = "paid"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    WAIVED = "waived"
    REFUND_DUE = "refund_due"
    REFUND_SENT = "refund_sent"
    DISPUTED = "disputed"
    DISPUTE_WON = "dispute_won"
    DISPUTE_LOST = "dispute_lost"
    PAY_NEXT = "pay_next"
    DOOR_NEXT = "door_next"
    SEND_NEXT = "send_next"
    REFUND_NEXT = "refund_next"


class Moment(msgspec.Struct, frozen=True):
    """A step. `at` is None where nobody knows yet; `amount` in minor units, where the step is about money."""

    step: Step
    at: datetime | None
    amount: int | None = None
    coming: bool = False


_EVENTS = {
    Status.PLACED: Step.PLACED, Status.PAID: Step.PAID, Status.EXPIRED: Step.EXPIRED, Status.CANCELLED: Step.CANCELLED
}  # fmt: skip
_ENDED = {"won": Step.DISPUTE_WON, "lost": Step.DISPUTE_LOST}


def life_of(
    order: Order,
    events: Iterable[Event],
    payments: Iterable[Payment],
    refunds: Iterable[Refund],
    now: datetime,
    door: Door | None = None,
    gone: bool = False,
    disputes: Iterable[Dispute] = (),
) -> list[Moment]:
    """Return the steps of an order in the order of their times, those to come last; `door` where it is paid there, `gone` when
    all of it, or of its money, was taken back, so that nothing is sent any more; `disputes` about its payments.
    """
    past = [Moment(Step.PLACED, order.placed_at, order.total)]
    past += [Moment(_EVENTS[Status(e.status)], e.at) for e in events if e.status != Status.PLACED]
    if door is not None:
        past = [msgspec.structs.replace(each, step=Step.PROMISED) if each.step is Step.PAID else each for each in past]
        past += [Moment(Step.PAID, door.paid_at)] if door.paid_at else []
    for payment in payments:
        if door is not None and payment.pk == door.payment_id:
            continue
        past.append(Moment(Step.PAYING, payment.started_at, payment.amount))
        if payment.status == Payment.Status.FAILED:
            past.append(Moment(Step.PAY_FAILED, payment.ended_at or payment.started_at))
    for dispute in disputes:
        past.append(Moment(Step.DISPUTED, dispute.opened_at, dispute.amount))
        if dispute.ended_at is not None:
            past.append(Moment(_ENDED[dispute.outcome], dispute.ended_at, dispute.amount))
    coming = []
    for refund in refunds:
        if door is not None and door.waives(refund):
            past.append(Moment(Step.WAIVED, refund.due_at, refund.amount))
            continue
        past.append(Moment(Step.REFUND_DUE, refund.due_at, refund.amount))
        if refund.sent_at is not None:
            past.append(Moment(Step.REFUND_SENT, refund.sent_at, refund.amount))
        else:
            coming.append(Moment(Step.REFUND_NEXT, None, refund.amount, coming=True))
    if order.status == Status.PLACED and order.pay_by > now:
        coming.insert(0, Moment(Step.PAY_NEXT, order.pay_by, coming=True))
    if order.status == Status.PAID and not gone and (door is None or door.due):
        coming.insert(0, Moment(Step.SEND_NEXT, None, coming=True))
        if door is not None:
            coming.insert(1, Moment(Step.DOOR_NEXT, None, door.due, coming=True))
    return [*sorted(past, key=lambda each: each.at or now), *coming]
