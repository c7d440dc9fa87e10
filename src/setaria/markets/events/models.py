from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Extract, Mod
from django.db.models.lookups import Exact

from setaria.kernel.texts import TextsField
from setaria.markets.models import Market


def _whole_minute(field: str) -> Exact:
    return Exact(Mod(Extract(field, "epoch"), 60), 0)


class Event(models.Model):
    """What several drops, prices and messages are about, and the event it is compared with."""

    id = models.AutoField(primary_key=True)
    slug = models.SlugField(max_length=60, unique=True)
    name = TextsField()
    previous = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="following",
        help_text="The event before it, whose curve is drawn behind this one's.",
    )  # fmt: skip

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.slug


class Opening(models.Model):
    """An event in one market: midnight is another instant in each.

    Whole minutes, since figures are counted by the minute: so an event's figures are exact, with nothing estimated
    at its edges.
    """

    id = models.AutoField(primary_key=True)
    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="openings")
    market = models.ForeignKey(Market, on_delete=models.PROTECT, related_name="openings")
    opens_at = models.DateTimeField()
    closes_at = models.DateTimeField()
    counts_until = models.DateTimeField(help_text="Payments before this instant count; at the closing or after it.")

    class Meta:
        ordering = ["opens_at", "market"]
        constraints = [
            models.UniqueConstraint(fields=["event", "market"], name="opening_once_a_market"),
            models.CheckConstraint(condition=Q(closes_at__gt=F("opens_at")), name="opening_before_closing"),
            models.CheckConstraint(condition=Q(counts_until__gte=F("closes_at")), name="opening_counts_to_the_closing"),
            models.CheckConstraint(condition=_whole_minute("opens_at"), name="opening_on_a_whole_minute"),
            models.CheckConstraint(condition=_whole_minute("counts_until"), name="counting_to_a_whole_minute"),
        ]

    def __str__(self) -> str:
        return f"{self.event}, {self.market}"
