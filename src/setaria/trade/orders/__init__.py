"""Orders: born at one door, for every channel (law 1).

Verbs: `place`, `settle`, `cancel` and `expire` (both in `release.py`), `credit` and `revoke`, each a batch in and an outcome per order
out. Nobody else writes these tables (an architecture test sees to it). Takes no payment and sends no
message: those follow from what is committed here.
"""
