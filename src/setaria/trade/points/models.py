"""Tables of points. What a member has is the sum of their entries, which are never changed; nobody has less than none."""

from django.db import models
from django.db.models import F, Q

from setaria.markets.models import Market


class Programme(models.Model):
    """How a market's points are earned and spent; a market without one has none."""

    market = models.OneToOneField(Market, on_delete=models.CASCADE, primary_key=True, related_name="points")
    earned_bp = models.PositiveIntegerField(help_text="Basis points of the goods paid for: 100 is one in a hundred.")
    share_max_bp = models.PositiveIntegerField(help_text="Which share of an order's goods they may pay: 3000 is 30%.")
    lapse_days = models.PositiveIntegerField(default=365)
    since = models.DateTimeField(help_text="Orders paid from then on earn.")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(earned_bp__lte=10000, share_max_bp__lte=10000, lapse_days__gt=0), name="points_rules_sane"
            )
        ]

    def __str__(self) -> str:
        return f"points of {self.market}"


class Account(models.Model):
    """What a member has in a market."""

    pk = models.CompositePrimaryKey("member_id", "market_id")
    member_id = models.BigIntegerField()
    market_id = models.SmallIntegerField()
    balance = models.BigIntegerField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(balance__gte=0), name="points_never_overspent")]


class Entry(models.Model):
    """Points that came or went. What an order earned has the order's id, so it earns once; what a return gives back has
    the return's. Those that came with a time lapse at it, unless they are spent before.
    """

    class Kind(models.IntegerChoices):
        EARNED = 1, "earned"
        SPENT = 2, "spent"
        BACK = 3, "came back"
        LAPSED = 4, "lapsed"
        RETURNED = 5, "came back with a return"
        RECALLED = 6, "taken back with a return"
        CORRECTED = 7, "by hand"

    pk = models.CompositePrimaryKey("id", "kind")
    id = models.UUIDField()
    kind = models.SmallIntegerField(choices=Kind.choices)
    member_id = models.BigIntegerField()
    market_id = models.SmallIntegerField()
    amount = models.BigIntegerField()
    order_id = models.UUIDField(null=True)
    at = models.DateTimeField()
    lapses_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=200, blank=True, default="", db_default="", help_text="Why, where by hand.")
    by = models.CharField(max_length=254, blank=True, default="", db_default="", help_text="Who, where by hand.")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=[1, 3, 5], amount__gt=0)
                | Q(kind__in=[2, 4, 6], amount__lt=0)
                | Q(kind=7) & ~Q(amount=0),
                name="points_have_their_sign",
            ),
            models.CheckConstraint(
                condition=~Q(kind__in=[1, 5]) & ~Q(kind=7, amount__gt=0) | Q(lapses_at__isnull=False),
                name="points_lapse_one_day",
            ),
            models.CheckConstraint(condition=~Q(kind=7) | ~Q(note="") & ~Q(by=""), name="points_by_hand_are_signed"),
        ]
        indexes = [
            models.Index(fields=["member_id", "market_id", "at"], name="points_by_member"),
            models.Index(fields=["lapses_at"], condition=Q(lapses_at__isnull=False), name="points_by_lapse"),
            models.Index(fields=["at"], name="points_by_time"),
        ]


class Spending(models.Model):
    """Points set aside for an order under its id: before it is placed, while it waits, and after."""

    class State(models.IntegerChoices):
        RESERVED = 1, "reserved"
        KEPT = 2, "kept"
        SPENT = 3, "spent"
        GIVEN_BACK = 4, "given back"

    order_id = models.UUIDField(primary_key=True)
    member_id = models.BigIntegerField()
    market_id = models.SmallIntegerField()
    amount = models.BigIntegerField()
    state = models.SmallIntegerField(choices=State.choices)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(amount__gt=0), name="spending_takes_something")]
        indexes = [models.Index(fields=["at"], condition=Q(state__in=[1, 2]), name="spending_unsettled")]


class Recall(models.Model):
    """Points that a return's goods had earned and that go again: at once as far as the member has any, the rest from
    those that come later.
    """

    return_id = models.UUIDField(primary_key=True)
    order_id = models.UUIDField(db_index=True)
    member_id = models.BigIntegerField()
    market_id = models.SmallIntegerField()
    amount = models.BigIntegerField()
    taken = models.BigIntegerField(default=0)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(taken__gte=0, taken__lte=F("amount")), name="recall_takes_its_amount")
        ]
        indexes = [
            models.Index(fields=["member_id", "market_id"], condition=Q(taken__lt=F("amount")), name="recall_open")
        ]


class Mark(models.Model):
    """Up to when a market's paid orders have earned, and what was taken back of them was followed."""

    market_id = models.SmallIntegerField(primary_key=True)
    until = models.DateTimeField()
    returned_until = models.DateTimeField(null=True)
    recalled_until = models.DateTimeField(null=True)
