from django.db import models


class Bestseller(models.Model):
    """Units of a product paid for in a market within `add_up.WITHIN`; products that sold none have no row."""

    pk = models.CompositePrimaryKey("market_id", "product_id")
    market_id = models.SmallIntegerField()
    product_id = models.IntegerField()
    units = models.BigIntegerField()
