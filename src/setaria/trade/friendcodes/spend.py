"""Whoever holds a code may spend it, once, or take it into their own account.

A code that is spent belongs to its customer and drop for good: the pass it gives is theirs, and when an order made
with it is not paid in time, they (and nobody else) may order with it again.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from django.conf import settings
from django.db import connection, transaction

from setaria.kernel.ids import new_id
from setaria.trade.friendcodes import guesses
from setaria.trade.friendcodes.models import Attempt, Code
from setaria.trade.friendcodes.rules import SPENT_ATTEMPTS_MAX, Answer, Known, judge
from setaria.trade.friendcodes.text import Mistyped, lookup_of, read, text_of
from setaria.trade.orders.models import Order, Status

BATCH_CODES_MAX = 1_000
TURNS_MAX = 200  # how often a code may change accounts; its turn is one byte of what its text is derived from

# Customers first, codes after them, each in key order: nobody waits in a circle.
_PEOPLE = "SELECT id FROM members_member WHERE id = ANY (%s) AND is_active ORDER BY id FOR NO KEY UPDATE"
_CODES = """
    SELECT code.lookup, code.id, code.drop_id, code.held_by, code.turn, code.spent_by, code.revoked_at IS NOT NULL,
           coalesce(allowance.expires_at, d.closes_at), d.closes_at
    FROM friendcodes_code AS code JOIN drops_drop AS d ON d.id = code.drop_id
    LEFT JOIN friendcodes_allowance AS allowance ON allowance.drop_id = code.drop_id
    WHERE code.lookup = ANY (%s) ORDER BY code.id FOR NO KEY UPDATE OF code
"""
_INSIDE = "SELECT drop_id, spent_by FROM friendcodes_code WHERE drop_id = ANY (%s) AND spent_by = ANY (%s)"
_SPEND = """
    UPDATE friendcodes_code AS code SET spent_by = spent.customer_id, spent_at = %s
    FROM unnest(%s::uuid[], %s::bigint[]) AS spent (id, customer_id)
    WHERE code.id = spent.id AND code.spent_by IS NULL AND code.revoked_at IS NULL
"""
_TAKE = """
    UPDATE friendcodes_code AS code SET held_by = taken.customer_id, turn = taken.turn, lookup = taken.lookup
    FROM unnest(%s::uuid[], %s::bigint[], %s::int[], %s::text[]) AS taken (id, customer_id, turn, lookup)
    WHERE code.id = taken.id AND code.spent_by IS NULL AND code.revoked_at IS NULL
"""


class Presented(msgspec.Struct, frozen=True):
    """A customer presents a code as they typed it, from a network address (empty: not known)."""

    typed: str
    customer_id: int
    address: str = ""


class Outcome(msgspec.Struct, frozen=True):
    """What became of a code, and which one it is, where it is one."""

    answer: Answer
    code_id: UUID | None = None
    drop_id: int | None = None


class _Table(msgspec.Struct):
    """What the batch knows, and what it will write."""

    codes: dict[str, Known]  # by lookup
    people: set[int]
    inside: set[tuple[int, int]]  # (drop, customer) who have spent a code
    blocked: set[str]
    spent: dict[UUID, int] = {}
    taken: dict[UUID, int] = {}
    wrong: list[str] = []


def look(presented: Sequence[Presented], *, now: datetime) -> list[Outcome]:
    """Say what would become of codes; spends nothing, but a code that does not exist counts as a guess."""
    return _present(presented, now, lambda table, code, customer: judge(code, customer, now))


def spend(presented: Sequence[Presented], *, now: datetime) -> list[Outcome]:
    """Spend codes; return an outcome per code, in order. The same customer with the same code again is told SPENT.

    A member comes into a drop with one code; a further one is not spent (ALREADY_IN). Raises ValueError for a batch
    of more than `BATCH_CODES_MAX`.
    """

    def decide(table: _Table, code: Known, customer_id: int) -> Answer:
        answer = judge(code, customer_id, now)
        if answer is not Answer.GOOD:
            return answer
        if (code.drop_id, customer_id) in table.inside:
            return Answer.ALREADY_IN
        table.inside.add((code.drop_id, customer_id))
        table.spent[code.id] = code.spent_by = customer_id
        return Answer.SPENT

    return _present(presented, now, decide)


def take(presented: Sequence[Presented], *, now: datetime) -> list[Outcome]:
    """Move codes into their presenters' accounts; return an outcome per code, in order.

    A code that changes accounts gets another text: copies and links of the old one are worth nothing from then on.
    """

    def decide(table: _Table, code: Known, customer_id: int) -> Answer:
        answer = judge(code, customer_id, now)
        if answer is not Answer.GOOD:
            return answer
        if code.held_by != customer_id:
            if code.turn >= TURNS_MAX:
                return Answer.EXPIRED
            table.taken[code.id] = code.held_by = customer_id
            code.turn += 1
        return Answer.TAKEN

    return _present(presented, now, decide)


def _present(
    presented: Sequence[Presented], now: datetime, decide: Callable[[_Table, Known, int], Answer]
) -> list[Outcome]:
    if len(presented) > BATCH_CODES_MAX:
        raise ValueError(f"A batch has at most {BATCH_CODES_MAX} codes, not {len(presented)}.")
    with transaction.atomic(durable=True):
        table = _table(presented, now)
        outcomes = [_outcome(one, table, decide) for one in presented]
        _write(table, now)
    return outcomes


def _outcome(one: Presented, table: _Table, decide: Callable[[_Table, Known, int], Answer]) -> Outcome:
    lookup = _lookup(one)
    if lookup is None:
        return Outcome(Answer.MISTYPED)
    if one.customer_id not in table.people:
        return Outcome(Answer.UNKNOWN_CUSTOMER)
    subjects = guesses.subjects_of(settings.SECRET_KEY, one.customer_id, one.address)
    if not table.blocked.isdisjoint(subjects):
        return Outcome(Answer.TOO_MANY)
    code = table.codes.get(lookup)
    if code is None:
        table.wrong += subjects
        return Outcome(Answer.UNKNOWN_CODE)
    return Outcome(decide(table, code, one.customer_id), code.id, code.drop_id)


def _lookup(one: Presented) -> str | None:
    try:
        return lookup_of(settings.SECRET_KEY, read(one.typed))
    except Mistyped:
        return None


def _table(presented: Sequence[Presented], now: datetime) -> _Table:
    customers = sorted({one.customer_id for one in presented})
    people = {row[0] for row in _rows(_PEOPLE, customers)}
    rows = _rows(_CODES, sorted({lookup for one in presented if (lookup := _lookup(one)) is not None}))
    codes = {lookup: Known(*fields) for lookup, *fields in rows}
    subjects = {s for one in presented for s in guesses.subjects_of(settings.SECRET_KEY, one.customer_id, one.address)}
    return _Table(
        codes=codes,
        people=people,
        inside=set(_rows(_INSIDE, sorted({code.drop_id for code in codes.values()}), customers)),
        blocked=guesses.exhausted(subjects, now),
    )


def _write(table: _Table, now: datetime) -> None:
    if table.spent:
        _run(_SPEND, now, list(table.spent), list(table.spent.values()))
    if table.taken:
        turns = {code.id: code.turn for code in table.codes.values()}
        texts = [text_of(settings.SECRET_KEY, id, turns[id]) for id in table.taken]
        _run(
            _TAKE, list(table.taken), list(table.taken.values()), [turns[id] for id in table.taken],
            [lookup_of(settings.SECRET_KEY, text) for text in texts],
        )  # fmt: skip
    guesses.note(table.wrong, now)


def order_of(drop_id: int, customer_id: int, *, now: datetime) -> UUID | None:
    """Return the id of the order that a customer's spent code gives leave for; None without one.

    Asked again it is the same id, so a lost answer costs nothing; a further one only when that order was not paid in
    time or was cancelled, and at most `SPENT_ATTEMPTS_MAX` times.
    """
    with transaction.atomic(durable=True):
        spent = Code.objects.select_for_update(no_key=True).filter(drop_id=drop_id, spent_by=customer_id).first()
        if spent is None:
            return None
        last = Attempt.objects.filter(code_id=spent.pk).order_by("-number").first()
        if last is not None:
            order = Order.objects.filter(pk=last.order_id).first()
            if order is None or order.status in (Status.PLACED, Status.PAID) or last.number >= SPENT_ATTEMPTS_MAX:
                return last.order_id
        number = 1 if last is None else last.number + 1
        return Attempt.objects.create(code_id=spent.pk, number=number, order_id=new_id(), at=now).order_id


def _rows(sql: str, *params: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()


def _run(sql: str, *params: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
