"""Taking places: numbered by arrival without gaps, never more than promised, one answer a pass.

`take` locks the programmes concerned, in key order, then reads earlier places and claims, decides in memory and
writes with the counters in one statement. It takes no money: a deposit follows once the place is there.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from setaria.kernel.arrays import int4s, int8s, uuids
from setaria.kernel.batches import Batch, durable_batch, retried
from setaria.trade.admission.lanes import Lane
from setaria.trade.preorders.requests import BATCH_PLACES_MAX, Outcome, Take, Taken
from setaria.trade.preorders.rules import Book, Draft, Known, Person, decide, well_formed

_LOCK = """
    SELECT id, opens_at, closes_at, lanes::text, limit_per_customer, places_max, numbers_given, places_living,
           CASE WHEN deposit_amount > 0 THEN deposit_seconds END
    FROM preorders_programme WHERE id = ANY (%(programmes)s) ORDER BY id FOR NO KEY UPDATE
"""
_KNOWN = """
    SELECT id, customer_id, programme_id, number, deposit_by FROM preorders_place WHERE id = ANY (%(ids)s)
"""
_CLAIMS = """
    SELECT programme_id, customer_id, nth FROM preorders_place
    WHERE customer_id = ANY (%(customers)s) AND programme_id = ANY (%(programmes)s) AND state <= 4
"""
_PEOPLE = """
    SELECT id, joined_at, fan_points FROM members_member WHERE id = ANY (%(customers)s) AND is_active
"""
_WRITE = """
    WITH given AS (
        UPDATE preorders_programme AS programme
        SET numbers_given = numbers_given + n, places_living = places_living + n
        FROM unnest(%(changed)s, %(counts)s) AS changed (id, n) WHERE programme.id = changed.id
    )
    INSERT INTO preorders_place
        (id, programme_id, customer_id, number, nth, state, taken_at, deposit_by, stood_after)
    SELECT place.id, programme_id, customer_id, number, nth,
           CASE WHEN deposit_amount > 0 THEN 1 ELSE 2 END, %(now)s,
           CASE WHEN deposit_amount > 0 THEN %(now)s + deposit_seconds * interval '1 second' END,
           CASE WHEN deposit_amount > 0 THEN NULL ELSE calls END
    FROM unnest(%(ids)s, %(programmes)s, %(customers)s, %(numbers)s, %(nths)s)
         AS place (id, programme_id, customer_id, number, nth)
    JOIN preorders_programme AS programme ON programme.id = place.programme_id
"""

_lanes = msgspec.json.Decoder(list[Lane]).decode


def take(takes: Sequence[Take], *, now: datetime) -> list[Outcome]:
    """Give a place to everyone who can have one; return an outcome per request, in their order.

    A refusal is a value. Raises ValueError for a batch of more than `BATCH_PLACES_MAX`, RuntimeError inside an open
    transaction, psycopg.Error when the database fails: then take the same again before answering anybody.
    """
    if len(takes) > BATCH_PLACES_MAX:
        raise ValueError(f"A batch has at most {BATCH_PLACES_MAX} places, not {len(takes)}.")
    return _take(takes, now) if takes else []


@retried
def _take(takes: Sequence[Take], now: datetime) -> list[Outcome]:
    with durable_batch() as batch:
        books, people, known = _read(batch, [one for one in takes if well_formed(one)])
        outcomes, drafts = decide(takes, books, people, known, now)
        if drafts:
            _write(batch, drafts, now)
    return outcomes


def _read(batch: Batch, takes: Sequence[Take]) -> tuple[dict[int, Book], dict[int, Person], dict[UUID, Known]]:
    programmes = int4s(sorted({one.programme_id for one in takes}))
    customers = int8s(sorted({one.customer_id for one in takes}))
    # The lock first: what the following statements read cannot change before the commit.
    locked = batch.query(_LOCK, {"programmes": programmes})
    known = batch.query(_KNOWN, {"ids": uuids([one.id for one in takes])})
    claims = batch.query(_CLAIMS, {"customers": customers, "programmes": programmes})
    people = batch.query(_PEOPLE, {"customers": customers})
    books = {row[0]: _book(*row) for row in locked}
    for programme, customer, nth in claims:
        books[programme].claims.setdefault(customer, set()).add(nth)
    return (
        books,
        {row[0]: Person(*row[1:]) for row in people},
        {row[0]: Known(Take(*row[:3]), Taken(row[0], *row[3:])) for row in known},
    )


def _book(
    id: int, opens_at: datetime, closes_at: datetime, lanes: str, limit: int, places_max: int, numbers_given: int,
    places_living: int, deposit_seconds: int | None,
) -> Book:  # fmt: skip
    return Book(
        id, opens_at, closes_at, _lanes(lanes), limit, places_max, numbers_given, places_living, deposit_seconds, {}
    )


def _write(batch: Batch, drafts: Sequence[Draft], now: datetime) -> None:
    counts = Counter(draft.take.programme_id for draft in drafts)
    batch.query(
        _WRITE,
        {
            "now": now,
            "changed": int4s(list(counts)),
            "counts": int4s(list(counts.values())),
            "ids": uuids([draft.take.id for draft in drafts]),
            "programmes": int4s([draft.take.programme_id for draft in drafts]),
            "customers": int8s([draft.take.customer_id for draft in drafts]),
            "numbers": int4s([draft.number for draft in drafts]),
            "nths": int4s([draft.nth for draft in drafts]),
        },
    )
