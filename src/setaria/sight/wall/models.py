from django.db import models


class Milestone(models.Model):
    """An amount that was passed, and the order that passed it; written once, so that it never changes on a screen.

    It belongs to a market and the instant from which its payments count, whichever event that is called.
    """

    pk = models.CompositePrimaryKey("market_id", "since", "amount")
    market_id = models.SmallIntegerField()
    since = models.DateTimeField()
    amount = models.BigIntegerField(help_text="Minor units of the market's currency.")
    order_id = models.UUIDField()
    product_id = models.IntegerField(help_text="Of the order's dearest line.")
    region = models.CharField(max_length=60, blank=True, help_text="Where it goes, if that was known by then.")
    at = models.DateTimeField(help_text="When the order was paid.")
    noted_at = models.DateTimeField()
