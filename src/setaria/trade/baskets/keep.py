"""Changing a basket: always under the lock of its row, so that two devices add to each other and lose nothing."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

import msgspec
from django.db import connection, transaction

from setaria.kernel.ids import new_id
from setaria.trade.baskets import rules
from setaria.trade.baskets.models import Basket
from setaria.trade.baskets.rules import Kept, Lines

TAKEN_ORDERS_MAX = 20


class Owner(msgspec.Struct, frozen=True):
    """Whose basket: a member's; else the anonymous one of that id; with neither, nobody's yet."""

    member_id: int | None = None
    basket_id: UUID | None = None

    @property
    def nobody(self) -> bool:
        """Whether there can be nothing yet."""
        return self.member_id is None and self.basket_id is None


def put(owner: Owner, new: Sequence[Kept], *, now: datetime) -> UUID:
    """Put units into the owner's basket, all or none; return its id, which an anonymous owner must keep.

    Raises Full or TooMany (`rules`), and then changes nothing.
    """
    with locked(owner, now) as basket:
        lines = before = lines_of(basket)
        for line in new:
            lines = rules.put(lines, line)
        write(basket, before, lines)
        return basket.pk


def set_to(owner: Owner, new: Kept, *, now: datetime) -> UUID:
    """Have just so many of a variant in the owner's basket; return its id, as `put` does. Again changes nothing.

    Raises Full, and then changes nothing.
    """
    with locked(owner, now) as basket:
        before = lines_of(basket)
        write(basket, before, rules.set_to(before, new))
        return basket.pk


def change(owner: Owner, variant_id: int, quantity: int, amount: int | None, market_id: int, *, now: datetime) -> bool:
    """Set how many of a variant are wanted, 0 for none, at the price shown now. False when it is not in the basket."""
    return _edit(owner, variant_id, lambda lines: rules.changed(lines, variant_id, quantity, amount, market_id), now)


def save_for_later(owner: Owner, variant_id: int, *, later: bool, now: datetime) -> bool:
    """Save a line for later, or put it back (raises Full). False when there is no such line."""
    return _edit(owner, variant_id, lambda lines: rules.moved(lines, variant_id, later=later), now)


def take_out(owner: Owner, order_id: UUID, bought: Mapping[int, int], *, now: datetime) -> None:
    """Take what an order bought out of the basket, once for each order, however often it is asked for."""
    if owner.nobody:
        return
    with locked(owner, now) as basket:
        if order_id in basket.taken_for:
            return
        before = lines_of(basket)
        write(basket, before, rules.without(before, bought))
        taken_for = [*basket.taken_for, order_id][-TAKEN_ORDERS_MAX:]
        with connection.cursor() as cursor:
            cursor.execute("UPDATE baskets_basket SET taken_for = %s WHERE id = %s", [taken_for, basket.pk])


def touch(owner: Owner, *, now: datetime) -> None:
    """Note that the visitor still uses an anonymous basket."""
    if owner.basket_id is not None:
        Basket.objects.filter(pk=owner.basket_id, member=None).update(touched_at=now)


def _edit(owner: Owner, variant_id: int, edit: Callable[[Lines], Lines], now: datetime) -> bool:
    if owner.nobody:
        return False
    with locked(owner, now) as basket:
        before = lines_of(basket)
        if variant_id not in before:
            return False
        write(basket, before, edit(before))
        return True


@contextmanager
def locked(owner: Owner, now: datetime) -> Iterator[Basket]:
    """Hold the owner's basket for one transaction, as used now; one that does not exist yet is made."""
    with transaction.atomic():
        basket = _lock(owner, now)
        if basket is None:
            made = Basket(pk=new_id(), member_id=owner.member_id, touched_at=now)
            # The same member may be doing so on another device this instant.
            Basket.objects.bulk_create([made], ignore_conflicts=True)
            basket = _lock(Owner(owner.member_id, made.pk), now)
            assert basket is not None
        yield basket


# Notes the use and takes the lock in one; what comes back is the row as whoever had the lock before has left it.
_LOCK = """
    UPDATE baskets_basket SET touched_at = %(now)s WHERE {where} RETURNING id, member_id, touched_at, taken_for
"""
_LINES = """
    SELECT variant_id, quantity, seen_amount, seen_market_id, put_at, later FROM baskets_line
    WHERE basket_id = %s ORDER BY put_at, variant_id
"""


def _lock(owner: Owner, now: datetime) -> Basket | None:
    if owner.nobody:
        return None
    where = "id = %(basket)s AND member_id IS NULL" if owner.member_id is None else "member_id = %(member)s"
    with connection.cursor() as cursor:
        cursor.execute(_LOCK.format(where=where), {"now": now, "basket": owner.basket_id, "member": owner.member_id})
        row = cursor.fetchone()
    return Basket(*row) if row else None


def lines_of(basket: Basket) -> Lines:
    """Return a basket's lines by variant, in the order they were put in."""
    with connection.cursor() as cursor:
        cursor.execute(_LINES, [basket.pk])
        return {row[0]: Kept(*row) for row in cursor.fetchall()}


_WRITE = """
    INSERT INTO baskets_line (basket_id, variant_id, quantity, seen_amount, seen_market_id, put_at, later)
    SELECT %s, * FROM unnest(%s::int[], %s::int[], %s::bigint[], %s::smallint[], %s::timestamptz[], %s::bool[])
    ON CONFLICT (basket_id, variant_id) DO UPDATE SET quantity = excluded.quantity, seen_amount = excluded.seen_amount,
        seen_market_id = excluded.seen_market_id, put_at = excluded.put_at, later = excluded.later
"""


def write(basket: Basket, before: Mapping[int, Kept], after: Mapping[int, Kept]) -> None:
    """Make a basket's lines what they have become; the caller holds its lock."""
    gone = [variant_id for variant_id in before if variant_id not in after]
    if gone:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM baskets_line WHERE basket_id = %s AND variant_id = ANY (%s)", [basket.pk, gone])
    fresh = [line for variant_id, line in after.items() if before.get(variant_id) != line]
    if not fresh:
        return
    columns = zip(*(msgspec.structs.astuple(line) for line in fresh), strict=True)
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, [basket.pk, *(list(column) for column in columns)])
