"""What must hold of payments."""

from setaria.kernel.invariants import Invariant

INVARIANTS = [
    Invariant(
        "refunds_are_owed",
        "What could not be used goes back in full; of what was, no more than came in, and for what was taken back.",
        "SELECT count(*) FROM payments_refund",
        """
        SELECT r.payment_id, r.amount, s.amount AS paid, s.outcome FROM (
            SELECT payment_id, order_id, min(currency) AS currency, sum(amount) AS amount, count(*) AS n,
                   count(return_id) AS taken_back
            FROM payments_refund GROUP BY payment_id, order_id
        ) AS r
        LEFT JOIN (SELECT payment_id, order_id, amount, currency, outcome FROM orders_settlement
                   UNION ALL
                   SELECT payment_id, place_id, amount, currency, CASE fate WHEN 4 THEN 4 ELSE 1 END
                   FROM preorders_receipt
                   UNION ALL
                   SELECT payment_id, order_id, amount, currency, 1 FROM orders_credit WHERE means = 2
                  ) AS s ON s.payment_id = r.payment_id AND s.order_id = r.order_id
        WHERE s.payment_id IS NULL OR s.currency <> r.currency OR r.amount > s.amount
           OR (s.outcome = 1 AND r.taken_back < r.n) OR (s.outcome <> 1 AND (r.n > 1 OR r.amount <> s.amount))
        """,
    ),
    Invariant(
        "payments_that_succeeded_are_settled",
        "Every payment that succeeded has its settlement or its deposit's receipt, or a case about it.",
        "SELECT count(*) FROM payments_payment WHERE status = 'succeeded'",
        """
        SELECT p.id, p.order_id, p.provider FROM payments_payment AS p
        WHERE p.status = 'succeeded'
          AND NOT EXISTS (SELECT 1 FROM orders_settlement AS s WHERE s.payment_id = p.id AND s.order_id = p.order_id)
          AND NOT EXISTS (SELECT 1 FROM preorders_receipt AS r WHERE r.payment_id = p.id)
          AND NOT EXISTS (SELECT 1 FROM payments_case AS c WHERE c.payment_id = p.id)
        """,
    ),
    Invariant(
        "disputes_cover_what_they_gave_back",
        "Refunds that count as sent by a dispute are of a payment whose disputes were lost, within what those took.",
        "SELECT count(*) FROM payments_dispute",
        """
        SELECT r.payment_id, r.amount, d.amount AS lost FROM (
            SELECT payment_id, sum(amount) AS amount FROM payments_refund WHERE sent_by = 'dispute' GROUP BY 1
        ) AS r
        LEFT JOIN (SELECT payment_id, sum(amount) AS amount FROM payments_dispute WHERE outcome = 'lost' GROUP BY 1) AS d
            USING (payment_id)
        WHERE r.amount > coalesce(d.amount, 0)
        """,
    ),
]
