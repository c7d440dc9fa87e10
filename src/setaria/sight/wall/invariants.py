"""What must hold of the wall's own notes."""

from setaria.kernel.invariants import Invariant

INVARIANTS = [
    Invariant(
        "milestones_agree_with_the_orders",
        "A milestone's order is the first, by instant and id of payment, with which the sum reached the amount.",
        "SELECT count(*) FROM wall_milestone",
        """
        SELECT s.market_id, s.since, s.amount, s.order_id, first.id FROM wall_milestone AS s
        LEFT JOIN LATERAL (
            SELECT id, at FROM (
                SELECT id, at, sum(amount) OVER (ORDER BY at, id) AS running FROM orders_income
                WHERE market_id = s.market_id AND at >= s.since AND at <= s.at
            ) AS run WHERE running >= s.amount ORDER BY at, id LIMIT 1
        ) AS first ON true
        WHERE (first.id, first.at) IS DISTINCT FROM (s.order_id, s.at)
        """,
    ),
]
