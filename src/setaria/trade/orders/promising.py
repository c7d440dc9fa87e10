"""Whose word that an order is paid is a promise: the money comes later, and is noted when it does.

Such an order is confirmed like any other. It counts as paid (live counters, points, milestones) only once its money is
here: what came in for which order, and when, is the view `orders_income` (payments.cash, migration 0002).
"""

PROMISING = ("cash",)
