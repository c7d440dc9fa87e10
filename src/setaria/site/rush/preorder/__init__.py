"""A rehearsal of a pre-order: a crowd takes places, supplies arrive, places become orders, some lapse and pass on.

`PreorderRush` plays it with the crowd, the pool and the bank of any rush; what is its own is what people post, the
rounds of supply, and the statements of the reckoning.
"""
