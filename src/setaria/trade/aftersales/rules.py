"""What taking units back is worth; pure. Shares follow one named rule, so that parts add up to the whole."""

from collections.abc import Iterable, Sequence
from enum import IntEnum, StrEnum
from uuid import UUID

import msgspec

PRICE, SHIPPING, TAX_WITHIN = 0, 1, 4


class Amount(msgspec.Struct, frozen=True):
    """One amount of an order (minor units, signed): its kind, and the line it is about."""

    kind: int
    amount: int
    line: int | None


def upto(amount: int, units: int, of: int) -> int:
    """Return the share of the first `units` of `of` in an amount of nothing or more, by largest remainders.

    Each unit has the whole part of an equal share, and the first ones a minor unit of the rest; so the shares of any
    way of taking the units back, one by one or together, add up to the amount.
    """
    whole, rest = divmod(amount, of)
    return whole * units + min(units, rest)


def shares(amounts: Sequence[Amount], before: int, units: int, of: int) -> list[Amount]:
    """Return what `units` of a line's `of` are worth, after `before` were taken back, amount by amount.

    Amounts that count towards the total are shared as running sums, none of which is below nothing: so no rounding of
    two discounts can make a unit cost less than nothing. The tax within is shared for itself.
    """
    found, running = [], 0
    for each in amounts:
        if each.kind == TAX_WITHIN:
            found.append(_share(each, upto(each.amount, before + units, of) - upto(each.amount, before, of)))
            continue
        now = running + each.amount
        part = upto(now, before + units, of) - upto(now, before, of)
        found.append(_share(each, part - (upto(running, before + units, of) - upto(running, before, of))))
        running = now
    return [each for each in found if each.amount]


def _share(of: Amount, amount: int) -> Amount:
    return Amount(of.kind, amount, of.line)


def worth(parts: Iterable[Amount]) -> int:
    """Return the money of parts: all but the tax that is within them."""
    return sum(part.amount for part in parts if part.kind != TAX_WITHIN)


def in_order(amounts: Iterable[Amount]) -> list[Amount]:
    """Put a line's amounts so that no running sum is below nothing: what adds first, what takes off after."""
    return sorted(amounts, key=lambda each: (each.kind == TAX_WITHIN, each.amount < 0, each.kind))


class Means(IntEnum):
    """What an order was paid with."""

    PAYMENT = 0
    DEPOSIT = 1
    CARD = 2  # gift cards and store credit


class Turn(StrEnum):
    """The named rule by which means get money back: which of them is filled up first."""

    CARDS_LAST = "cards_last"
    CARDS_FIRST = "cards_first"


class Source(msgspec.Struct, frozen=True):
    """A payment that money can go back to, with what is left of it."""

    payment_id: UUID
    provider: str
    means: Means
    left: int


def in_turn(sources: Iterable[Source], turn: Turn) -> list[Source]:
    """Order sources by the rule; those of one means by their ids, so that every process divides alike."""
    sign = -1 if turn is Turn.CARDS_FIRST else 1
    return sorted(sources, key=lambda source: (sign * source.means, source.payment_id))


def spread(amount: int, sources: Sequence[Source]) -> list[tuple[Source, int]] | None:
    """Divide an amount over payments, the first to their full; None when they do not hold so much."""
    found = []
    for source in sources:
        part = min(amount, source.left)
        if part > 0:
            found.append((source, part))
            amount -= part
    return None if amount else found
