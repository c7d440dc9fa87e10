"""What must hold of the books."""

from setaria.kernel.invariants import Invariant

# The books follow the shop within seconds. What was passed over, or is ten minutes old and not entered, was forgotten.
_OLD = "greatest(mark.until - interval '1 minute', now() - interval '10 minutes')"

INVARIANTS = [
    Invariant(
        "entries_balance",
        "Every entry has two lines or more, and in each currency they add up to nothing; no line is without its entry.",
        "SELECT count(*) FROM books_entry",
        """
        SELECT source, source_id, currency, coalesce(lines, 0), adds_up_to FROM books_entry AS entry FULL JOIN (
            SELECT source, source_id, currency, count(*) AS lines, sum(amount) AS adds_up_to
            FROM books_posting GROUP BY source, source_id, currency
        ) AS posted USING (source, source_id)
        WHERE coalesce(lines, 0) < 2 OR adds_up_to <> 0 OR entry.at IS NULL
        """,
    ),
    Invariant(
        "balances_are_the_postings",
        "The balance of every account in every month is what was posted to it.",
        "SELECT count(*) FROM books_balance",
        """
        SELECT account, month, market_id, currency, kind_id, provider, posted.debit, posted.credit, b.debit, b.credit
        FROM books_balance AS b
        FULL JOIN (
            SELECT account, month, market_id, currency, kind_id, provider,
                   sum(greatest(amount, 0)) AS debit, sum(greatest(-amount, 0)) AS credit
            FROM books_posting GROUP BY account, month, market_id, currency, kind_id, provider
        ) AS posted USING (account, month, market_id, currency, kind_id, provider)
        WHERE (b.debit, b.credit) IS DISTINCT FROM (posted.debit, posted.credit)
        """,
    ),
    Invariant(
        "money_is_in_the_books",
        "Every payment, deposit, sale and refund is entered, with its amount, within ten minutes.",
        "SELECT count(*) FROM orders_settlement",
        f"""
        SELECT happened.source, happened.source_id, happened.amount, posted.amount AS posted
        FROM (
            SELECT 1 AS source, payment_id AS source_id, amount, at FROM orders_settlement
            UNION ALL SELECT 2, id, total, paid_at FROM orders_order WHERE paid_at IS NOT NULL
            UNION ALL SELECT 3, id, amount, sent_at FROM payments_refund WHERE sent_at IS NOT NULL
            UNION ALL SELECT 8, id, amount, at FROM aftersales_return WHERE amount > 0
            UNION ALL SELECT 4, payment_id, amount, at FROM preorders_receipt
            UNION ALL SELECT CASE kind WHEN 1 THEN 16 WHEN 4 THEN 17 WHEN 6 THEN 18 ELSE 19 END, id, abs(amount), at
                      FROM points_entry WHERE kind IN (1, 4, 6, 7)
            UNION ALL SELECT 11, payment_id, amount, at FROM payments_remittance
            UNION ALL SELECT 12, id, amount, held_at FROM payments_dispute WHERE held_at IS NOT NULL
            UNION ALL SELECT 13, id, amount, greatest(held_at, ended_at) FROM payments_dispute
                      WHERE held_at IS NOT NULL AND ended_at IS NOT NULL
            UNION ALL SELECT 14, id, fee, ended_at FROM payments_dispute WHERE fee > 0 AND ended_at IS NOT NULL
            UNION ALL SELECT 15, id, amount, at FROM giftcards_movement WHERE kind = 1
            UNION ALL SELECT 9, e.id, abs(e.fee), f.at FROM reconciliation_entry AS e
                      JOIN reconciliation_statement AS f ON f.id = e.statement_id WHERE e.fee <> 0
            UNION ALL SELECT 10, e.id, abs(e.amount), f.at FROM reconciliation_entry AS e
                      JOIN reconciliation_statement AS f ON f.id = e.statement_id WHERE e.kind = 3
        ) AS happened
        LEFT JOIN books_mark AS mark ON mark.source = happened.source
        LEFT JOIN LATERAL (
            SELECT sum(abs(p.amount)) AS amount FROM books_posting AS p
            WHERE p.source = happened.source AND p.source_id = happened.source_id
              AND CASE p.source WHEN 2 THEN p.account = 1100 WHEN 8 THEN p.account = 2200 ELSE p.amount > 0 END
        ) AS posted ON true
        WHERE happened.at < {_OLD} AND posted.amount IS DISTINCT FROM happened.amount
        """,
    ),
    Invariant(
        "paid_orders_owe_nothing",
        "Of a paid order that is in the books, the customer owes nothing, and is owed nothing.",
        "SELECT count(*) FROM books_entry WHERE source = 2",
        """
        SELECT order_id, owed
        FROM (
            SELECT order_id, sum(amount) AS owed
            FROM books_posting AS posting JOIN books_entry AS entry USING (source, source_id)
            WHERE account = 1100 AND source <> 20
            GROUP BY order_id HAVING sum(amount) <> 0
        ) AS owing
        WHERE EXISTS (SELECT 1 FROM books_entry AS sale WHERE sale.order_id = owing.order_id AND sale.source = 2)
          AND EXISTS (SELECT 1 FROM books_entry AS paid WHERE paid.order_id = owing.order_id AND paid.source = 1)
        """,
    ),
    Invariant(
        "sales_are_what_was_charged",
        "Tax, discounts, points and shipping of a sale in the books are the charges its order was placed with.",
        "SELECT count(*) FROM orders_charge",
        """
        SELECT charged.order_id, charged.tax, posted.tax, charged.off, posted.off, charged.shipping, posted.shipping
        FROM (
            SELECT order_id, coalesce(sum(amount) FILTER (WHERE kind IN (2, 4)), 0) AS tax,
                   coalesce(sum(amount) FILTER (WHERE kind IN (3, 5)), 0) AS off,
                   coalesce(sum(CASE kind WHEN 1 THEN amount ELSE -amount END)
                            FILTER (WHERE kind = 1 OR kind = 4 AND line IS NULL), 0) AS shipping
            FROM orders_charge GROUP BY order_id
        ) AS charged
        JOIN books_entry AS entry ON entry.source = 2 AND entry.source_id = charged.order_id
        CROSS JOIN LATERAL (
            SELECT coalesce(sum(-amount) FILTER (WHERE account = 2100), 0) AS tax,
                   coalesce(sum(-amount) FILTER (WHERE account IN (4010, 2400)), 0) AS off,
                   coalesce(sum(-amount) FILTER (WHERE account = 4020), 0) AS shipping
            FROM books_posting AS p WHERE p.source = 2 AND p.source_id = charged.order_id
        ) AS posted
        WHERE (charged.tax, charged.off, charged.shipping) IS DISTINCT FROM (posted.tax, posted.off, posted.shipping)
        """,
    ),
    Invariant(
        "returning_is_what_is_due",
        "What is to be returned for an order, by the books, are its refunds that are entered as owed and not as sent.",
        "SELECT count(*) FROM payments_refund",
        """
        SELECT due.order_id, due.amount, posted.amount AS posted
        FROM (
            SELECT r.order_id, sum(r.amount) FILTER (WHERE sent.source_id IS NULL) AS amount
            FROM payments_refund AS r
            LEFT JOIN books_entry AS sent ON sent.source = 3 AND sent.source_id = r.id
            WHERE EXISTS (SELECT 1 FROM books_entry AS owed WHERE owed.source = 8 AND owed.source_id = r.return_id)
               OR r.return_id IS NULL AND EXISTS (
                    SELECT 1 FROM books_entry AS owed WHERE owed.source IN (1, 7) AND owed.source_id = r.payment_id)
            GROUP BY r.order_id
        ) AS due
        JOIN LATERAL (
            SELECT -sum(p.amount) AS amount FROM books_entry AS entry
            JOIN books_posting AS p ON p.source = entry.source AND p.source_id = entry.source_id
            WHERE entry.order_id = due.order_id AND p.account = 2200 AND entry.source <> 20
        ) AS posted ON true
        WHERE coalesce(due.amount, 0) <> coalesce(posted.amount, 0)
        """,
    ),
]
