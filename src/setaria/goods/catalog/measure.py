"""What a measure of something costs: each of a pack, 100 g, 100 ml. Pure.

Goods sold by weight or volume show their price per unit of measure beside the price (Directive 98/6/EC; R-009).
"""

MEASURE = 100  # g or ml


def each(amount: int, units: int) -> int:
    """Return what one of `units` costs, of a pack at `amount` minor units, rounded half up."""
    return (2 * amount + units) // (2 * units)


def per_measure(amount: int, quantity: int) -> int:
    """Return what 100 g or 100 ml cost, of a pack of `quantity` g or ml at `amount` minor units, rounded half up."""
    return (2 * amount * MEASURE + quantity) // (2 * quantity)
