"""Tables of pre-orders. Places and what follows from them link by plain columns, like orders (decision 0003)."""

from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from setaria.goods.catalog.models import Variant
from setaria.kernel.texts import TextsField
from setaria.trade.drops.models import Drop


class Programme(models.Model):
    """A promise to make so many of one thing, and the queue of those who want them.

    Its drop has the pool that supply arrives in, the limit a customer and the time to pay; nobody gets a pass into it.
    The counters move with every place, under this row's lock, and their constraint is what keeps the promise.
    """

    id = models.AutoField(primary_key=True)
    slug = models.SlugField(max_length=60, unique=True)
    name = TextsField()
    line = TextsField()
    drop = models.OneToOneField(Drop, on_delete=models.PROTECT, related_name="programme")
    variant = models.ForeignKey(Variant, on_delete=models.PROTECT, related_name="+")
    amount = models.BigIntegerField(help_text="The most it will cost, minor units; a lower price in the book is taken.")
    places_max = models.PositiveIntegerField(help_text="Units promised: there are never more living places.")
    limit_per_customer = models.PositiveSmallIntegerField(default=1)
    lanes = models.JSONField(help_text="Who may come from when: a list of `trade.admission.lanes.Lane`.")
    opens_at = models.DateTimeField(help_text="When the first lane opens.")
    closes_at = models.DateTimeField(help_text="When no more places are given.")
    deposit_amount = models.BigIntegerField(default=0, help_text="Minor units; 0: places are free.")
    deposit_seconds = models.PositiveIntegerField(default=1800, help_text="Time to pay the deposit.")
    refund_rules = models.JSONField(default=dict, help_text="When a deposit goes back: `rules.RefundRules`.")
    numbers_given = models.PositiveIntegerField(default=0)
    places_living = models.PositiveIntegerField(default=0)
    calls = models.PositiveIntegerField(default=0, help_text="How often places were called to become orders.")

    class Meta:
        ordering = ["-opens_at"]
        constraints = [
            models.CheckConstraint(condition=Q(closes_at__gt=F("opens_at")), name="programme_closes_after_it_opens"),
            models.CheckConstraint(
                condition=Q(places_living__lte=F("places_max")) & Q(places_living__lte=F("numbers_given")),
                name="programme_keeps_its_promise",
            ),
            models.CheckConstraint(condition=Q(limit_per_customer__gte=1), name="programme_limit_positive"),
            models.CheckConstraint(
                condition=Q(deposit_amount__gte=0, deposit_amount__lt=F("amount")), name="programme_deposit_below_price"
            ),
        ]

    def __str__(self) -> str:
        return self.slug

    def get_absolute_url(self) -> str:
        """Return the address of its page."""
        return reverse("store:programme", args=[self.slug])


class State(models.IntegerChoices):
    """Where a place is. From ORDERED on, its order's own status tells the rest."""

    HELD = 1, "waits for its deposit"
    STANDING = 2, "stands in the queue"
    CALLED = 3, "its turn has come, its order is being made"
    ORDERED = 4, "has become an order"
    WITHDRAWN = 5, "given up by its holder"
    LAPSED = 6, "ended: no deposit in time, or nothing to be had"


LIVING = (State.HELD, State.STANDING, State.CALLED, State.ORDERED)


class Place(models.Model):
    """One place. Its id was minted with the pass it was taken with, and is the id of the order it becomes.

    `number`: by arrival, from 1, without gaps. `nth`: of the customer's living places, the constraint on their number.
    `stood_after` and `called_in` count the programme's calls: the one that had been when the place began to stand, and
    the one that reached it. They show that nobody was passed over, which instants of several processes cannot.
    """

    id = models.UUIDField(primary_key=True)
    programme_id = models.IntegerField()
    customer_id = models.BigIntegerField()
    number = models.IntegerField()
    nth = models.SmallIntegerField()
    state = models.SmallIntegerField(choices=State.choices)
    taken_at = models.DateTimeField()
    deposit_by = models.DateTimeField(null=True)
    stood_after = models.IntegerField(null=True)
    called_in = models.IntegerField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["programme_id", "number"], name="place_number_once"),
            models.UniqueConstraint(
                fields=["customer_id", "programme_id", "nth"], condition=Q(state__lte=4), name="place_one_claim"
            ),
            models.CheckConstraint(condition=Q(number__gte=1, nth__gte=1), name="place_counts_from_one"),
            models.CheckConstraint(condition=Q(state__in=[1, 2, 3, 4, 5, 6]), name="place_state_known"),
            models.CheckConstraint(
                condition=Q(state=1, stood_after=None)
                | Q(state=2, stood_after__isnull=False, called_in=None)
                | Q(state__in=[3, 4], called_in__gt=F("stood_after"))
                | Q(state__in=[5, 6], ended_at__isnull=False),
                name="place_fits_its_state",
            ),
        ]
        indexes = [
            models.Index(
                fields=["programme_id", "state", "number"], condition=Q(state__in=[2, 3]), name="place_next_in_queue"
            ),
            models.Index(fields=["deposit_by"], condition=Q(state=1), name="place_deposit_due"),
            models.Index(fields=["customer_id"], name="place_by_customer"),
        ]


class Supply(models.Model):
    """Units that arrived for a programme: moved into its pool, once by its id."""

    id = models.UUIDField(primary_key=True)
    programme = models.ForeignKey(Programme, on_delete=models.PROTECT, related_name="supplies")
    units = models.PositiveIntegerField()
    at = models.DateTimeField()

    class Meta:
        ordering = ["at"]
        constraints = [models.CheckConstraint(condition=Q(units__gte=1), name="supply_positive")]


class Week(models.Model):
    """The week (its Monday) promised to the numbers `first` to `last`, as first told. Later news are slips."""

    id = models.AutoField(primary_key=True)
    programme = models.ForeignKey(Programme, on_delete=models.CASCADE, related_name="weeks")
    first = models.PositiveIntegerField()
    last = models.PositiveIntegerField()
    monday = models.DateField()

    class Meta:
        ordering = ["first"]
        constraints = [
            models.UniqueConstraint(fields=["programme", "first"], name="week_begins_once"),
            models.CheckConstraint(condition=Q(last__gte=F("first"), first__gte=1), name="week_is_a_range"),
        ]


class Slip(models.Model):
    """A promised week that has moved, and why."""

    id = models.AutoField(primary_key=True)
    week = models.ForeignKey(Week, on_delete=models.CASCADE, related_name="slips")
    monday = models.DateField()
    reason = TextsField()
    at = models.DateTimeField()

    class Meta:
        ordering = ["at", "id"]


class Notice(models.Model):
    """What the holder of one place must be told of one slip. `seen_at`: shown in the account; `sent_at`: as a message."""

    pk = models.CompositePrimaryKey("slip_id", "place_id")
    slip_id = models.IntegerField()
    place_id = models.UUIDField(db_index=True)
    at = models.DateTimeField()
    seen_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)


class Receipt(models.Model):
    """Money that arrived for a place's deposit, and its fate. Every payment has one fate at any instant."""

    class Fate(models.IntegerChoices):
        HELD = 1, "kept for the order"
        APPLIED = 2, "counts towards the order"
        KEPT = 3, "kept: its holder let the order lapse"
        RETURNED = 4, "goes back in full"

    payment_id = models.UUIDField(primary_key=True)
    place_id = models.UUIDField(db_index=True)
    provider = models.CharField(max_length=20)
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    fate = models.SmallIntegerField(choices=Fate.choices)
    reason = models.CharField(max_length=40, blank=True)
    at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="receipt_positive"),
            models.CheckConstraint(condition=Q(fate__in=[1, 2, 3, 4]), name="receipt_fate_known"),
            models.UniqueConstraint(
                fields=["place_id"], condition=Q(fate__in=[1, 2, 3]), name="receipt_one_deposit_a_place"
            ),
        ]
