"""What must hold of the guard."""

from setaria.kernel.invariants import Invariant

INVARIANTS = [
    Invariant(
        "guard_counts_pairs_once",
        "As many accounts are counted at an address or network, and addresses of an account, as were seen.",
        "SELECT count(*) FROM guard_count WHERE measure IN (5, 6, 7)",
        """
        SELECT c.drop_id, c.measure, c.subject, c.number, s.number FROM guard_count AS c
        FULL JOIN (SELECT drop_id, measure, subject, count(*) AS number FROM guard_seen GROUP BY 1, 2, 3) AS s
            USING (drop_id, measure, subject)
        WHERE coalesce(c.measure, s.measure) IN (5, 6, 7) AND c.number IS DISTINCT FROM s.number
        """,
    ),
]
