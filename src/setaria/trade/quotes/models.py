"""What a market's quotes go by: rates of tax by kind of product, ways of sending, and who is exempt.

Reference data, so with foreign keys. What an order was charged is kept with the order (`orders.Charge`); a new row here,
from its instant on, changes quotes to come, and never an order.
"""

from datetime import UTC, datetime

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import Q

from setaria.goods.catalog.models import Kind
from setaria.kernel.texts import TextsField
from setaria.kernel.written import percent
from setaria.markets.models import Market
from setaria.people.members.models import Member
from setaria.trade.aftersales.rules import Turn
from setaria.trade.quotes.rules import DeliveryTax, Rounding

BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)


class MarketRules(models.Model):
    """By which named rules a market reckons: how tax is rounded, which means get money back first.

    A market without a row rounds each line's tax, halves to the even, and fills up cards last.
    """

    market = models.OneToOneField(Market, on_delete=models.CASCADE, primary_key=True, related_name="quote_rules")
    rounding = models.CharField(
        max_length=16, choices=[(one.value, one.value) for one in Rounding], default=Rounding.LINE_HALF_EVEN.value
    )
    refunds = models.CharField(
        max_length=16,
        choices=[(one.value, one.value) for one in Turn],
        default=Turn.CARDS_LAST.value,
        db_default=Turn.CARDS_LAST.value,
    )

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(rounding__in=[r.value for r in Rounding]), name="rounding_is_named"),
            models.CheckConstraint(condition=Q(refunds__in=[turn.value for turn in Turn]), name="turn_is_named"),
        ]

    def __str__(self) -> str:
        return f"{self.market} {self.rounding}"


class TaxRate(models.Model):
    """A kind of product that is taxed at another rate than its market's standard one."""

    id = models.AutoField(primary_key=True)
    market = models.ForeignKey(Market, on_delete=models.CASCADE, related_name="tax_rates")
    kind = models.ForeignKey(Kind, on_delete=models.CASCADE, related_name="+")
    rate_bp = models.PositiveIntegerField(help_text="Basis points: 900 is 9%.")
    since = models.DateTimeField(default=BEGINNING, db_default=BEGINNING, help_text="The latest one counts.")
    by = models.CharField(max_length=254, blank=True, default="", db_default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["market", "kind", "since"], name="tax_rate_one_a_kind"),
            models.CheckConstraint(condition=Q(rate_bp__lte=10000), name="tax_rate_sane"),
        ]

    def __str__(self) -> str:
        return f"{self.market} {self.kind} {self.rate_bp}"

    @property
    def percent(self) -> str:
        """The rate as people write it."""
        return percent(self.rate_bp)


class DeliveryTaxRule(models.Model):
    """By which named rule a market taxes delivery; without a row at its standard rate."""

    id = models.AutoField(primary_key=True)
    market = models.ForeignKey(Market, on_delete=models.CASCADE, related_name="delivery_tax_rules")
    rule = models.CharField(max_length=16, choices=[(one.value, one.value) for one in DeliveryTax])
    since = models.DateTimeField(default=BEGINNING, db_default=BEGINNING, help_text="The latest one counts.")
    by = models.CharField(max_length=254, blank=True, default="", db_default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["market", "since"], name="delivery_tax_one_an_instant"),
            models.CheckConstraint(
                condition=Q(rule__in=[one.value for one in DeliveryTax]), name="delivery_tax_is_named"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.market} {self.rule}"


class ShippingRate(models.Model):
    """What one way of sending costs to a region of a market, or to all that have no row of their own."""

    id = models.AutoField(primary_key=True)
    market = models.ForeignKey(Market, on_delete=models.CASCADE, related_name="shipping_rates")
    code = models.SlugField(max_length=32)
    name = TextsField()
    region = models.CharField(max_length=60, blank=True, help_text="As addresses keep it; empty is everywhere else.")
    amount = models.BigIntegerField(help_text="Minor units.")
    free_from = models.BigIntegerField(null=True, blank=True, help_text="Minor units of goods at book prices.")
    position = models.PositiveSmallIntegerField(default=0)
    since = models.DateTimeField(default=BEGINNING, db_default=BEGINNING, help_text="The latest one counts.")
    by = models.CharField(max_length=254, blank=True, default="", db_default="")

    class Meta:
        ordering = ["position", "code"]
        constraints = [
            models.UniqueConstraint(fields=["market", "code", "region", "since"], name="shipping_rate_one_a_region"),
            models.CheckConstraint(
                condition=Q(amount__gte=0) & (Q(free_from__isnull=True) | Q(free_from__gt=0)), name="shipping_rate_sane"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.market} {self.code} {self.region}"


class Exemption(models.Model):
    """A buyer who pays no tax in a market over a time range, by a certificate that staff has seen.

    The database refuses two at once (exclusion constraint); one that has ended stays as it was.
    """

    id = models.AutoField(primary_key=True)
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+")
    market = models.ForeignKey(Market, on_delete=models.CASCADE, related_name="+")
    certificate = models.CharField(max_length=60)
    valid = DateTimeRangeField(help_text="[from, until)")
    by = models.CharField(max_length=254, default="", db_default="", blank=True)  # who saw the certificate
    ended_by = models.CharField(max_length=254, default="", db_default="", blank=True)

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="exemption_one_at_a_time",
                expressions=[
                    ("member", RangeOperators.EQUAL), ("market", RangeOperators.EQUAL), ("valid", RangeOperators.OVERLAPS)
                ],
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.member_id} {self.market} {self.certificate}"
