"""Money in and out through providers, each in a folder that can be deleted whole.

Verbs: `start` (record what we are about to ask a provider for), `notify.receive` (what a provider told us),
`refund.collect` and `refund.send_due` (money that must go back).
Never decides whether an order counts as paid: `trade.orders.settle` does.
"""
