"""Sales taken back, whole or in part: which lines, how many units, who signed, and what money follows.

Verb: `take_back`. Writes what is taken back, lets the stock go where it is to be sold again, and notes the refunds that
`trade.payments` sends. Moves no money itself, and never changes an order: what it was paid for stays as it was.
"""
