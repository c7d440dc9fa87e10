"""What must hold of payments."""

from setaria.kernel.invariants import Invariant

INVARIANTS = [
    Invariant(
        "refunds_are_owed",
        "Every refund belongs to a settlement that was not applied, of the same amount.",
        "SELECT count(*) FROM payments_refund",
        """
        SELECT r.payment_id, r.amount, s.amount, s.outcome FROM payments_refund AS r
        LEFT JOIN orders_settlement AS s ON s.payment_id = r.payment_id AND s.order_id = r.order_id
        WHERE s.payment_id IS NULL OR s.outcome = 1 OR (s.amount, s.currency) IS DISTINCT FROM (r.amount, r.currency)
        """,
    ),
]
