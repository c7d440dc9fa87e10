"""What must hold of the guard."""

from setaria.kernel.invariants import Invariant

INVARIANTS = [
    Invariant(
        "guard_counts_pairs_once",
        "As many accounts are counted at an address or network, and addresses of an account, as were seen.",
        "SELECT count(*) FROM guard_count WHERE measure IN (5, 6, 7)",
        """
        SELECT drop_id, measure, subject, c.number, s.number FROM guard_count AS c
        FULL JOIN (SELECT drop_id, measure, subject, count(*) AS number FROM guard_seen GROUP BY 1, 2, 3) AS s
            USING (drop_id, measure, subject)
        JOIN drops_drop AS d ON d.id = drop_id AND d.closes_at > now() -- then both are forgotten, piece by piece
        WHERE measure IN (5, 6, 7) AND c.number IS DISTINCT FROM s.number
        """,
    ),
]
