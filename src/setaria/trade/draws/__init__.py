"""A draw: who may order in a drop is decided by lot, in a way anybody can check (decision 0012).

Verbs, in the order of a draw's life: `announce`; `enter` and `withdraw`; `seal` and `draw` (both in `draw.py`, with
`witness` between them where one was announced); `pass_on` and `order_of` (both in `offer.py`). `publish` writes the
public file, `verify` checks one without a database. Makes no order and holds no stock: a winner gets a pass.
"""
