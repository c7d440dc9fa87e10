"""Rounding and sharing, the two places where minor units could get lost; pure."""

from collections.abc import Sequence
from enum import StrEnum

BASIS = 10_000  # basis points in a whole


class Rounding(StrEnum):
    """How tax is rounded to the minor unit: each line's, or the order's at each rate; halves to the even one, or up."""

    LINE_HALF_EVEN = "line_half_even"
    LINE_HALF_UP = "line_half_up"
    ORDER_HALF_EVEN = "order_half_even"
    ORDER_HALF_UP = "order_half_up"

    @property
    def by_order(self) -> bool:
        """Whether lines are added up before they are rounded."""
        return self in (Rounding.ORDER_HALF_EVEN, Rounding.ORDER_HALF_UP)

    @property
    def half_up(self) -> bool:
        """Whether a half goes up; else to the even number."""
        return self in (Rounding.LINE_HALF_UP, Rounding.ORDER_HALF_UP)


class DeliveryTax(StrEnum):
    """How delivery is taxed: at the market's standard rate, as the goods it brings (by their shares), or not at all."""

    STANDARD = "standard"
    GOODS = "goods"
    NONE = "none"


def rounded(numerator: int, denominator: int, *, half_up: bool = False) -> int:
    """Return the whole number nearest to a quotient of numbers not below nothing; halves to the even one, or up."""
    whole, rest = divmod(numerator, denominator)
    if 2 * rest > denominator or (2 * rest == denominator and (half_up or whole % 2)):
        whole += 1
    return whole


def allot(amount: int, weights: Sequence[int], keys: Sequence[int]) -> list[int]:
    """Share `amount` (not below nothing) out by weight, to the last minor unit, by the largest-remainder rule.

    Each gets its exact share rounded down; what is left goes a unit each to the largest remainders, the smaller key
    first where two are the same, so the order of the lines does not matter. Nobody gets more than their weight while
    `amount` is not more than all weights. Without any weight nobody gets anything.
    """
    whole = sum(weights)
    if whole == 0:
        return [0] * len(weights)
    shares, rests = [], []
    for n, weight in enumerate(weights):
        share, rest = divmod(amount * weight, whole)
        shares.append(share)
        rests.append((-rest, keys[n], n))
    for _, _, n in sorted(rests)[: amount - sum(shares)]:
        shares[n] += 1
    return shares
