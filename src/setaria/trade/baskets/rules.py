"""What becomes of a basket's lines; pure decisions over lines by variant, in the order they were put in."""

from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec

from setaria.trade.orders.requests import LINE_QUANTITY_MAX, ORDER_LINES_MAX

BASKET_LINES_MAX = ORDER_LINES_MAX
LATER_LINES_MAX = 100


class Full(Exception):
    """There are as many lines as there may be; nothing was changed."""


class TooMany(Exception):
    """More of one line than one order can have; nothing was changed."""


class Kept(msgspec.Struct, frozen=True):
    """One line: how many, where it stands, and the price last seen (minor units) in which market."""

    variant_id: int
    quantity: int
    seen_amount: int | None
    seen_market_id: int
    put_at: datetime
    later: bool = False


Lines = dict[int, Kept]


def put(lines: Mapping[int, Kept], new: Kept) -> Lines:
    """Add units of a variant at the price seen now; what was saved for later comes back as just that many.

    Raises Full or TooMany.
    """
    there = lines.get(new.variant_id)
    already = there.quantity if there and not there.later else 0
    if already + new.quantity > LINE_QUANTITY_MAX:
        raise TooMany
    put_at = there.put_at if there and not there.later else new.put_at
    return _bounded(
        {**lines, new.variant_id: msgspec.structs.replace(new, quantity=already + new.quantity, put_at=put_at)}
    )


def set_to(lines: Mapping[int, Kept], new: Kept) -> Lines:
    """Make a line what it is said to be, whether it was there or not; it keeps its place. Raises Full."""
    there = lines.get(new.variant_id)
    put_at = there.put_at if there and not there.later else new.put_at
    return _bounded({**lines, new.variant_id: msgspec.structs.replace(new, put_at=put_at)})


def changed(lines: Mapping[int, Kept], variant_id: int, quantity: int, amount: int | None, market_id: int) -> Lines:
    """Set how many of a variant in it are wanted, 0 for none; the price shown beside it counts as seen."""
    left = dict(lines)
    if quantity:
        left[variant_id] = msgspec.structs.replace(
            lines[variant_id], quantity=quantity, seen_amount=amount, seen_market_id=market_id
        )
    else:
        del left[variant_id]
    return left


def moved(lines: Mapping[int, Kept], variant_id: int, *, later: bool) -> Lines:
    """Save a line for later, or put it back; raises Full."""
    return _bounded({**lines, variant_id: msgspec.structs.replace(lines[variant_id], later=later)})


def merged(own: Mapping[int, Kept], brought: Mapping[int, Kept]) -> tuple[Lines, int]:
    """Join what was put in before signing in with what the account has; return it, and how many lines found no room.

    Of the same thing in both, the larger quantity counts, not the sum: who puts the same in at two screens means it
    once (decision 0024). What does not fit into the basket is saved for later.
    """
    joined = dict(own)
    for variant_id, line in brought.items():
        there = joined.get(variant_id)
        if there is None:
            joined[variant_id] = line
        elif there.later == line.later:
            joined[variant_id] = msgspec.structs.replace(
                line, quantity=max(there.quantity, line.quantity), put_at=there.put_at
            )
        elif there.later:
            joined[variant_id] = line
    standing = [line for line in _in_order(joined) if not line.later]
    overflow = {line.variant_id for line in standing[BASKET_LINES_MAX:]}
    placed = [
        msgspec.structs.replace(line, later=line.later or line.variant_id in overflow) for line in _in_order(joined)
    ]
    kept = [line for line in placed if not line.later]
    saved = [line for line in placed if line.later]
    # What the account had comes first: nobody loses what they knew to be there to what was just brought along.
    saved.sort(key=lambda line: (line.variant_id not in own, line.put_at))
    fitting = [*kept, *saved[:LATER_LINES_MAX]]
    return {line.variant_id: line for line in fitting}, len(placed) - len(fitting)


def _bounded(lines: Lines) -> Lines:
    saved = sum(line.later for line in lines.values())
    if saved > LATER_LINES_MAX or len(lines) - saved > BASKET_LINES_MAX:
        raise Full
    return lines


def _in_order(lines: Mapping[int, Kept]) -> Iterable[Kept]:
    return sorted(lines.values(), key=lambda line: (line.put_at, line.variant_id))
