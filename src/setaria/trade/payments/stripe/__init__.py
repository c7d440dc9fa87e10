"""Stripe: PaymentIntents with the card form on our page (Stripe's own script), webhooks, refunds, disputes.

Owns nothing in the database; its keys come from the environment (`keys.py`). This folder can be deleted whole, with its
line in `PROVIDERS` and in INSTALLED_APPS.
"""
