"""What must hold of stock (law 2)."""

from setaria.kernel.invariants import Invariant

INVARIANTS = [
    Invariant(
        "stock_balances_are_their_movements",
        "Every account's on_hand and held are the sums of its movements.",
        "SELECT count(*) FROM inventory_account",
        """
        SELECT coalesce(a.variant_id, m.variant_id), coalesce(a.location_id, m.location_id),
               a.on_hand, m.on_hand, a.held, m.held
        FROM inventory_account AS a
        FULL JOIN (SELECT variant_id, location_id, sum(on_hand_change) AS on_hand, sum(held_change) AS held
                   FROM inventory_movement GROUP BY variant_id, location_id) AS m USING (variant_id, location_id)
        WHERE coalesce(a.on_hand, 0) <> coalesce(m.on_hand, 0) OR coalesce(a.held, 0) <> coalesce(m.held, 0)
           OR (a.variant_id IS NULL)
        """,
    ),
    Invariant(
        "stock_never_oversold",
        "No account holds more units for buyers than it has.",
        "SELECT count(*) FROM inventory_account",
        "SELECT variant_id, location_id, on_hand, held FROM inventory_account WHERE held < 0 OR held > on_hand",
    ),
    Invariant(
        "holds_are_resolved_once",
        "Of each source's movements on an account, holds and resolutions alternate and equal each other.",
        "SELECT count(*) FROM inventory_movement WHERE kind IN (4, 5, 6)",
        """
        SELECT source_id, variant_id, location_id, step, kind, held_change FROM (
            SELECT *, lag(step) OVER w AS before_step, lag(held_change) OVER w AS before_change
            FROM inventory_movement WHERE kind IN (4, 5, 6)
            WINDOW w AS (PARTITION BY source_id, variant_id, location_id ORDER BY step)
        ) AS steps
        WHERE step <> coalesce(before_step + 1, 0) OR (kind <> 4 AND held_change <> -before_change)
        """,
    ),
    Invariant(
        "transfers_lose_nothing",
        "What leaves one location by a transfer arrives at another.",
        "SELECT count(*) FROM inventory_movement WHERE kind IN (2, 3)",
        """
        SELECT source_id, variant_id, sum(on_hand_change) FROM inventory_movement WHERE kind IN (2, 3)
        GROUP BY source_id, variant_id HAVING sum(on_hand_change) <> 0
        """,
    ),
]
