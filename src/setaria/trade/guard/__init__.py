"""Keeps robots from taking a drop away from people: proof of work, limits and rules of behaviour, as data.

Verbs: `meet` (does this visitor get on, and for how much work), `order_of` (the one pass an account has), `pardon`
(a person who was taken for a robot), `forget` (what was noted, soon after the drop). Never makes an order and never
decides who is a person: it makes it dear to be many.
"""
