"""What must hold of promotions: each use is one order's, counted once, within budgets and limits."""

from setaria.kernel.invariants import Invariant

_USES = "SELECT count(*) FROM promotions_use"

INVARIANTS = [
    Invariant(
        "promotions_are_their_uses",
        "What a promotion has used, of times and of money, are the uses that were not given back; within its budget.",
        "SELECT count(*) FROM promotions_promotion",
        """
        SELECT p.id, p.used_uses, u.n, p.used_amount, u.amount FROM promotions_promotion AS p
        FULL JOIN (SELECT promotion_id, count(*) AS n, sum(amount) AS amount FROM promotions_use WHERE state < 4
                   GROUP BY promotion_id) AS u ON u.promotion_id = p.id
        WHERE p.id IS NULL OR (p.used_uses, p.used_amount) IS DISTINCT FROM (coalesce(u.n, 0), coalesce(u.amount, 0))
           OR p.used_uses > p.budget_uses OR p.used_amount > p.budget_amount
        """,
    ),
    Invariant(
        "coupons_are_their_uses",
        "A coupon's uses are those that were not given back, and no more than it allows.",
        "SELECT count(*) FROM promotions_code",
        """
        SELECT c.id, c.used, u.n FROM promotions_code AS c
        FULL JOIN (SELECT code_id, count(*) AS n FROM promotions_use WHERE state < 4 AND code_id IS NOT NULL
                   GROUP BY code_id) AS u ON u.code_id = c.id
        WHERE c.id IS NULL OR c.used IS DISTINCT FROM coalesce(u.n, 0) OR c.used > c.uses_max
        """,
    ),
    Invariant(
        "tallies_are_uses",
        "How often a customer has used a promotion are their uses that were not given back, within the limit.",
        "SELECT count(*) FROM promotions_tally",
        """
        SELECT t.promotion_id, t.customer_id, t.used, u.n FROM promotions_tally AS t
        FULL JOIN (SELECT promotion_id, customer_id, count(*) AS n FROM promotions_use WHERE state < 4
                   GROUP BY promotion_id, customer_id) AS u USING (promotion_id, customer_id)
        WHERE coalesce(t.used, 0) <> coalesce(u.n, 0) OR t.used > t.allowed
        """,
    ),
    Invariant(
        "discounts_have_their_uses",
        "A promotion's discount on a living order is a use kept for it, in its amount; and the other way round.",
        _USES,
        """
        SELECT coalesce(c.order_id, u.order_id), coalesce(c.promotion_id, u.promotion_id), c.amount, u.amount
        FROM (SELECT order_id, substring(source FROM 11)::int AS promotion_id, -sum(amount) AS amount
              FROM orders_charge JOIN orders_order ON id = order_id AND status IN (1, 2)
              WHERE kind = 3 AND source LIKE 'promotion:%' GROUP BY 1, 2) AS c
        FULL JOIN (SELECT order_id, promotion_id, u.amount FROM promotions_use AS u
                   LEFT JOIN orders_order ON id = order_id
                   WHERE state IN (2, 3, 5) AND status IS DISTINCT FROM 3 AND status IS DISTINCT FROM 4) AS u
            ON u.order_id = c.order_id AND u.promotion_id = c.promotion_id
        WHERE c.amount IS DISTINCT FROM u.amount
        """,
    ),
    Invariant(
        "promotions_come_back_with_all_of_an_order",
        "A promotion of a paid order may be used again if all units were taken back and it comes back, and only then.",
        _USES,
        # The uses follow within seconds.
        """
        SELECT u.order_id, u.promotion_id, u.state, whole.at FROM promotions_use AS u
        JOIN promotions_promotion AS p ON p.id = u.promotion_id
        LEFT JOIN LATERAL (
            SELECT max(r.at) AS at FROM aftersales_return AS r WHERE r.order_id = u.order_id AND NOT EXISTS (
                SELECT 1 FROM orders_line AS l WHERE l.order_id = u.order_id AND l.quantity > (
                    SELECT coalesce(sum(b.quantity), 0) FROM aftersales_returnedline AS b
                    WHERE b.order_id = l.order_id AND b.position = l.position))
        ) AS whole ON true
        WHERE u.state = 5 AND whole.at IS NULL
           OR u.state IN (2, 3) AND p.comes_back AND whole.at < now() - interval '10 minutes'
        """,
    ),
]
