"""What sells best: units paid for in the last weeks, by market and product, added up from the live counters.

Verb: `add_up`. For sorting only; figures for people come from `sight`.
"""
