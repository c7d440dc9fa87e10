"""What must hold of friend codes."""

from setaria.kernel.invariants import Invariant

_CODES = "SELECT count(*) FROM friendcodes_code"

INVARIANTS = [
    Invariant(
        "codes_are_spent_once",
        "A code is spent by one member, for one drop, and never after it was revoked; a member spends one a drop.",
        _CODES,
        """
        SELECT id, spent_by, spent_at, revoked_at FROM (
            SELECT *, count(*) OVER (PARTITION BY drop_id, spent_by) AS n FROM friendcodes_code
        ) AS c
        WHERE (spent_by IS NOT NULL AND (revoked_at IS NOT NULL OR n > 1))
           OR (spent_by IS NULL) <> (spent_at IS NULL)
        """,
    ),
    Invariant(
        "a_code_orders_once",
        "Of the orders made with one code at most one did not come to nothing first.",
        "SELECT count(*) FROM friendcodes_attempt",
        """
        SELECT a.code_id, count(*) FROM friendcodes_attempt AS a
        JOIN orders_order AS o ON o.id = a.order_id
        WHERE NOT EXISTS (SELECT 1 FROM orders_event AS e WHERE e.order_id = o.id AND e.status IN (3, 4))
        GROUP BY a.code_id HAVING count(*) > 1
        """,
    ),
    Invariant(
        "only_who_has_a_code_orders",
        "Every order in a drop for codes is one that a code gives leave for, spent by its customer.",
        "SELECT count(*) FROM orders_order JOIN drops_drop AS d ON d.id = drop_id WHERE d.admission = 'code'",
        """
        SELECT o.id, o.customer_id FROM orders_order AS o
        JOIN drops_drop AS d ON d.id = o.drop_id AND d.admission = 'code'
        LEFT JOIN friendcodes_attempt AS a ON a.order_id = o.id
        LEFT JOIN friendcodes_code AS c
            ON c.id = a.code_id AND c.drop_id = o.drop_id AND c.spent_by = o.customer_id
        WHERE c.id IS NULL
        """,
    ),
    Invariant(
        "codes_are_within_the_allowance",
        "No more codes are good or spent than a drop allows, in all and by member, and all are of known people.",
        _CODES,
        """
        SELECT c.drop_id, c.given_to, c.n, c.total FROM (
            SELECT drop_id, given_to, n, sum(n) OVER (PARTITION BY drop_id) AS total
            FROM (SELECT drop_id, given_to, count(*) FILTER (WHERE revoked_at IS NULL) AS n
                  FROM friendcodes_code GROUP BY drop_id, given_to) AS g
        ) AS c
        LEFT JOIN friendcodes_allowance AS a ON a.drop_id = c.drop_id
        LEFT JOIN members_member AS m ON m.id = c.given_to
        WHERE a.drop_id IS NULL OR m.id IS NULL OR c.n > a.codes_per_member_max OR c.total > a.codes_max
        """,
    ),
]
