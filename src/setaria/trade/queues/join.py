"""Taking a place in a waiting room, many at once."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from setaria.kernel.arrays import int4s, int8s, uuids
from setaria.kernel.batches import Batch, durable_batch, retried
from setaria.kernel.pipeline import Value
from setaria.trade.queues.turns import GRACE_SECONDS

BATCH_JOINS_MAX = 2_000


class Wish(msgspec.Struct, frozen=True):
    """A customer's wish for a place. `again`: they missed their turn and want a new place at the end."""

    drop_id: int
    customer_id: int
    pseudonym: UUID
    again: bool = False


class Place(msgspec.Struct, frozen=True):
    """A customer's place; without a number until the early ones are put in order."""

    number: int | None


class NoPlace(StrEnum):
    """Why somebody has no place."""

    NO_ROOM = "NO_ROOM"  # this drop has no waiting room
    CLOSED = "CLOSED"  # the drop is over


Answer = Place | NoPlace

# The room's row serialises everything that hands out places and numbers in it, across all processes: so numbers have
# no gaps, are committed in their order, and nobody joins between the counting and the numbering of the early ones.
_LOCK = """
    SELECT queue.drop_id, queue.numbered_at IS NOT NULL, queue.places
    FROM queues_queue AS queue WHERE queue.drop_id = ANY (%(drops)s)
    ORDER BY queue.drop_id FOR NO KEY UPDATE
"""
_OPEN = "SELECT id FROM drops_drop WHERE id = ANY (%(drops)s) AND closes_at > %(now)s AND admission = 'queue'"
_PRESENT = """
    SELECT drop_id, customer_id, number FROM queues_waiter
    WHERE (drop_id, customer_id) IN (SELECT * FROM unnest(%(drops)s, %(customers)s))
"""
# Whose turn has come to nothing: they ordered in it or its time is over, and no living order of theirs is in the drop.
_MISSED = """
    SELECT w.drop_id, w.customer_id FROM queues_waiter AS w
    JOIN queues_wave AS v ON v.drop_id = w.drop_id AND w.number BETWEEN v.first AND v.through
    WHERE (w.drop_id, w.customer_id) IN (SELECT * FROM unnest(%(drops)s, %(customers)s))
      AND (v.offered_until + %(grace)s * interval '1 second' <= %(now)s
           OR EXISTS (SELECT 1 FROM orders_order AS o
                      WHERE o.customer_id = w.customer_id AND o.drop_id = w.drop_id AND o.placed_at >= v.admitted_at))
      AND NOT EXISTS (SELECT 1 FROM orders_order AS o
                      WHERE o.customer_id = w.customer_id AND o.drop_id = w.drop_id AND o.status IN (1, 2))
"""
_WRITE = """
    WITH taken AS (
        SELECT drop_id, customer_id, pseudonym, nullif(number, 0) AS number
        FROM unnest(%(drops)s, %(customers)s, %(pseudonyms)s, %(numbers)s)
             AS t (drop_id, customer_id, pseudonym, number)
    ), new AS (
        INSERT INTO queues_waiter (drop_id, customer_id, joined_at, number, pseudonym)
        SELECT drop_id, customer_id, %(now)s, number, pseudonym FROM taken
    )
    UPDATE queues_queue AS queue SET places = queue.places + added.n
    FROM (SELECT drop_id, count(*) AS n FROM taken GROUP BY drop_id) AS added WHERE queue.drop_id = added.drop_id
"""
_MOVE = """
    WITH moved AS (
        SELECT * FROM unnest(%(drops)s, %(customers)s, %(numbers)s) AS m (drop_id, customer_id, number)
    ), given_up AS (
        INSERT INTO queues_missed (drop_id, number, customer_id, at)
        SELECT w.drop_id, w.number, w.customer_id, %(now)s
        FROM queues_waiter AS w JOIN moved USING (drop_id, customer_id)
    ), new AS (
        UPDATE queues_waiter AS w SET number = moved.number, joined_at = %(now)s FROM moved
        WHERE (w.drop_id, w.customer_id) = (moved.drop_id, moved.customer_id)
    )
    UPDATE queues_queue AS queue SET places = queue.places + added.n
    FROM (SELECT drop_id, count(*) AS n FROM moved GROUP BY drop_id) AS added WHERE queue.drop_id = added.drop_id
"""

Key = tuple[int, int]  # drop, customer


def join(wishes: Sequence[Wish], *, now: datetime) -> list[Answer]:
    """Give each a place, or the one they have already; return an answer a wish, in order of arrival.

    Before the opening a place has no number. Raises ValueError for a batch of more than `BATCH_JOINS_MAX`; and
    psycopg.Error when the database fails: then join the same again, nobody gets a second place.
    """
    if len(wishes) > BATCH_JOINS_MAX:
        raise ValueError(f"A batch has at most {BATCH_JOINS_MAX} wishes, not {len(wishes)}.")
    return _join(wishes, now) if wishes else []


@retried
def _join(wishes: Sequence[Wish], now: datetime) -> list[Answer]:
    with durable_batch() as batch:
        drops = int4s(sorted({wish.drop_id for wish in wishes}))
        locked = batch.query(_LOCK, {"drops": drops})
        still_open = batch.query(_OPEN, {"drops": drops, "now": now})
        keys = list({(wish.drop_id, wish.customer_id) for wish in wishes})
        present = batch.query(_PRESENT, _columns(keys))
        missed = _missed(batch, [(w.drop_id, w.customer_id) for w in wishes if w.again], now)
        rooms = {drop: (numbered, places) for drop, numbered, places in locked}
        open_drops = {row[0] for row in still_open}
        known: dict[Key, int | None] = {(drop, customer): number for drop, customer, number in present}
        book = _Book(rooms, open_drops, known, missed)
        answers = [book.answer(wish) for wish in wishes]
        book.write(batch, now)
    return answers


def _missed(batch: Batch, keys: list[Key], now: datetime) -> set[Key]:
    if not keys:
        return set()
    rows = batch.query(_MISSED, {**_columns(keys), "now": now, "grace": GRACE_SECONDS})
    return {(drop, customer) for drop, customer in rows}


class _Book:
    """What a batch knows of its rooms, and what it is going to write."""

    def __init__(
        self,
        rooms: dict[int, tuple[bool, int]],
        open_drops: set[int],
        known: dict[Key, int | None],
        missed: set[Key],
    ) -> None:
        self._numbered = {drop: numbered for drop, (numbered, _) in rooms.items()}
        self._last = {drop: places for drop, (_, places) in rooms.items()}
        self._open, self._known, self._missed = open_drops, known, missed
        self._new: list[tuple[Wish, int]] = []
        self._moved: list[tuple[Wish, int]] = []

    def answer(self, wish: Wish) -> Answer:
        key = (wish.drop_id, wish.customer_id)
        if wish.drop_id not in self._numbered:
            return NoPlace.NO_ROOM
        if key in self._known and not (wish.again and key in self._missed):
            return Place(self._known[key])
        if wish.drop_id not in self._open:
            return NoPlace.CLOSED
        self._last[wish.drop_id] += 1
        number = self._last[wish.drop_id] if self._numbered[wish.drop_id] else 0
        (self._moved if key in self._known else self._new).append((wish, number))
        self._missed.discard(key)
        self._known[key] = number or None
        return Place(number or None)

    def write(self, batch: Batch, now: datetime) -> None:
        if self._new:
            pseudonyms = uuids([wish.pseudonym for wish, _ in self._new])
            batch.query(_WRITE, {**_numbered(self._new), "pseudonyms": pseudonyms, "now": now})
        if self._moved:
            batch.query(_MOVE, {**_numbered(self._moved), "now": now})


def _columns(keys: Sequence[Key]) -> dict[str, Value]:
    return {"drops": int4s([drop for drop, _ in keys]), "customers": int8s([customer for _, customer in keys])}


def _numbered(given: Sequence[tuple[Wish, int]]) -> dict[str, Value]:
    columns = _columns([(wish.drop_id, wish.customer_id) for wish, _ in given])
    return {**columns, "numbers": int8s([number for _, number in given])}
