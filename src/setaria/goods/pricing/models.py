from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import Q

from setaria.goods.catalog.models import Variant
from setaria.markets.models import Market


class Price(models.Model):
    """The price book: what a variant costs in a market over a time range `[from, until)`.

    The database refuses two prices at once (exclusion constraint) and every change to a
    range that has begun, except to end it later than now (trigger `price_past_is_fixed`).
    """

    id = models.BigAutoField(primary_key=True)
    variant = models.ForeignKey(Variant, on_delete=models.PROTECT, related_name="prices")
    market = models.ForeignKey(Market, on_delete=models.PROTECT, related_name="prices")
    valid = DateTimeRangeField()
    amount = models.BigIntegerField(help_text="Minor units of the market's currency, tax as the market shows it.")

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="price_one_at_a_time",
                expressions=[
                    ("variant", RangeOperators.EQUAL),
                    ("market", RangeOperators.EQUAL),
                    ("valid", RangeOperators.OVERLAPS),
                ],
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="price_positive"),
            models.CheckConstraint(condition=Q(valid__isempty=False), name="price_range_not_empty"),
        ]
