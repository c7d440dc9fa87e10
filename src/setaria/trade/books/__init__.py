"""The books: every yuan in double entry, written after what happened and never changed.

Owns entries, their postings and the balances by month. Verbs: `record` (what has happened since the last time becomes
entries, in sets), `correct` (an entry by hand, balanced), `close` (a month takes no more entries). Reads orders,
settlements, refunds, deposits; writes none of them, and nobody waits for it: the books follow the shop.
"""
