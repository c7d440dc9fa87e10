"""Cash on delivery: a promise to pay at the door makes an order paid, and the courier owes the money until it is handed
over.

Verbs: `hand_over` (money came from a courier), `refuse` (the buyer did not take it). So many promises a buyer and so much
an order, by `limits.py`. This folder can be deleted whole, with its lines in `providers.PROVIDERS` and the settings.
"""
