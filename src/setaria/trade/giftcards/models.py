"""Tables of gift cards. What is left on a card is the sum of its movements, which are never changed."""

from django.db import models
from django.db.models import Q

from setaria.markets.models import Market
from setaria.people.members.models import Member


class Card(models.Model):
    """So much money in a market's currency, for whoever knows the code, or for one member (store credit).

    The code is not kept: only what it is found by, and its last letters to tell cards apart.
    """

    id = models.UUIDField(primary_key=True)
    lookup = models.CharField(max_length=64, null=True, unique=True, help_text="A keyed hash of the code.")
    tail = models.CharField(max_length=4, blank=True)
    member = models.ForeignKey(Member, on_delete=models.PROTECT, null=True, related_name="+")
    market = models.ForeignKey(Market, on_delete=models.PROTECT, related_name="+")
    balance = models.BigIntegerField(help_text="Minor units.")
    sold = models.BooleanField(
        help_text="Whether somebody paid for it, outside of the shop; else it is a gift of ours."
    )
    why = models.CharField(max_length=120)
    issued_by = models.CharField(max_length=254)
    issued_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(balance__gte=0), name="card_never_overspent"),
            models.CheckConstraint(
                condition=Q(lookup__isnull=True, member__isnull=False) | Q(lookup__isnull=False, member__isnull=True),
                name="card_has_a_code_or_a_member",
            ),
            models.CheckConstraint(condition=~Q(why="") & ~Q(issued_by=""), name="card_is_signed_for"),
        ]

    def __str__(self) -> str:
        return f"gift card …{self.tail}"


class Block(models.Model):
    """A time in which a card pays nothing; one at once."""

    id = models.BigAutoField(primary_key=True)
    card = models.ForeignKey(Card, on_delete=models.PROTECT, related_name="blocks")
    at = models.DateTimeField()
    by = models.CharField(max_length=254)
    why = models.CharField(max_length=200)
    lifted_at = models.DateTimeField(null=True)
    lifted_by = models.CharField(max_length=254, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["card"], condition=Q(lifted_at__isnull=True), name="card_blocked_once"),
            models.CheckConstraint(
                condition=~Q(by="") & ~Q(why="") & (Q(lifted_at__isnull=True) | ~Q(lifted_by="")),
                name="block_is_signed_for",
            ),
        ]


class Movement(models.Model):
    """Money onto a card or off it (minor units, signed). A spending and its coming back have one id, which is the
    payment's towards the order; so each happens once.
    """

    class Kind(models.IntegerChoices):
        ISSUED = 1, "issued"
        SPENT = 2, "spent"
        BACK = 3, "came back"

    pk = models.CompositePrimaryKey("id", "kind")
    id = models.UUIDField()
    kind = models.SmallIntegerField(choices=Kind.choices)
    card = models.ForeignKey(Card, on_delete=models.PROTECT, related_name="movements")
    amount = models.BigIntegerField()
    order_id = models.UUIDField(null=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=[1, 3], amount__gt=0) | Q(kind=2, amount__lt=0), name="card_movement_has_its_sign"
            ),
            models.CheckConstraint(condition=Q(kind=1) | Q(order_id__isnull=False), name="card_spent_on_an_order"),
        ]
        indexes = [
            models.Index(fields=["order_id"], condition=Q(order_id__isnull=False), name="card_by_order"),
            models.Index(fields=["at"], condition=Q(kind=2), name="card_spent_lately"),
        ]
