"""Reconciliation: what providers say in their settlement files against what we have, to the minor unit.

Verbs: `take_in` (a file, once), `compare` (what differs is listed until somebody resolves it), `resolve`. Reads
settlements, deposits and refunds; writes none of them. Fees and payouts of the files are entered by `trade.books`.
"""
