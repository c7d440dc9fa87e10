"""How many there are: a ledger of immutable movements and the balances they add up to (law 2).

Verbs: `receive`, `transfer`, `adjust` (`move.py`). Holds are written by `trade.orders` in one transaction
with the orders they belong to. Nothing here knows what an order is.
"""
