"""The store's HTTP API, `/api/v1/`: what the web store's pages offer, for the brand's own app and for partners.

One account, one cart, one price (R-001): the same sessions, baskets, quotes and door as the pages, and the same words.
Requests come in by the gate (`gate/api.py`) and are answered here on the pages' threads without Django's request
machinery, which would cost more than the answers (decision 0040). `answer.answer` is the one way in; `routes.ROUTES` is
the table that both the router and the OpenAPI document go by.
"""
