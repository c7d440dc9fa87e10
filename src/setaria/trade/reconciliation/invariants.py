"""What must hold of reconciliation."""

from setaria.kernel.invariants import Invariant

INVARIANTS = [
    Invariant(
        "differences_are_signed",
        "A difference that was closed was explained by a later file, or by somebody with a note.",
        "SELECT count(*) FROM reconciliation_difference",
        """
        SELECT id, kind, reference FROM reconciliation_difference
        WHERE resolved_at IS NOT NULL AND resolved_by = '' AND note <> 'explained since'
        """,
    ),
]
