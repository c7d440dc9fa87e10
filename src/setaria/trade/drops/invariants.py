"""What must hold of drops."""

from setaria.kernel.invariants import Invariant

INVARIANTS = [
    Invariant(
        "drops_sell_from_their_pool_only",
        "Every line of a drop's order is one of its items and was taken from its own pool.",
        "SELECT count(*) FROM orders_order WHERE drop_id IS NOT NULL",
        """
        SELECT o.id, l.variant_id, l.location_id, d.pool_id
        FROM orders_order AS o JOIN orders_line AS l ON l.order_id = o.id
        LEFT JOIN drops_drop AS d ON d.id = o.drop_id
        LEFT JOIN drops_dropitem AS i ON i.drop_id = o.drop_id AND i.variant_id = l.variant_id
        WHERE o.drop_id IS NOT NULL AND (d.pool_id IS DISTINCT FROM l.location_id OR i.id IS NULL)
        """,
    ),
]
