from django.db import models
from django.db.models import Q

from setaria.goods.catalog.models import Variant
from setaria.markets.models import Channel
from setaria.people.members.models import Member
from setaria.trade.drops.models import Drop


class Alert(models.Model):
    """A wish to be told, once: that a variant can be had again on a channel, or that a drop is about to open."""

    id = models.UUIDField(primary_key=True)
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="+")
    variant = models.ForeignKey(Variant, null=True, on_delete=models.CASCADE, related_name="+")
    drop = models.ForeignKey(Drop, null=True, on_delete=models.CASCADE, related_name="+")
    email = models.EmailField()
    member = models.ForeignKey(Member, null=True, on_delete=models.CASCADE, related_name="+")
    language = models.CharField(max_length=8)
    origin = models.CharField(max_length=24, help_text="A keyed hash of the network address that asked.")
    asked_at = models.DateTimeField()
    asks = models.SmallIntegerField(default=0, help_text="How many times the address was asked to confirm.")
    confirmed_at = models.DateTimeField(null=True)
    told_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(variant__isnull=True) ^ Q(drop__isnull=True), name="alert_is_about_one_thing"
            ),
            models.CheckConstraint(
                condition=Q(told_at__isnull=True) | Q(confirmed_at__isnull=False), name="alert_told_only_if_confirmed"
            ),
            models.UniqueConstraint(
                fields=["email", "variant", "channel"],
                condition=Q(variant__isnull=False, told_at__isnull=True),
                name="alert_of_variant_once",
            ),
            models.UniqueConstraint(
                fields=["email", "drop"], condition=Q(drop__isnull=False), name="alert_of_drop_once"
            ),
        ]
        indexes = [
            models.Index(
                fields=["variant", "asked_at"],
                condition=Q(variant__isnull=False, told_at__isnull=True, confirmed_at__isnull=False),
                name="alert_waits_for_variant",
            ),
            models.Index(
                fields=["drop", "asked_at"],
                condition=Q(drop__isnull=False, told_at__isnull=True, confirmed_at__isnull=False),
                name="alert_waits_for_drop",
            ),
            models.Index(fields=["email"], name="alert_by_email"),
            models.Index(fields=["origin", "asked_at"], condition=Q(confirmed_at__isnull=True), name="alert_by_origin"),
            models.Index(fields=["asked_at"], name="alert_by_age"),
        ]
