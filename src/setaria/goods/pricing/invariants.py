"""What must hold of prices (law 3)."""

from setaria.kernel.invariants import Invariant

INVARIANTS = [
    Invariant(
        "one_price_at_a_time",
        "No variant has two prices in one market at the same instant.",
        "SELECT count(*) FROM pricing_price",
        """
        SELECT a.id, b.id, a.variant_id, a.market_id FROM pricing_price AS a
        JOIN pricing_price AS b
            ON b.variant_id = a.variant_id AND b.market_id = a.market_id AND b.id > a.id AND b.valid && a.valid
        """,
    ),
]
