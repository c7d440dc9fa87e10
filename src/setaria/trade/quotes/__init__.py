"""Quotes: what an order would cost, with every amount explained.

Owns the rules of a market's tax and delivery, and one pure function, `quote.quote`, that makes of lines and rules the
parts of a total. Changes nothing: an order is placed with a quote's charges at the one door.
"""
