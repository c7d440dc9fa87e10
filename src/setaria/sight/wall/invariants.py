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
            SELECT id, paid_at FROM (
                SELECT id, paid_at, sum(total) OVER (ORDER BY paid_at, id) AS running FROM orders_order
                WHERE market_id = s.market_id AND paid_at >= s.since AND paid_at <= s.at
            ) AS run WHERE running >= s.amount ORDER BY paid_at, id LIMIT 1
        ) AS first ON true
        WHERE (first.id, first.paid_at) IS DISTINCT FROM (s.order_id, s.at)
        """,
    ),
]
