"""Tables of promotions. Budgets and limits are CHECK constraints over counters that change with each use; that a discount
on an order has its use, in its amount, is a trigger on the orders' charges (migration 0002).
"""

from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q

from setaria.kernel.texts import TextsField
from setaria.kernel.written import percent
from setaria.markets.models import Market

CODE = r"^[A-Z0-9][A-Z0-9-]{2,31}$"


class Promotion(models.Model):
    """Something taken off the goods: a share (basis points) or an amount, for whom, when, and how often.

    Stacking is data: of one `group` only the best counts, one that stands `alone` counts with no other, and the others
    follow each other by `priority`.
    """

    class Audience(models.TextChoices):
        EVERYONE = "everyone"
        MEMBERS = "members"
        NEWCOMERS = "newcomers"  # members who have no paid order yet

    id = models.AutoField(primary_key=True)
    market = models.ForeignKey(Market, on_delete=models.PROTECT, related_name="promotions")
    name = TextsField()
    percent_bp = models.PositiveIntegerField(default=0, help_text="Basis points of the goods: 1000 is 10%.")
    amount = models.BigIntegerField(default=0, help_text="Minor units; one of the two.")
    amount_max = models.BigIntegerField(null=True, blank=True, help_text="At most so much an order.")
    goods_min = models.BigIntegerField(default=0, help_text="From so much of its goods on, at book prices.")
    kind_ids = ArrayField(models.IntegerField(), default=list, blank=True, help_text="Kinds of product; none: all.")
    audience = models.CharField(max_length=10, choices=Audience.choices, default=Audience.EVERYONE)
    needs_code = models.BooleanField(default=True)
    since = models.DateTimeField()
    until = models.DateTimeField()
    group = models.CharField(max_length=20, blank=True, default="")
    alone = models.BooleanField(default=False)
    priority = models.SmallIntegerField(default=0)
    per_customer = models.PositiveIntegerField(null=True, blank=True)
    budget_uses = models.PositiveIntegerField(null=True, blank=True)
    budget_amount = models.BigIntegerField(null=True, blank=True, help_text="Minor units, all orders together.")
    comes_back = models.BooleanField(
        default=True, db_default=True, help_text="Whether it may be used again when all of a paid order is taken back."
    )
    made_by = models.CharField(max_length=254, blank=True, default="", db_default="")
    ended_by = models.CharField(max_length=254, blank=True, default="", db_default="", help_text="Before its time.")
    used_uses = models.PositiveIntegerField(default=0)
    used_amount = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(percent_bp__gt=0, percent_bp__lte=10000, amount=0) | Q(percent_bp=0, amount__gt=0),
                name="promotion_takes_a_share_or_an_amount",
            ),
            models.CheckConstraint(condition=Q(until__gt=F("since")), name="promotion_lasts"),
            models.CheckConstraint(
                condition=Q(budget_uses__isnull=True) | Q(used_uses__lte=F("budget_uses")), name="promotion_within_uses"
            ),
            models.CheckConstraint(
                condition=Q(used_amount__gte=0)
                & (Q(budget_amount__isnull=True) | Q(used_amount__lte=F("budget_amount"))),
                name="promotion_within_budget",
            ),
        ]

    def __str__(self) -> str:
        return f"promotion {self.pk}"

    @property
    def percent(self) -> str:
        """Its share as people write it."""
        return percent(self.percent_bp)


class Code(models.Model):
    """What is typed to use a promotion: one text for everybody, or one each for so many people."""

    id = models.AutoField(primary_key=True)
    promotion = models.ForeignKey(Promotion, on_delete=models.CASCADE, related_name="codes")
    text = models.CharField(max_length=32, unique=True, validators=[RegexValidator(CODE)])
    uses_max = models.PositiveIntegerField(null=True, blank=True)
    used = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(text__regex=CODE), name="coupon_is_capitals"),
            models.CheckConstraint(
                condition=Q(uses_max__isnull=True) | Q(used__lte=F("uses_max")), name="coupon_within_uses"
            ),
        ]

    def __str__(self) -> str:
        return self.text


class Tally(models.Model):
    """How often a customer has used a promotion, against its limit for each."""

    pk = models.CompositePrimaryKey("promotion_id", "customer_id")
    promotion_id = models.IntegerField()
    customer_id = models.BigIntegerField()
    used = models.IntegerField()
    allowed = models.IntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(used__gte=0, used__lte=F("allowed")), name="tally_within_limit")
        ]


class Use(models.Model):
    """A promotion set aside for an order, under the order's id: before it is placed, while it waits, and after."""

    class State(models.IntegerChoices):
        RESERVED = 1, "reserved"  # the order is not placed yet
        KEPT = 2, "kept"  # the order is placed, and was not seen paid
        SPENT = 3, "spent"
        GIVEN_BACK = 4, "given back"
        RETURNED = 5, "given back when all of its order was taken back"

    pk = models.CompositePrimaryKey("order_id", "promotion_id")
    order_id = models.UUIDField()
    promotion_id = models.IntegerField()
    code_id = models.IntegerField(null=True)
    customer_id = models.BigIntegerField()
    amount = models.BigIntegerField(help_text="Minor units.")
    state = models.SmallIntegerField(choices=State.choices)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(amount__gt=0), name="use_takes_something")]
        indexes = [models.Index(fields=["at"], condition=Q(state__in=[1, 2]), name="use_unsettled")]
