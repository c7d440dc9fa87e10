"""A drop: a sale with an opening and a closing instant, items, a limit per customer and a pool of its own.

Verbs: `prepare` (make one, fund its pool), `finish` (send what is left back), `passes.issue` and `passes.read`.
Never makes an order: `trade.orders.place` reads a drop's window and limits, and decides.
"""
