from django.db import models
from django.db.models import F, Q

from setaria.goods.catalog.models import Variant
from setaria.kernel.texts import TextsField
from setaria.markets.models import Channel, Market


class Location(models.Model):
    """Where units are: a warehouse, a shop, a retailer's shelf, or a pool.

    A pool is a slice of a warehouse set aside for one drop or channel; it is funded by a transfer
    from its parent, and what is left goes back the same way.
    """

    class Kind(models.TextChoices):
        WAREHOUSE = "warehouse"
        SHOP = "shop"
        CONSIGNMENT = "consignment"
        POOL = "pool"

    id = models.AutoField(primary_key=True)
    code = models.SlugField(max_length=64, unique=True)
    name = TextsField()
    kind = models.CharField(max_length=12, choices=Kind.choices)
    market = models.ForeignKey(Market, on_delete=models.PROTECT, related_name="locations")
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="pools")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(kind="pool") | Q(parent__isnull=False), name="location_pool_has_parent"
            ),
        ]

    def __str__(self) -> str:
        return self.code


class Source(models.Model):
    """The location that a channel sells from when nothing else is said."""

    channel = models.OneToOneField(Channel, primary_key=True, on_delete=models.PROTECT)
    location = models.ForeignKey(Location, on_delete=models.PROTECT)


class Account(models.Model):
    """The balance of one variant at one location: units present, and how many of them are held for somebody.

    The check constraint is law 2's last word: whatever the code does, more than is there is never held.
    """

    pk = models.CompositePrimaryKey("variant_id", "location_id")
    variant = models.ForeignKey(Variant, on_delete=models.PROTECT, related_name="accounts")
    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="accounts")
    on_hand = models.BigIntegerField(default=0)
    held = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(held__gte=0, held__lte=F("on_hand")), name="account_never_oversold"),
        ]


class Movement(models.Model):
    """One change of one account. Never updated, never deleted (trigger `movement_is_immutable`).

    `source_id` is what caused it: the order's id for holds, the receipt's or transfer's otherwise.
    `step` counts the movements of one source on one account: a hold has an even step and its resolution
    (post or release) the odd one after it, so the primary key itself forbids resolving a hold twice.
    """

    class Kind(models.IntegerChoices):
        RECEIVE = 1
        TRANSFER_OUT = 2
        TRANSFER_IN = 3
        HOLD = 4
        RELEASE = 5
        POST = 6
        RETURN = 7
        ADJUST = 8
        ISSUE = 9

    pk = models.CompositePrimaryKey("source_id", "variant_id", "location_id", "step")
    source_id = models.UUIDField()
    # Plain columns: a foreign key on this table would lock one hot row for every unit sold (decision 0003).
    variant_id = models.IntegerField()
    location_id = models.IntegerField()
    step = models.SmallIntegerField(default=0)
    kind = models.SmallIntegerField(choices=Kind.choices)
    on_hand_change = models.BigIntegerField(default=0)
    held_change = models.BigIntegerField(default=0)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="movement_fits_its_kind",
                condition=Q(kind=1, on_hand_change__gt=0, held_change=0)
                | Q(kind=2, on_hand_change__lt=0, held_change=0)
                | Q(kind=3, on_hand_change__gt=0, held_change=0)
                | Q(kind=4, on_hand_change=0, held_change__gt=0)
                | Q(kind=5, on_hand_change=0, held_change__lt=0)
                | Q(kind=6, on_hand_change__lt=0, held_change=F("on_hand_change"))
                | Q(kind=7, on_hand_change__gt=0, held_change=0)
                | (Q(kind=8, held_change=0) & ~Q(on_hand_change=0))
                | Q(kind=9, on_hand_change__lt=0, held_change=0),
            ),
            models.CheckConstraint(
                name="movement_step_tells_holds_from_resolutions",
                condition=Q(step__gte=0)
                & (
                    ~Q(kind__in=[4, 5, 6])
                    | Q(kind=4, step__in=[*range(0, 32, 2)])
                    | Q(kind__in=[5, 6], step__in=[*range(1, 32, 2)])
                ),
            ),
        ]
