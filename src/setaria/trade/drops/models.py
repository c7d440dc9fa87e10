from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from setaria.goods.catalog.models import Variant
from setaria.goods.inventory.models import Location
from setaria.kernel.texts import TextsField
from setaria.markets.models import Channel


class Drop(models.Model):
    """A time-boxed sale. It sells from its pool only, so it cannot take units promised elsewhere."""

    class Admission(models.TextChoices):
        """Who may order, and in what order they come in; `trade.admission` knows how."""

        OPEN = "open", "whoever comes"
        QUEUE = "queue", "a waiting room"
        DRAW = "draw", "a draw"
        CODE = "code", "a friend's code"
        PLACES = "places", "those whose places a supply has reached"

    id = models.AutoField(primary_key=True)
    slug = models.SlugField(max_length=60, unique=True)
    name = TextsField()
    line = TextsField()
    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="drops")
    pool = models.OneToOneField(Location, on_delete=models.PROTECT, related_name="drop")
    opens_at = models.DateTimeField(help_text="Exact instant; 00:00:00.000 of the market's own time zone (R-025).")
    closes_at = models.DateTimeField()
    admission = models.CharField(max_length=8, choices=Admission.choices, default=Admission.OPEN)
    payment_seconds = models.PositiveIntegerField(default=900, help_text="Time to pay; unpaid orders expire after it.")
    finished_at = models.DateTimeField(null=True, blank=True, help_text="When what was left went back.")

    class Meta:
        ordering = ["-opens_at"]
        constraints = [
            models.CheckConstraint(condition=Q(closes_at__gt=F("opens_at")), name="drop_closes_after_it_opens"),
            models.CheckConstraint(condition=Q(payment_seconds__gte=1), name="drop_has_a_payment_window"),
            models.CheckConstraint(
                condition=Q(admission__in=["open", "queue", "draw", "code", "places"]), name="drop_admission"
            ),
        ]

    def __str__(self) -> str:
        return self.slug

    def get_absolute_url(self) -> str:
        """Return the address of its page."""
        return reverse("store:drop", args=[self.slug])


class DropItem(models.Model):
    """A variant on offer in a drop, and how many of it one customer may have across all orders."""

    id = models.AutoField(primary_key=True)
    drop = models.ForeignKey(Drop, on_delete=models.CASCADE, related_name="items")
    variant = models.ForeignKey(Variant, on_delete=models.PROTECT, related_name="+")
    limit_per_customer = models.PositiveSmallIntegerField(default=1)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["drop", "variant"], name="drop_item_once"),
            models.CheckConstraint(condition=Q(limit_per_customer__gte=1), name="drop_item_limit_positive"),
        ]
