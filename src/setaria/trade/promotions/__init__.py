"""Promotions and coupons: what may be taken off an order, how often and up to how much, spent exactly once.

A promotion is no second price: the book's price stays, and what is taken off stands beside it. Verbs: `reserve`,
`give_back` and `heal` (`spend.py`), `make_codes`. Decides no amounts: those come from a quote.
"""
