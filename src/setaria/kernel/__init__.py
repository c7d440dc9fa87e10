"""What every floor may lean on: money, ids, clock, limits, texts, the invariants runner. Knows no commerce."""
