"""What couriers bring back: the money, or the parcel."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from uuid import UUID, uuid5

import msgspec
from django.db import transaction
from django.db.models import F

from setaria.trade.aftersales import take_back as aftersales
from setaria.trade.aftersales.queries import left_of
from setaria.trade.orders.income import count_income
from setaria.trade.orders.models import Charge, Order, Settlement
from setaria.trade.payments.cases import Kind, Trouble, open_cases
from setaria.trade.payments.cash.models import Promise
from setaria.trade.payments.cash.provider import NAME
from setaria.trade.payments.models import Remittance

REFERENCE_CHARS_MAX = 80
HANDED_MAX = 5_000  # in one list


class Answer(StrEnum):
    """What became of money that a courier brought."""

    TAKEN = "TAKEN"  # now, or before in the same amount
    OTHER_AMOUNT = "OTHER_AMOUNT"  # taken, and a person must look at it
    NOTHING_DUE = "NOTHING_DUE"  # not promised, taken back, or handed over before; nothing was changed
    UNSIGNED = "UNSIGNED"  # no courier's reference, or nobody's name; nothing was changed


class Brought(msgspec.Struct, frozen=True):
    """What a courier brought for an order: minor units, or what was due where nothing is said; under their number of it."""

    order_id: UUID
    amount: int | None
    reference: str


def hand_over(brought: Sequence[Brought], *, by: str, now: datetime) -> list[Answer]:
    """Note what couriers handed over of up to `HANDED_MAX` orders; an answer each, in their order.

    The same again changes nothing, so a list that was taken in half, or twice, is taken in again. Two lists at once wait
    for each other at the orders they share. Eight queries, however long the list. From now on the orders count as paid.
    """
    if len(brought) > HANDED_MAX:
        raise ValueError(f"At most {HANDED_MAX} at a time, not {len(brought)}.")
    with transaction.atomic():
        promises = _promised({each.order_id for each in brought})
        known = _handed(promises.values())
        fresh: list[Remittance] = []
        troubles: list[Trouble] = []
        answers = []
        for each in brought:
            promise = promises.get(each.order_id)
            if not each.reference.strip() or not by.strip() or (each.amount is not None and each.amount <= 0):
                answers.append(Answer.UNSIGNED)
            elif promise is None or (promise.pk not in known and promise.due == 0):
                answers.append(Answer.NOTHING_DUE)
            elif promise.pk in known:
                same = each.amount in (None, known[promise.pk])
                answers.append(Answer.TAKEN if same else Answer.NOTHING_DUE)
            else:
                known[promise.pk] = amount = promise.due if each.amount is None else each.amount
                fresh.append(_remittance(promise, amount, each.reference, by, now))
                if amount != promise.due:
                    troubles.append(_other_amount(promise, amount))
                answers.append(Answer.TAKEN if amount == promise.due else Answer.OTHER_AMOUNT)
        if fresh:
            Promise.objects.filter(pk__in=[each.payment_id for each in fresh]).update(paid_at=now)
            Remittance.objects.bulk_create(fresh)
            count_income([each.order_id for each in fresh])
        if troubles:
            open_cases(troubles, now=now)
    return answers


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


def _promised(order_ids: Collection[UUID]) -> dict[UUID, Promise]:
    """The orders' promises, locked in the order of their keys; an order's last, where an earlier one came to nothing.

    The orders are locked before, so that where a parcel goes is counted once: here, or by who says it meanwhile. What no
    order was confirmed by yet is not promised.
    """
    ids = sorted(order_ids)
    list(Order.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk").values_list("pk"))
    settled = Settlement.objects.filter(order_id__in=ids, provider=NAME).values("payment_id")
    found = Promise.objects.select_for_update(no_key=True).filter(order_id__in=ids, pk__in=settled).order_by("pk")
    return {each.order_id: each for each in sorted(found, key=lambda p: (p.paid_at is not None, p.due > 0, p.at))}


def _handed(promises: Iterable[Promise]) -> dict[UUID, int]:
    """What was handed over of those that were paid, by payment."""
    paid = [each.pk for each in promises if each.paid_at is not None]
    return dict(Remittance.objects.filter(pk__in=paid).values_list("pk", "amount")) if paid else {}


def _remittance(promise: Promise, amount: int, reference: str, by: str, now: datetime) -> Remittance:
    return Remittance(
        payment_id=promise.pk, order_id=promise.order_id, provider=NAME, amount=amount, currency=promise.currency,
        reference=reference.strip()[:REFERENCE_CHARS_MAX], at=now, by=by.strip()[:254],
    )  # fmt: skip


def _other_amount(promise: Promise, amount: int) -> Trouble:
    text = f"The courier was to collect {promise.due} of the minor unit, and brought {amount}."
    return Trouble(Kind.WRONG, NAME, str(promise.pk), promise.pk, promise.order_id, amount, promise.currency, text)
