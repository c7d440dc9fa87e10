"""The web store: its pages, and the storefronts it appears as (R-006).

A storefront is a name, a look, some languages and markets, and an assortment, under a domain or a path. It owns no
goods: stock and prices are those of the brand, so that a product on two storefronts has one stock and one price
(R-066). Orders carry the channel of the storefront they came from.
"""
