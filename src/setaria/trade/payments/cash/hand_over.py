"""What couriers bring back: the money, or the parcel."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID, uuid5

from django.db import transaction
from django.db.models import F

from setaria.trade.aftersales import take_back as aftersales
from setaria.trade.aftersales.queries import left_of
from setaria.trade.orders.models import Charge
from setaria.trade.payments.cases import Kind, Trouble, open_cases
from setaria.trade.payments.cash.models import Promise
from setaria.trade.payments.cash.provider import NAME
from setaria.trade.payments.models import Remittance

REFERENCE_CHARS_MAX = 80


class Answer(StrEnum):
    """What became of money that a courier brought."""

    TAKEN = "TAKEN"  # now, or before in the same amount
    OTHER_AMOUNT = "OTHER_AMOUNT"  # taken, and a person must look at it
    NOTHING_DUE = "NOTHING_DUE"  # not promised, taken back, or handed over before; nothing was changed
    UNSIGNED = "UNSIGNED"  # no courier's reference, or nobody's name; nothing was changed


@transaction.atomic
def hand_over(order_id: UUID, amount: int, *, reference: str, by: str, now: datetime) -> Answer:
    """Note that a courier handed over what was collected for an order (minor units); the same again changes nothing."""
    if not reference.strip() or not by.strip() or amount <= 0:
        return Answer.UNSIGNED
    promise = _promised(order_id)
    if promise is None:
        return Answer.NOTHING_DUE
    if promise.paid_at is not None:
        known = Remittance.objects.filter(pk=promise.payment_id, amount=amount).exists()
        return Answer.TAKEN if known else Answer.NOTHING_DUE
    if promise.due == 0:
        return Answer.NOTHING_DUE
    Promise.objects.filter(pk=promise.pk).update(paid_at=now)
    Remittance.objects.create(
        payment_id=promise.pk, order_id=order_id, provider=NAME, amount=amount, currency=promise.currency,
        reference=reference.strip()[:REFERENCE_CHARS_MAX], at=now, by=by.strip()[:254],
    )  # fmt: skip
    if amount == promise.due:
        return Answer.TAKEN
    text = f"The courier was to collect {promise.due} of the minor unit, and brought {amount}."
    trouble = Trouble(Kind.WRONG, NAME, str(promise.pk), promise.pk, order_id, amount, promise.currency, text)
    open_cases([trouble], now=now)
    return Answer.OTHER_AMOUNT


def refuse(order_id: UUID, *, reason: str, by: str, now: datetime) -> aftersales.Taken | aftersales.Refusal:
    """Take all of an order back that its buyer did not take at the door, with its shipping; again is the same return.

    Nothing was paid, so nothing is sent: the courier has less to collect. Refused once the money was handed over.
    """
    id = uuid5(order_id, "refused at the door")
    promise = Promise.objects.filter(order_id=order_id, waived__lt=F("amount")).first()
    if promise is None or promise.paid_at is not None:
        again = aftersales.returned(id)
        return again or aftersales.Refusal.TOO_LATE
    units = {each.line.position: each.left for each in left_of(order_id)}
    shipping = Charge.objects.filter(order_id=order_id, line=None).exists()
    wish = aftersales.Wish(id, order_id, units, reason, by, shipping=shipping and not aftersales.shipped_back(order_id))
    return aftersales.take_back(wish, now=now)


def _promised(order_id: UUID) -> Promise | None:
    """The order's promise, locked; the last one, where an earlier one came to nothing."""
    found = Promise.objects.select_for_update(no_key=True).filter(order_id=order_id)
    return found.order_by(F("paid_at").desc(nulls_last=True), "waived", "-at").first()
