"""What things cost: one price for a variant in a market at any instant (law 3), whatever the channel.

Verb: `set_price`. Never edits the past.
"""
