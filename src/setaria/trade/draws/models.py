"""Tables of draws.

Customers are plain columns, as in orders: there may be millions of entries. What was announced, sealed or drawn can no
longer be changed: triggers see to it (migration 0002).
"""

from django.db import models
from django.db.models import F, Q

from setaria.goods.catalog.models import Variant
from setaria.trade.drops.models import Drop


class Draw(models.Model):
    """A drop's draw: when one may enter, what was promised about the seed, and what came of it.

    The seed itself is derived from `nonce` and the installation's secret, so that who reads this table cannot know it;
    it is written here when it has been used.
    """

    drop = models.OneToOneField(Drop, on_delete=models.PROTECT, primary_key=True, related_name="draw")
    opens_at = models.DateTimeField(help_text="Entries from this instant,")
    closes_at = models.DateTimeField(help_text="until before this one.")
    offer_seconds = models.PositiveIntegerField(help_text="Time to order, from the drop's opening or the later offer.")
    lanes = models.JSONField(default=list, blank=True, help_text="Who may enter from when; empty: everybody.")
    seed_sha256 = models.CharField(max_length=64, help_text="Public from the first moment.")
    nonce = models.CharField(max_length=64)
    witness_source = models.CharField(
        max_length=200, blank=True, help_text="A public value that nobody can choose, named beforehand."
    )
    sealed_at = models.DateTimeField(null=True, blank=True, help_text="When the list of entries was closed.")
    entries_sha256 = models.CharField(max_length=64, blank=True)
    entries_count = models.IntegerField(null=True, blank=True)
    witness = models.CharField(max_length=200, blank=True, help_text="The value, once it is known.")
    drawn_at = models.DateTimeField(null=True, blank=True)
    seed = models.CharField(max_length=64, blank=True, help_text="Public once drawn.")
    looked_at = models.DateTimeField(null=True, blank=True, help_text="When unused places were last passed on.")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(closes_at__gt=F("opens_at")), name="draw_closes_after_it_opens"),
            models.CheckConstraint(condition=Q(offer_seconds__gte=1), name="draw_gives_time_to_order"),
            models.CheckConstraint(
                condition=Q(sealed_at=None, entries_sha256="", entries_count=None)
                | Q(sealed_at__gte=F("closes_at"), entries_sha256__regex="^[0-9a-f]{64}$", entries_count__gte=0),
                name="draw_sealed_after_closing_with_its_list",
            ),
            models.CheckConstraint(
                condition=Q(witness="") | (~Q(witness_source="") & Q(sealed_at__isnull=False)),
                name="draw_witness_speaks_after_sealing",
            ),
            models.CheckConstraint(
                condition=Q(drawn_at=None, seed="")
                | (
                    Q(drawn_at__gte=F("sealed_at"), seed__regex="^[0-9a-f]{64}$")
                    & (Q(witness_source="") | ~Q(witness=""))
                ),
                name="draw_drawn_with_seed_and_witness",
            ),
        ]

    def __str__(self) -> str:
        return f"draw {self.drop_id}"


class Prize(models.Model):
    """What is drawn for: a variant of the drop, and how many places there are for it. A place is leave to order once."""

    pk = models.CompositePrimaryKey("draw_id", "variant_id")
    draw = models.ForeignKey(Draw, on_delete=models.PROTECT, related_name="prizes")
    variant = models.ForeignKey(Variant, on_delete=models.PROTECT, related_name="+")
    places = models.PositiveIntegerField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(places__gte=1), name="prize_has_places")]


class Entry(models.Model):
    """A customer's one entry, for one variant. Ranks count from 1 among those who entered for the same."""

    pk = models.CompositePrimaryKey("draw_id", "customer_id")
    draw_id = models.IntegerField()
    customer_id = models.BigIntegerField()
    variant_id = models.IntegerField()
    pseudonym = models.CharField(max_length=16, help_text="Stands for the customer in what is published.")
    entered_at = models.DateTimeField()
    rank = models.IntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["draw_id", "pseudonym"], name="entry_pseudonym_once"),
            models.UniqueConstraint(fields=["draw_id", "variant_id", "rank"], name="entry_rank_once"),
            models.CheckConstraint(condition=Q(rank=None) | Q(rank__gte=1), name="entry_rank_counts_from_one"),
        ]


class Offer(models.Model):
    """A place offered to a customer until an instant. The order under it has the one id given here, so there is one."""

    class Outcome(models.IntegerChoices):
        OPEN = 0, "open"
        KEPT = 1, "paid"
        LAPSED = 2, "passed on"

    pk = models.CompositePrimaryKey("draw_id", "customer_id")
    draw_id = models.IntegerField()
    customer_id = models.BigIntegerField()
    variant_id = models.IntegerField()
    rank = models.IntegerField()
    offered_at = models.DateTimeField()
    until = models.DateTimeField()
    order_id = models.UUIDField(null=True, unique=True, help_text="Made when the customer first asks for a pass.")
    outcome = models.SmallIntegerField(choices=Outcome.choices, default=Outcome.OPEN)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["draw_id", "variant_id", "rank"], name="offer_rank_once"),
            models.CheckConstraint(condition=Q(until__gt=F("offered_at")), name="offer_leaves_time"),
            models.CheckConstraint(condition=Q(outcome__in=[0, 1, 2]), name="offer_outcome_known"),
        ]
        indexes = [
            models.Index(fields=["draw_id"], condition=Q(outcome=0), name="offer_open"),
            models.Index(fields=["customer_id"], condition=Q(outcome=0), name="offer_of_customer"),
        ]
