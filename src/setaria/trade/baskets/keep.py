"""Changing a basket: always under the lock of its row, so that two devices add to each other and lose nothing."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from django.db import transaction

from setaria.kernel.arrays import int4s
from setaria.kernel.ids import new_id
from setaria.kernel.pipeline import Value
from setaria.kernel.questions import Question, ask
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
    with locked(owner, now) as (basket_id, before):
        lines = before
        for line in new:
            lines = rules.put(lines, line)
        _write_last(basket_id, before, lines)
        return basket_id


def set_to(
    owner: Owner, new: Kept, *, now: datetime, then: Callable[[Lines], Question]
) -> tuple[UUID, Lines, list[Any]]:
    """Have just so many of a variant in the owner's basket; return its id, as `put` does, and all its lines.

    And the answer to what is `then` asked about these, in the same trip. Again changes nothing. Raises Full, and then
    changes nothing.
    """
    with locked(owner, now) as (basket_id, before):
        lines = rules.set_to(before, new)
        return basket_id, lines, _write_last(basket_id, before, lines, then(lines))


def change(owner: Owner, variant_id: int, quantity: int, amount: int | None, market_id: int, *, now: datetime) -> bool:
    """Set how many of a variant are wanted, 0 for none, at the price shown now. False when it is not in the basket."""
    return _edit(owner, variant_id, lambda lines: rules.changed(lines, variant_id, quantity, amount, market_id), now)


def save_for_later(owner: Owner, variant_id: int, *, later: bool, now: datetime) -> bool:
    """Save a line for later, or put it back (raises Full). False when there is no such line."""
    return _edit(owner, variant_id, lambda lines: rules.moved(lines, variant_id, later=later), now)


def take_out(owner: Owner, order_id: UUID, bought: Mapping[int, int], *, now: datetime) -> None:
    """Take what an order bought out of the basket, once for each order, however often it is asked for."""
    ask(*taking_out(owner, order_id, bought, now=now))


def taking_out(owner: Owner, order_id: UUID, bought: Mapping[int, int], *, now: datetime) -> list[Question]:
    """As `take_out`, to be asked together with what else is asked, in this order.

    What was put in since, and what is saved for later, stays.
    """
    if owner.nobody:
        return []
    lock, about = _lock(owner, now)
    about |= {
        "order": order_id, "variants": int4s(list(bought)), "quantities": int4s(list(bought.values())),
    }  # fmt: skip
    return [Question(lock, about), Question(_TAKE_OUT.format(theirs=_theirs(owner)), about)]


def touch(owner: Owner, *, now: datetime) -> None:
    """Note that the visitor still uses an anonymous basket."""
    if owner.basket_id is not None:
        Basket.objects.filter(pk=owner.basket_id, member=None).update(touched_at=now)


def _edit(owner: Owner, variant_id: int, edit: Callable[[Lines], Lines], now: datetime) -> bool:
    if owner.nobody:
        return False
    with locked(owner, now) as (basket_id, before):
        if variant_id not in before:
            return False
        _write_last(basket_id, before, edit(before))
        return True


@contextmanager
def locked(owner: Owner, now: datetime) -> Iterator[tuple[UUID, Lines]]:
    """Hold the owner's basket for one transaction, as used now; its id and its lines. One that is not there is made."""
    lock, about = _lock(owner, now)
    with transaction.atomic():
        lines = Question(_LINES.format(whose=f"(SELECT id FROM baskets_basket WHERE {_theirs(owner)})"), about, _kept)
        [[(basket_id,)], found] = ask(Question(lock, about), lines)
        yield basket_id, {line.variant_id: line for line in found}


def lines_in(basket_id: UUID) -> Lines:
    """Return a basket's lines by variant, in the order they were put in; the caller holds its lock."""
    [found] = ask(Question(_LINES.format(whose="%(basket)s"), {"basket": basket_id}, _kept))
    return {line.variant_id: line for line in found}


def _kept(row: tuple[Any, ...]) -> Kept:
    return Kept(*row)


# Each notes the use and takes the lock in one; what is asked after it sees what whoever had the lock before has left.
_LOCK_MEMBERS = """
    INSERT INTO baskets_basket (id, member_id, touched_at, taken_for) VALUES (%(new)s, %(member)s, %(now)s, '{}')
    ON CONFLICT (member_id) DO UPDATE SET touched_at = excluded.touched_at RETURNING id
"""
_LOCK_ANONYMOUS = """
    WITH found AS (
        UPDATE baskets_basket SET touched_at = %(now)s WHERE id = %(basket)s AND member_id IS NULL RETURNING id
    ), made AS (
        INSERT INTO baskets_basket (id, member_id, touched_at, taken_for)
        SELECT %(new)s, NULL, %(now)s, '{}' WHERE NOT EXISTS (SELECT FROM found) RETURNING id
    )
    SELECT id FROM found UNION ALL SELECT id FROM made
"""
_LINES = """
    SELECT variant_id, quantity, seen_amount, seen_market_id, put_at, later FROM baskets_line
    WHERE basket_id = {whose} ORDER BY put_at, variant_id
"""
_TAKE_OUT = f"""
    WITH basket AS (
        UPDATE baskets_basket SET taken_for = (taken_for || %(order)s)[greatest(1, cardinality(taken_for) + 2 - {TAKEN_ORDERS_MAX}):]
        WHERE {{theirs}} AND NOT %(order)s = ANY (taken_for) RETURNING id
    ), bought AS (
        SELECT line.basket_id, line.variant_id, line.quantity - bought.quantity AS rest
        FROM unnest(%(variants)s, %(quantities)s) AS bought (variant_id, quantity)
        JOIN baskets_line AS line ON line.variant_id = bought.variant_id AND NOT line.later
        JOIN basket ON basket.id = line.basket_id
    ), gone AS (
        DELETE FROM baskets_line AS line USING bought
        WHERE line.basket_id = bought.basket_id AND line.variant_id = bought.variant_id AND bought.rest <= 0
    )
    UPDATE baskets_line AS line SET quantity = bought.rest FROM bought
    WHERE line.basket_id = bought.basket_id AND line.variant_id = bought.variant_id AND bought.rest > 0
"""  # fmt: skip


def _lock(owner: Owner, now: datetime) -> tuple[str, dict[str, Value]]:
    """Return the statement that takes the lock and returns the basket's id, and what it and `_theirs` are about."""
    new = new_id()
    if owner.member_id is not None:
        return _LOCK_MEMBERS, {"new": new, "member": owner.member_id, "now": now}
    return _LOCK_ANONYMOUS, {"new": new, "basket": owner.basket_id or new, "now": now}


def _theirs(owner: Owner) -> str:
    """The condition for the owner's basket, which is locked."""
    return (
        "member_id = %(member)s" if owner.member_id is not None else "id IN (%(basket)s, %(new)s) AND member_id IS NULL"
    )


_WRITE = """
    INSERT INTO baskets_line (basket_id, variant_id, quantity, seen_amount, seen_market_id, put_at, later)
    VALUES (%(basket)s, %(variant)s, %(quantity)s, nullif(%(seen)s, -1), %(market)s, %(put_at)s, %(later)s = 1)
    ON CONFLICT (basket_id, variant_id) DO UPDATE SET quantity = excluded.quantity, seen_amount = excluded.seen_amount,
        seen_market_id = excluded.seen_market_id, put_at = excluded.put_at, later = excluded.later
"""
_DELETE = "DELETE FROM baskets_line WHERE basket_id = %(basket)s AND variant_id = ANY (%(gone)s)"


def write(basket_id: UUID, before: Mapping[int, Kept], after: Mapping[int, Kept]) -> None:
    """Make a basket's lines what they have become; the caller holds its lock."""
    if changes := _changes(basket_id, before, after):
        ask(*changes)


def _write_last(basket_id: UUID, before: Mapping[int, Kept], after: Mapping[int, Kept], *then: Question) -> list[Any]:
    """As `write`, with nothing to come after it: the commit travels along, and one more question. Return its answer."""
    return (ask(*_changes(basket_id, before, after), *then, commit=True) or [[]])[-1]


def _changes(basket_id: UUID, before: Mapping[int, Kept], after: Mapping[int, Kept]) -> list[Question]:
    gone = [variant_id for variant_id in before if variant_id not in after]
    asked = [Question(_DELETE, {"basket": basket_id, "gone": int4s(gone)})] if gone else []
    return asked + [_writing(basket_id, line) for variant_id, line in after.items() if before.get(variant_id) != line]


def _writing(basket_id: UUID, line: Kept) -> Question:
    about: dict[str, Value] = {
        "basket": basket_id, "variant": line.variant_id, "quantity": line.quantity,
        "seen": -1 if line.seen_amount is None else line.seen_amount, "market": line.seen_market_id,
        "put_at": line.put_at, "later": int(line.later),
    }  # fmt: skip
    return Question(_WRITE, about)
