"""What must hold of cash on delivery."""

from setaria.kernel.invariants import Invariant

INVARIANTS = [
    Invariant(
        "promises_are_what_is_due",
        "What is waived of a promise are its refunds that were sent; what was handed over is noted once, and signed.",
        "SELECT count(*) FROM cash_promise",
        """
        SELECT p.payment_id, p.amount, p.waived, w.amount AS waivers, p.paid_at, r.at
        FROM cash_promise AS p
        LEFT JOIN (SELECT payment_id, sum(amount) AS amount FROM cash_waiver GROUP BY 1) AS w USING (payment_id)
        LEFT JOIN payments_remittance AS r USING (payment_id)
        WHERE p.waived <> CASE WHEN p.closed THEN p.amount ELSE coalesce(w.amount, 0) END
           OR (p.paid_at IS NULL) <> (r.at IS NULL) OR r.provider <> 'cash'
        """,
    ),
    Invariant(
        "waivers_are_refunds",
        "A refund of an order that was promised in cash lets the courier collect so much less.",
        "SELECT count(*) FROM cash_waiver",
        """
        SELECT w.refund_id, w.amount, r.amount FROM cash_waiver AS w LEFT JOIN payments_refund AS r ON r.id = w.refund_id
        WHERE w.amount IS DISTINCT FROM r.amount
        """,
    ),
]
