"""What must hold of points: balances are their entries, and what an order was paid with was set aside for it."""

from setaria.kernel.invariants import Invariant

INVARIANTS = [
    Invariant(
        "points_are_their_entries",
        "What a member has in points is the sum of their entries, and never less than none.",
        "SELECT count(*) FROM points_account",
        """
        SELECT member_id, market_id, a.balance, e.amount FROM points_account AS a
        FULL JOIN (SELECT member_id, market_id, sum(amount) AS amount FROM points_entry GROUP BY 1, 2) AS e
            USING (member_id, market_id)
        WHERE a.balance IS DISTINCT FROM e.amount OR a.balance < 0
        """,
    ),
    Invariant(
        "points_on_orders_were_set_aside",
        "Points on a living order are a spending kept for it, in its amount; and the other way round.",
        "SELECT count(*) FROM points_spending",
        """
        SELECT coalesce(c.order_id, s.order_id), c.amount, s.amount
        FROM (SELECT order_id, -sum(amount) AS amount FROM orders_charge
              JOIN orders_order ON id = order_id AND status IN (1, 2) WHERE kind = 5 GROUP BY 1) AS c
        FULL JOIN (SELECT order_id, amount FROM points_spending LEFT JOIN orders_order ON id = order_id
                   WHERE state IN (2, 3) AND status IS DISTINCT FROM 3 AND status IS DISTINCT FROM 4) AS s
            ON s.order_id = c.order_id
        WHERE c.amount IS DISTINCT FROM s.amount
        """,
    ),
    Invariant(
        "spendings_are_entries",
        "What was set aside for orders and is not given back has gone from their members' points.",
        "SELECT count(*) FROM points_spending",
        """
        SELECT coalesce(s.order_id, e.order_id), s.amount, e.amount
        FROM (SELECT order_id, amount FROM points_spending WHERE state < 4) AS s
        FULL JOIN (SELECT order_id, -sum(amount) AS amount FROM points_entry WHERE kind IN (2, 3) GROUP BY 1
                   HAVING sum(amount) <> 0) AS e ON e.order_id = s.order_id
        WHERE s.amount IS DISTINCT FROM e.amount
        """,
    ),
    Invariant(
        "points_come_back_with_returns",
        "Each return gave back the points that had paid for its goods; an order never more than were spent on it.",
        "SELECT count(*) FROM points_spending",
        # They follow within seconds, unless the worker is away.
        """
        SELECT coalesce(r.id, e.id), r.amount, e.amount
        FROM (SELECT r.id, r.at, -sum(p.amount) AS amount FROM aftersales_return AS r
              JOIN aftersales_returnedpart AS p ON p.order_id = r.order_id AND p.return_id = r.id AND p.kind = 5
              JOIN points_spending AS s ON s.order_id = r.order_id GROUP BY r.id, r.at) AS r
        FULL JOIN (SELECT id, amount FROM points_entry WHERE kind = 5) AS e ON e.id = r.id
        WHERE CASE WHEN e.id IS NULL THEN r.at < now() - interval '10 minutes'
                   ELSE r.amount IS DISTINCT FROM e.amount END
        UNION ALL
        SELECT s.order_id, s.amount, e.amount FROM points_spending AS s
        JOIN (SELECT order_id, sum(amount) AS amount FROM points_entry WHERE kind = 5 GROUP BY 1) AS e USING (order_id)
        WHERE e.amount > s.amount
        """,
    ),
    Invariant(
        "recalls_are_within_what_was_earned",
        "No order's returns recall more points than it earned, and what was taken of them are entries.",
        "SELECT count(*) FROM points_recall",
        """
        SELECT r.order_id, r.amount, earned.amount AS earned, r.taken, e.amount AS entries
        FROM (SELECT order_id, sum(amount) AS amount, sum(taken) AS taken FROM points_recall GROUP BY 1) AS r
        FULL JOIN (SELECT order_id, -sum(amount) AS amount FROM points_entry WHERE kind = 6 GROUP BY 1) AS e
            ON e.order_id = r.order_id
        LEFT JOIN points_entry AS earned ON earned.id = r.order_id AND earned.kind = 1
        WHERE r.amount > coalesce(earned.amount, 0) OR coalesce(r.taken, 0) <> coalesce(e.amount, 0)
        """,
    ),
]
