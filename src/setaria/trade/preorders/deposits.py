"""Deposits: money for a place, from the day it is paid to its one fate (applied, kept or returned).

A provider is told a number for each deposit that follows from the place's: the same bits, as a UUID of version 8. So it
can never be an order's, and news of a deposit never reaches `orders.settle`. When the place becomes an order the
deposit is credited to it (`orders.credit`); money that must go back leaves through the same outbox as any refund.
"""

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec
from django.db import connection, transaction

from setaria.kernel.ids import new_id
from setaria.trade.orders.credit import Advance, credit, revoke
from setaria.trade.orders.settle import AMOUNT_LIMIT, Answer, Money
from setaria.trade.payments import providers
from setaria.trade.payments.models import Payment
from setaria.trade.payments.notify import News, end, look_at
from setaria.trade.payments.start import first_ask
from setaria.trade.preorders.models import Place, Programme, Receipt, State
from setaria.trade.preorders.rules import Cause, RefundRules, week_of
from setaria.trade.preorders.weeks import promised

DECIDE_MAX = 1_000
# Looking for them reads every deposit that is held or applied. So the next look comes this much later than the last one
# took: at most a twentieth of a connection's time, however many there are, and nobody's refund waits for seconds.
LOOK_SHARE = 0.05
_VERSION_BITS = 0xF << 76

Fate = Receipt.Fate


def number_of(place_id: UUID) -> UUID:
    """Return the number under which a provider knows a place's deposit."""
    return UUID(int=place_id.int & ~_VERSION_BITS | 8 << 76)


def place_of(deposit_number: UUID) -> UUID:
    """Return the place that a deposit's number belongs to."""
    return UUID(int=deposit_number.int & ~_VERSION_BITS | 7 << 76)


def is_deposit(told: UUID) -> bool:
    """Whether what a provider names is a deposit, and not an order."""
    return told.version == 8


class Refusal(StrEnum):
    """Why paying a deposit was not started; nothing was written."""

    UNKNOWN_PLACE = "UNKNOWN_PLACE"
    NOT_PAYABLE = "NOT_PAYABLE"
    TOO_LATE = "TOO_LATE"


def start(place_id: UUID, customer_id: int, provider: str, now: datetime) -> Payment | Refusal:
    """Record an attempt to pay a place's deposit and return it; one that has not ended is returned again.

    Raises KeyError for a provider that is not installed. Asks the provider nothing.
    """
    chosen = providers.get(provider)
    with transaction.atomic():
        place = Place.objects.select_for_update(no_key=True).filter(pk=place_id, customer_id=customer_id).first()
        if place is None:
            return Refusal.UNKNOWN_PLACE
        if place.state != State.HELD or place.deposit_by is None:
            return Refusal.NOT_PAYABLE
        if place.deposit_by <= now:
            return Refusal.TOO_LATE
        number = number_of(place_id)
        begun = Payment.objects.filter(order_id=number, provider=provider, status=Payment.Status.STARTED).first()
        if begun is not None:
            return begun
        programme = Programme.objects.select_related("drop__channel__market").get(pk=place.programme_id)
        return Payment.objects.create(
            id=new_id(), order_id=number, purpose=Payment.Purpose.DEPOSIT, customer_id=customer_id, provider=provider,
            amount=programme.deposit_amount, currency=programme.drop.channel.market.currency, started_at=now,
            ask_at=first_ask(chosen, now),
        )  # fmt: skip


def receive(news: Sequence[News], *, now: datetime) -> list[Answer | None]:
    """Apply what providers told of deposits; an answer per payment, None for one that failed."""
    succeeded = [n.money for n in news if n.succeeded]
    answers = iter(settle(succeeded, now=now))
    end([n.money.payment_id for n in news if n.succeeded], "succeeded", now)
    end([n.money.payment_id for n in news if not n.succeeded], "failed", now)
    told = [next(answers) if n.succeeded else None for n in news]
    look_at(news, told, now=now)
    return told


class _Place(msgspec.Struct):
    state: int
    deposit: int
    currency: str


# The programmes before their places, as everywhere; what is read of both comes after the locks.
_LOCK_PROGRAMMES = """
    SELECT id FROM preorders_programme
    WHERE id IN (SELECT programme_id FROM preorders_place WHERE id = ANY (%(places)s)) ORDER BY id FOR NO KEY UPDATE
"""
_PLACES = """
    SELECT place.id, place.state, programme.deposit_amount, market.currency
    FROM preorders_place AS place
    JOIN preorders_programme AS programme ON programme.id = place.programme_id
    JOIN drops_drop AS d ON d.id = programme.drop_id
    JOIN markets_channel AS channel ON channel.id = d.channel_id
    JOIN markets_market AS market ON market.id = channel.market_id
    WHERE place.id = ANY (%(places)s) ORDER BY place.id FOR NO KEY UPDATE OF place
"""
_EARLIER = """
    SELECT payment_id, place_id, amount, currency, fate FROM preorders_receipt WHERE payment_id = ANY (%(payments)s)
"""
_RECEIVE = """
    INSERT INTO preorders_receipt (payment_id, place_id, provider, amount, currency, fate, reason, at, decided_at)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, NULL)
"""
_STAND = """
    UPDATE preorders_place AS place SET state = 2, stood_after = programme.calls
    FROM preorders_programme AS programme
    WHERE programme.id = place.programme_id AND place.id = ANY (%(places)s) AND place.state = 1
"""


@transaction.atomic(durable=True)
def settle(money: Sequence[Money], *, now: datetime) -> list[Answer]:
    """Apply deposits to their places; an answer per payment, the same payment again gets its first answer.

    The right amount for a place that waits for it: the place stands in the queue. Anything else is noted and goes
    back in full: a wrong amount, a second payment, a place that has ended.
    """
    if not money:
        return []
    key = {"places": sorted({place_of(m.order_id) for m in money}), "payments": [m.payment_id for m in money]}
    with connection.cursor() as cursor:
        cursor.execute(_LOCK_PROGRAMMES, key)
        cursor.execute(_PLACES, key)
        places = {row[0]: _Place(*row[1:]) for row in cursor.fetchall()}
        cursor.execute(_EARLIER, key)
        earlier = {row[0]: row[1:] for row in cursor.fetchall()}
        answers, fresh = [], []
        for m in money:
            answer, receipt = _judge(m, places.get(place_of(m.order_id)), earlier)
            answers.append(answer)
            if receipt is not None:
                fate, reason = receipt
                place_id = place_of(m.order_id)
                earlier[m.payment_id] = (place_id, m.amount, m.currency, fate)
                fresh.append((m.payment_id, place_id, m.provider, m.amount, m.currency, fate, reason, now))
                if fate is Fate.HELD:
                    places[place_id].state = State.STANDING
        if fresh:
            cursor.executemany(_RECEIVE, fresh)
            cursor.execute(_STAND, {"places": [row[1] for row in fresh if row[5] is Fate.HELD]})
    return answers


def _judge(
    m: Money, place: _Place | None, earlier: dict[UUID, tuple[UUID, int, str, int]]
) -> tuple[Answer, tuple[Fate, str] | None]:
    if not 0 < m.amount < AMOUNT_LIMIT:
        return Answer.MALFORMED, None
    if place is None:
        return Answer.UNKNOWN_ORDER, None
    before = earlier.get(m.payment_id)
    if before is not None:
        if before[:3] != (place_of(m.order_id), m.amount, m.currency):
            return Answer.CONFLICT, None
        return (Answer.REFUND if before[3] == Fate.RETURNED else Answer.PAID), None
    if (m.amount, m.currency) != (place.deposit, place.currency):
        return Answer.REFUND, (Fate.RETURNED, "wrong amount")
    if place.state != State.HELD:
        return Answer.REFUND, (Fate.RETURNED, "not payable")
    return Answer.PAID, (Fate.HELD, "")


_HELD = """
    SELECT payment_id, place_id, amount, currency FROM preorders_receipt WHERE place_id = ANY (%(places)s) AND fate = 1
"""
_DECIDE = """
    UPDATE preorders_receipt SET fate = %(fate)s, reason = %(reason)s, decided_at = %(now)s
    WHERE payment_id = ANY (%(payments)s) AND fate IN (1, 2)
"""


def apply(place_ids: Sequence[UUID], *, now: datetime) -> None:
    """Credit the deposits of places that have become orders. Repeating it is harmless."""
    with connection.cursor() as cursor:
        cursor.execute(_HELD, {"places": list(place_ids)})
        held = cursor.fetchall()
        counted = credit(
            [Advance(place, payment, amount, currency) for payment, place, amount, currency in held], now=now
        )
        _note(Fate.APPLIED, "", [row[0] for row, yes in zip(held, counted, strict=True) if yes], now)
        _note(Fate.RETURNED, Cause.OURS, [row[0] for row, yes in zip(held, counted, strict=True) if not yes], now)


def _note(fate: Fate, reason: str, payments: list[UUID], now: datetime) -> None:
    if payments:
        with connection.cursor() as cursor:
            cursor.execute(_DECIDE, {"fate": fate, "reason": reason, "payments": payments, "now": now})


_LAPSE = """
    WITH ended AS (
        UPDATE preorders_place SET state = 6, ended_at = %(now)s
        WHERE programme_id = ANY (%(programmes)s) AND state = 1 AND deposit_by <= %(now)s RETURNING programme_id
    )
    UPDATE preorders_programme SET places_living = places_living - n
    FROM (SELECT programme_id, count(*) AS n FROM ended GROUP BY programme_id) AS gone
    WHERE preorders_programme.id = gone.programme_id
    RETURNING n
"""
_LAPSING = """
    SELECT id FROM preorders_programme
    WHERE id IN (SELECT programme_id FROM preorders_place WHERE state = 1 AND deposit_by <= %(now)s)
    ORDER BY id FOR NO KEY UPDATE
"""


@transaction.atomic
def lapse(*, now: datetime) -> int:
    """End the places whose deposit did not come in time; their room is free again. Return how many there were."""
    with connection.cursor() as cursor:
        cursor.execute(_LAPSING, {"now": now})
        programmes = [row[0] for row in cursor.fetchall()]
        if not programmes:
            return 0
        cursor.execute(_LAPSE, {"now": now, "programmes": programmes})
        return sum(row[0] for row in cursor.fetchall())


# Deposits of places that ended without an order, and of orders that died; with what the rules ask.
_UNDECIDED = """
    SELECT receipt.payment_id, receipt.place_id, place.number, place.programme_id, place.state, o.status
    FROM preorders_receipt AS receipt
    JOIN preorders_place AS place ON place.id = receipt.place_id
    LEFT JOIN orders_order AS o ON o.id = receipt.place_id
    WHERE (receipt.fate = 1 AND place.state IN (5, 6)) OR (receipt.fate = 2 AND o.status IN (3, 4))
    LIMIT %(limit)s
"""


class Looks:
    """Decides now and then; for one thread, which calls as often as it likes."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` measures how long a look took."""
        self._next, self._clock = 0.0, clock

    def decide(self, seconds: float, *, now: datetime) -> int:
        """Decide all there is, unless it is too early to look again by `seconds` (any steady clock); return how many."""
        if seconds < self._next:
            return 0
        began, decided = self._clock(), 0
        while found := decide(now=now):
            decided += found
            if found < DECIDE_MAX:
                break
        self._next = seconds + (self._clock() - began) / LOOK_SHARE
        return decided


def decide(*, now: datetime) -> int:
    """Decide the fate of deposits whose place or order has ended, by their programme's rules; return how many.

    A dead order's credit is taken back first: from then on it cannot be paid by the balance any more.
    """
    with connection.cursor() as cursor:
        cursor.execute(_UNDECIDED, {"limit": DECIDE_MAX})
        rows = cursor.fetchall()
    dead = revoke([place for _, place, _, _, _, status in rows if status is not None], now=now)
    programmes = Programme.objects.in_bulk({row[3] for row in rows})
    rules = {pk: msgspec.convert(one.refund_rules, RefundRules) for pk, one in programmes.items()}
    weeks = {pk: promised(pk) for pk in programmes}
    fates: dict[tuple[Fate, Cause], list[UUID]] = {}
    for payment, place, number, programme, state, status in rows:
        if status is not None and place not in dead:
            continue  # paid late after all
        cause = _cause(state, status)
        week = week_of(number, weeks[programme])
        back = rules[programme].goes_back(cause, week.slip_days if week else 0)
        fates.setdefault((Fate.RETURNED if back else Fate.KEPT, cause), []).append(payment)
    for (fate, cause), payments in fates.items():
        _note(fate, cause.value, payments, now)
    return sum(map(len, fates.values()))


def _cause(state: int, status: int | None) -> Cause:
    if status is not None:
        return Cause.LAPSED if status == 3 else Cause.CANCELLED
    return Cause.WITHDRAWN if state == State.WITHDRAWN else Cause.OURS


_COLLECT = """
    INSERT INTO payments_refund (id, payment_id, order_id, provider, amount, currency, reason, due_at)
    SELECT payment_id, payment_id, place_id, provider, amount, currency, reason, %(now)s FROM preorders_receipt AS receipt
    WHERE fate = 4 AND NOT EXISTS (SELECT 1 FROM payments_refund AS r WHERE r.payment_id = receipt.payment_id)
    ON CONFLICT DO NOTHING
"""


def collect(*, now: datetime) -> int:
    """Note a refund for every deposit that goes back and has none yet; return how many."""
    with connection.cursor() as cursor:
        cursor.execute(_COLLECT, {"now": now})
        return cursor.rowcount
