"""The tax within a price, for orders that were placed without charges (docs/decisions/0038).

Those are orders of drops, draws and programmes, whose price is what is paid, in every market; and orders of markets without
tax. The rate is the kind's as of the instant at which the order was placed, so that the books, an invoice and a refund,
each at a time of its own, find the same.
"""

# Basis points, as SQL over an order `o` and the product of its line.
RATE = "quotes_tax_within(o.market_id, product.kind_id, o.drop_id IS NOT NULL, o.placed_at)"
