"""Units arrived: places become orders in queue order, and what lapses passes on to the next (R-013).

A free unit in the programme's pool calls the next standing place. Calling is written down first, under the programme's
lock; then the called places' orders are placed, under the places' own ids. Whoever is killed in between, or runs twice
at once, places the same ids again and gets the first answers, so a place becomes one order at most.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

import msgspec
import structlog
from django.db import connection, transaction

from setaria.goods.inventory import move
from setaria.trade.orders.place import place
from setaria.trade.orders.requests import Code, Line, Placed, Refused, Request
from setaria.trade.preorders import deposits
from setaria.trade.preorders.models import Programme, Supply

CALL_BATCH_MAX = 2_000
_ADVISORY = "SELECT pg_try_advisory_lock(%s, %s)"
_ADVISORY_CLASS = 0x5E7A  # ours, among the database's advisory locks

log = structlog.get_logger(__name__)


class Conflict(Exception):
    """The same supply was booked before with other contents; nothing was changed."""


class Terms(msgspec.Struct, frozen=True):
    """What a programme's orders have in common."""

    programme_id: int
    channel_id: int
    drop_id: int
    variant_id: int
    amount_max: int
    book_amount: int | None
    deposit: int
    currency: str


def supply(supply_id: UUID, programme: Programme, units: int, *, now: datetime) -> bool:
    """Move units that arrived from the warehouse into the programme's pool; False when that was done before.

    Their orders follow by `call_next`. Raises `move.NotEnough` when the warehouse has fewer free units, Conflict when
    `supply_id` was used for something else, ValueError below one unit; then nothing is changed.
    """
    if units < 1:
        raise ValueError("A supply has at least one unit.")
    pool = programme.drop.pool
    if pool.parent_id is None:
        raise ValueError("The programme's pool has no warehouse.")
    with transaction.atomic():
        # Under the programme's lock, so that the same supply sent twice at once is seen by the second.
        Programme.objects.select_for_update(no_key=True).get(pk=programme.pk)
        before = Supply.objects.filter(pk=supply_id).first()
        if before is not None:
            if (before.programme_id, before.units) != (programme.pk, units):
                raise Conflict(f"Supply {supply_id} was {before.units} units for another purpose.")
            return False
        Supply.objects.create(id=supply_id, programme=programme, units=units, at=now)
        wanted = [move.Units(programme.variant_id, units)]
        move.transfer(supply_id, pool.parent_id, pool.pk, wanted, now=now)
    return True


# Programmes with a free unit and somebody who waits for it, or with places called whose orders were not made yet.
_DUE = """
    SELECT programme.id FROM preorders_programme AS programme
    JOIN drops_drop AS d ON d.id = programme.drop_id AND d.closes_at > %(now)s
    LEFT JOIN inventory_account AS account
        ON account.variant_id = programme.variant_id AND account.location_id = d.pool_id
    WHERE EXISTS (SELECT 1 FROM preorders_place WHERE programme_id = programme.id AND state = 3)
       OR (account.on_hand > account.held
           AND EXISTS (SELECT 1 FROM preorders_place WHERE programme_id = programme.id AND state = 2))
    ORDER BY programme.id
"""
_TERMS = """
    SELECT programme.id, d.channel_id, d.id, programme.variant_id, programme.amount, price.amount,
           programme.deposit_amount, market.currency
    FROM preorders_programme AS programme
    JOIN drops_drop AS d ON d.id = programme.drop_id
    JOIN markets_channel AS channel ON channel.id = d.channel_id
    JOIN markets_market AS market ON market.id = channel.market_id
    LEFT JOIN pricing_price AS price ON price.variant_id = programme.variant_id
        AND price.market_id = channel.market_id AND price.valid @> %(now)s::timestamptz
    WHERE programme.id = %(programme)s
"""
_LOCK = "SELECT calls FROM preorders_programme WHERE id = %(programme)s FOR NO KEY UPDATE"
# Units free and places called already are read in one snapshot: an order that is just being made counts in one of them.
_CALL = """
    WITH free AS (
        SELECT coalesce((
            SELECT account.on_hand - account.held FROM preorders_programme AS programme
            JOIN drops_drop AS d ON d.id = programme.drop_id
            JOIN inventory_account AS account
                ON account.variant_id = programme.variant_id AND account.location_id = d.pool_id
            WHERE programme.id = %(programme)s
        ), 0) - (SELECT count(*) FROM preorders_place WHERE programme_id = %(programme)s AND state = 3) AS units
    ), next AS (
        SELECT id FROM preorders_place
        WHERE programme_id = %(programme)s AND state = 2
        ORDER BY number LIMIT (SELECT greatest(0, least(units, %(limit)s)) FROM free)
        FOR NO KEY UPDATE
    ), called AS (
        UPDATE preorders_place AS place SET state = 3, called_in = %(calls)s
        FROM next WHERE place.id = next.id RETURNING place.id
    )
    SELECT count(*) FROM called
"""
_COUNT_CALL = "UPDATE preorders_programme SET calls = %(calls)s WHERE id = %(programme)s"
_CALLED = """
    SELECT id, customer_id FROM preorders_place WHERE programme_id = %(programme)s AND state = 3
    ORDER BY number LIMIT %(limit)s
"""
_ORDERED = "UPDATE preorders_place SET state = 4 WHERE id = ANY (%(ids)s) AND state = 3"
_NOT_TO_BE_HAD = """
    WITH ended AS (
        UPDATE preorders_place SET state = 6, ended_at = %(now)s
        WHERE id = ANY (%(ids)s) AND state = 3 RETURNING programme_id
    )
    UPDATE preorders_programme SET places_living = places_living - n
    FROM (SELECT programme_id, count(*) AS n FROM ended GROUP BY programme_id) AS gone
    WHERE preorders_programme.id = gone.programme_id
"""


def call_all(*, now: datetime) -> int:
    """Call whoever's turn it is in every programme; return how many places became orders."""
    with connection.cursor() as cursor:
        cursor.execute(_DUE, {"now": now})
        due = [row[0] for row in cursor.fetchall()]
    made = 0
    for programme_id in due:
        while count := call_next(programme_id, now=now):
            made += count
    return made


def call_next(programme_id: int, *, now: datetime, limit: int = CALL_BATCH_MAX) -> int:
    """Turn up to `limit` places into orders, the next ones in the queue; return how many became orders.

    Call again while it returns more than 0; it returns 0, too, while somebody else is at it. Where the book asks more than was promised nobody is called: that is for
    staff to put right, and the log says so.
    """
    with _alone(programme_id) as alone:
        return _call_next(programme_id, now, limit) if alone else 0


@contextmanager
def _alone(programme_id: int) -> Iterator[bool]:
    """Whether nobody else calls this programme's places now. Two may, safely; but they would do all the work twice."""
    key = [_ADVISORY_CLASS, programme_id]
    with connection.cursor() as cursor:
        cursor.execute(_ADVISORY, key)
        alone: bool = cursor.fetchone()[0]
    try:
        yield alone
    finally:
        if alone and connection.connection is not None and not connection.connection.closed:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", key)


def _call_next(programme_id: int, now: datetime, limit: int) -> int:
    terms = _terms(programme_id, now)
    if terms is None or terms.book_amount is None or terms.book_amount > terms.amount_max:
        log.error("programme_price_is_not_as_promised", programme=programme_id, terms=repr(terms))
        return 0
    _call(programme_id, limit)
    return order_called(terms, now=now, limit=limit)


def order_now(programme_id: int, *, now: datetime) -> None:
    """Make the orders of places that were called already, whoever else is at it, and call nobody."""
    terms = _terms(programme_id, now)
    if terms is not None and terms.book_amount is not None:
        order_called(terms, now=now)


def _terms(programme_id: int, now: datetime) -> Terms | None:
    with connection.cursor() as cursor:
        cursor.execute(_TERMS, {"programme": programme_id, "now": now})
        row = cursor.fetchone()
    return None if row is None else Terms(*row)


def _call(programme_id: int, limit: int) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_LOCK, {"programme": programme_id})
        (calls,) = cursor.fetchone()
        key = {"programme": programme_id, "limit": limit, "calls": calls + 1}
        cursor.execute(_CALL, key)
        if cursor.fetchone()[0]:
            cursor.execute(_COUNT_CALL, key)


def order_called(terms: Terms, *, now: datetime, limit: int = CALL_BATCH_MAX) -> int:
    """Make the orders of places that were called; return how many there are now."""
    with connection.cursor() as cursor:
        cursor.execute(_CALLED, {"programme": terms.programme_id, "limit": limit})
        called: list[tuple[UUID, int]] = cursor.fetchall()
    if not called:
        return 0
    assert terms.book_amount is not None
    line = (Line(terms.variant_id, 1, terms.book_amount),)
    outcomes = place([Request(id, customer, terms.channel_id, line, terms.drop_id) for id, customer in called], now=now)
    refused = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
    # A conflict: an earlier call placed the order at the book's price of then; it stands.
    made = [o.id for o in outcomes if isinstance(o, Placed) or o.code is Code.ID_CONFLICT]
    if terms.deposit:
        deposits.apply(made, now=now)  # before its holder is told to pay the rest
    _conclude(made, refused, now)
    return len(made)


def _conclude(made: list[UUID], refused: Sequence[Refused], now: datetime) -> None:
    # Its holder has had their share meanwhile: an order that lapsed was paid late after all.
    over = [one.id for one in refused if one.code is Code.OVER_LIMIT]
    others = {one.code.value for one in refused} - {Code.OVER_LIMIT.value, Code.ID_CONFLICT.value}
    if others:  # they stay called, ahead of everyone, until there is a unit again or staff put the terms right
        log.warning("called_places_wait", codes=sorted(others))
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_ORDERED, {"ids": made})
        if over:
            cursor.execute(_NOT_TO_BE_HAD, {"ids": over, "now": now})
