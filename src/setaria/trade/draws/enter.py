"""Entering a draw and leaving it again, until the list is sealed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from django.conf import settings
from django.db import IntegrityError, connection, transaction
from psycopg.errors import UniqueViolation

from setaria.people.members.models import Member
from setaria.trade.admission.lanes import Lane
from setaria.trade.draws.models import Draw
from setaria.trade.draws.rules import Answer, Terms, may_enter, may_withdraw, pseudonym_of

BATCH_ENTRIES_MAX = 1_000

# Shared: any number may enter at once, and sealing waits until they are done.
_LOCK = "SELECT drop_id FROM draws_draw WHERE drop_id = ANY (%s) ORDER BY drop_id FOR SHARE"
_ENTER = """
    INSERT INTO draws_entry AS entry (draw_id, customer_id, variant_id, pseudonym, entered_at)
    SELECT draw_id, customer_id, variant_id, pseudonym, %s
    FROM unnest(%s::int[], %s::bigint[], %s::int[], %s::text[]) AS wish (draw_id, customer_id, variant_id, pseudonym)
    ORDER BY draw_id, customer_id
    ON CONFLICT (draw_id, customer_id) DO UPDATE SET variant_id = excluded.variant_id
    WHERE entry.variant_id <> excluded.variant_id
"""
_WITHDRAW = """
    DELETE FROM draws_entry
    WHERE (draw_id, customer_id) IN (
        SELECT entry.draw_id, entry.customer_id
        FROM draws_entry AS entry JOIN unnest(%s::int[], %s::bigint[]) AS wish (draw_id, customer_id)
             USING (draw_id, customer_id)
        ORDER BY draw_id, customer_id FOR UPDATE OF entry
    )
"""


class Wish(msgspec.Struct, frozen=True):
    """A customer wants to be in a draw for a variant."""

    draw_id: int
    customer_id: int
    variant_id: int


class Withdrawal(msgspec.Struct, frozen=True):
    """A customer wants to be in a draw no more."""

    draw_id: int
    customer_id: int


def enter(wishes: Sequence[Wish], *, now: datetime) -> list[Answer]:
    """Enter customers; return an answer per wish, in order. Who is in already for something else changes over to it.

    Raises ValueError for a batch of more than `BATCH_ENTRIES_MAX`.
    """
    _check(wishes)
    try:
        return _enter(wishes, now)
    except IntegrityError as error:
        if not isinstance(error.__cause__, UniqueViolation):
            raise
        # The same customer came in at this very instant, and their pseudonym was met before their key was, which is
        # all that ON CONFLICT looks at. By now both are there to be seen.
        return _enter(wishes, now)


def _enter(wishes: Sequence[Wish], now: datetime) -> list[Answer]:
    with transaction.atomic(durable=True):
        terms = _terms({wish.draw_id for wish in wishes})
        people = Member.objects.filter(pk__in={wish.customer_id for wish in wishes}, is_active=True)
        who = {pk: (joined_at, points) for pk, joined_at, points in people.values_list("pk", "joined_at", "fan_points")}
        answers = [may_enter(terms.get(w.draw_id), w.variant_id, who.get(w.customer_id), now) for w in wishes]
        # Of one customer's several wishes the last one counts, as if they had come one after the other.
        good = {
            (w.draw_id, w.customer_id): w.variant_id
            for w, answer in zip(wishes, answers, strict=True)
            if answer is Answer.ENTERED
        }
        _write(good, now)
    return answers


def _write(good: dict[tuple[int, int], int], now: datetime) -> None:
    keys = sorted(good)
    _run(
        _ENTER, now, [draw for draw, _ in keys], [customer for _, customer in keys], [good[key] for key in keys],
        [pseudonym_of(settings.SECRET_KEY, *key) for key in keys],
    )  # fmt: skip


def withdraw(wishes: Sequence[Withdrawal], *, now: datetime) -> list[Answer]:
    """Take customers out again; return an answer per wish, in order. Nothing of an entry is kept."""
    _check(wishes)
    with transaction.atomic(durable=True):
        terms = _terms({wish.draw_id for wish in wishes})
        answers = [may_withdraw(terms.get(wish.draw_id), now) for wish in wishes]
        good = [w for w, answer in zip(wishes, answers, strict=True) if answer is Answer.WITHDRAWN]
        _run(_WITHDRAW, [w.draw_id for w in good], [w.customer_id for w in good])
    return answers


def _check(wishes: Sequence[object]) -> None:
    if len(wishes) > BATCH_ENTRIES_MAX:
        raise ValueError(f"A batch has at most {BATCH_ENTRIES_MAX} entries, not {len(wishes)}.")


def _terms(ids: set[int]) -> dict[int, Terms]:
    """Return the terms of draws as they are under the lock: whether a list is sealed must not change any more."""
    _run(_LOCK, sorted(ids))
    return {
        draw.pk: Terms(
            opens_at=draw.opens_at,
            closes_at=draw.closes_at,
            sealed=draw.sealed_at is not None,
            lanes=lanes_of(draw),
            variants=frozenset(prize.variant_id for prize in draw.prizes.all()),
        )
        for draw in Draw.objects.filter(pk__in=ids).prefetch_related("prizes")
    }


def lanes_of(draw: Draw) -> tuple[Lane, ...]:
    """Return a draw's lanes."""
    return msgspec.convert(draw.lanes, tuple[Lane, ...])


def _run(sql: str, *params: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
