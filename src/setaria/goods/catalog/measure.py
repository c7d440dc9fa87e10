"""What a measure of something costs: each of a pack, 100 g, 100 ml. Pure.

Goods sold by weight or volume show their price per unit of measure beside the price (Directive 98/6/EC; R-009).
"""

from typing import Protocol

MEASURE = 100  # g or ml


class Packed(Protocol):
    """What is in a pack: so many units, so much in all."""

    @property
    def pack_units(self) -> int:
        """How many units."""

    @property
    def net_quantity(self) -> int | None:
        """How many g or ml, where it is sold by them."""


def price_each(price: int | None, packed: Packed) -> int | None:
    """Return what one unit of a pack costs (R-009); None for what is no pack, or has no price."""
    units = packed.pack_units
    return each(price, units) if price is not None and units > 1 else None


def price_per_measure(price: int | None, packed: Packed) -> int | None:
    """Return what 100 g or 100 ml cost; None for what is not sold by weight or volume, or is just that much."""
    quantity = packed.net_quantity
    return per_measure(price, quantity) if price is not None and quantity and quantity != MEASURE else None


def each(amount: int, units: int) -> int:
    """Return what one of `units` costs, of a pack at `amount` minor units, rounded half up."""
    return (2 * amount + units) // (2 * units)


def per_measure(amount: int, quantity: int) -> int:
    """Return what 100 g or 100 ml cost, of a pack of `quantity` g or ml at `amount` minor units, rounded half up."""
    return (2 * amount * MEASURE + quantity) // (2 * quantity)
