"""Members' points: a ledger in each market, a point worth one minor unit of its currency.

Earned with what is paid, spent on orders up to a share of the goods, lapsing in the order they were earned. Verbs:
`reserve`, `give_back`, `heal` (`spend.py`), `earn`, `lapse` (`earn.py`), `follow_returns`
(`returns.py`), `correct` (`correct.py`). Guests have none.
"""
