"""What must hold of sales taken back."""

from setaria.kernel.invariants import Invariant

INVARIANTS = [
    Invariant(
        "returns_are_within_sales",
        "No more units of a line are taken back than were sold, and of paid orders only.",
        "SELECT count(*) FROM aftersales_returnedline",
        """
        SELECT r.order_id, r.position, r.units, l.quantity, o.status
        FROM (SELECT order_id, position, sum(quantity) AS units FROM aftersales_returnedline GROUP BY 1, 2) AS r
        LEFT JOIN orders_line AS l ON l.order_id = r.order_id AND l.position = r.position
        LEFT JOIN orders_order AS o ON o.id = r.order_id
        WHERE l.quantity IS NULL OR r.units > l.quantity OR o.status <> 2
        """,
    ),
    Invariant(
        "returns_are_refunded",
        "A return is worth its parts, and its refunds are all of that.",
        "SELECT count(*) FROM aftersales_return",
        """
        SELECT r.id, r.order_id, r.amount, parts.amount AS parts, refunds.amount AS refunds
        FROM aftersales_return AS r
        LEFT JOIN LATERAL (SELECT coalesce(sum(amount) FILTER (WHERE kind <> 4), 0) AS amount
                           FROM aftersales_returnedpart WHERE return_id = r.id) AS parts ON true
        LEFT JOIN LATERAL (SELECT coalesce(sum(amount), 0) AS amount
                           FROM payments_refund WHERE return_id = r.id) AS refunds ON true
        WHERE r.amount <> parts.amount OR r.amount <> refunds.amount
        """,
    ),
]
