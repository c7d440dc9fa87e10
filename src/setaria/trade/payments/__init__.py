"""Money in and out through providers, each in a folder that can be deleted whole.

Verbs: `start` (record what we are about to ask a provider for), `notify` (what a provider told us), `refund_due`.
Never decides whether an order counts as paid: `trade.orders.settle` does.
"""
