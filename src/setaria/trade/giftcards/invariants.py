"""What must hold of gift cards: what is left is what moved, and what was spent pays an order or came back."""

from setaria.kernel.invariants import Invariant

INVARIANTS = [
    Invariant(
        "cards_are_their_movements",
        "What is left on a card is the sum of its movements, and never less than nothing.",
        "SELECT count(*) FROM giftcards_card",
        """
        SELECT card.id, card.balance, m.amount FROM giftcards_card AS card
        LEFT JOIN (SELECT card_id, sum(amount) AS amount FROM giftcards_movement GROUP BY card_id) AS m
            ON m.card_id = card.id
        WHERE card.balance IS DISTINCT FROM m.amount OR card.balance < 0
        """,
    ),
    Invariant(
        "cards_pay_what_was_taken_off_them",
        "What cards paid towards orders was taken off them in that amount, and is on them again only if it pays nothing.",
        "SELECT count(*) FROM giftcards_movement WHERE kind = 2",
        # The other way round takes a moment: what was taken and is not counted yet is mended by the worker.
        """
        SELECT paid.payment_id, paid.order_id, paid.amount, m.amount, back.amount
        FROM (
            SELECT payment_id, order_id, amount, revoked_at IS NULL AS counts FROM orders_credit WHERE means = 2
            UNION ALL
            SELECT payment_id, order_id, amount, outcome = 1 FROM orders_settlement WHERE provider = 'giftcard'
        ) AS paid
        LEFT JOIN giftcards_movement AS m ON m.id = paid.payment_id AND m.kind = 2 AND m.order_id = paid.order_id
        LEFT JOIN giftcards_movement AS back ON back.id = paid.payment_id AND back.kind = 3
        WHERE paid.amount IS DISTINCT FROM -m.amount OR (paid.counts AND back.id IS NOT NULL)
           OR back.amount <> paid.amount
        """,
    ),
    Invariant(
        "cards_get_back_what_is_sent_to_them",
        "A refund that was sent to a card is on it, once and in its amount; of an order never more than it was paid with.",
        "SELECT count(*) FROM giftcards_movement WHERE kind = 3",
        """
        SELECT r.id, r.amount, back.amount AS back FROM payments_refund AS r
        LEFT JOIN giftcards_movement AS back ON back.id = r.id AND back.kind = 3
        WHERE r.provider = 'giftcard' AND r.sent_at IS NOT NULL AND back.amount IS DISTINCT FROM r.amount
        UNION ALL
        SELECT order_id, -sum(amount) FILTER (WHERE kind = 2), sum(amount) FILTER (WHERE kind = 3)
        FROM giftcards_movement WHERE kind IN (2, 3) GROUP BY order_id, card_id HAVING sum(amount) > 0
        """,
    ),
]
