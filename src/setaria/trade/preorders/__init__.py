"""Pre-orders: numbered places in a queue for something that is still being made (R-012, R-013).

Verbs: `prepare` (begin a programme), `take` (a place), `withdraw`, `deposits.receive`, `supply` and `call_next` (units
arrived: places become orders in queue order), `weeks.slip` (a promise that is kept later).
Never makes an order: a place whose turn has come is handed to `trade.orders.place` under its own id, so it can become
one order at most. What became of that order (paid, expired, cancelled) is the order's to say.
"""
