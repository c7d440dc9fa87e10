"""Gift cards and store credit: money the brand owes to whoever holds a code, or to a member, spent on orders exactly once.

Verbs: `issue`, `spend`, `heal`. A card is a means beside others: what it pays counts towards the order as a credit, and
what pays the rest, or the card itself if it covers all, makes the order paid through `orders.settle`.
"""
