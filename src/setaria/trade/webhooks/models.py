from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from setaria.people.members.models import Member


class Endpoint(models.Model):
    """An address that wants to hear. Its secrets are derived (`sign.py`), none is kept."""

    id = models.UUIDField(primary_key=True)
    url = models.CharField(max_length=1000)
    kinds = ArrayField(models.CharField(max_length=20), help_text="Of `news.Happening`.")
    made_at = models.DateTimeField()
    switched_on_at = models.DateTimeField(help_text="What happened before it does not hear, unless it is replayed.")
    made_by = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    generation = models.PositiveIntegerField(default=1, help_text="Of its secret.")
    rotated_at = models.DateTimeField(null=True)
    failing_since = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0, help_text="One after the other, until one succeeds.")
    due_at = models.DateTimeField(help_text="Not asked before.")
    off_at = models.DateTimeField(null=True)
    off_because = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(failures=0, failing_since__isnull=True) | Q(failures__gt=0, failing_since__isnull=False),
                name="endpoint_fails_since",
            )
        ]


class Event(models.Model):
    """Something that happened, as it is told. Its id follows from what it is about, so it exists once."""

    id = models.UUIDField(primary_key=True)
    kind = models.CharField(max_length=20)
    source_id = models.UUIDField()
    order_id = models.UUIDField()
    at = models.DateTimeField()
    body = models.TextField(help_text="The bytes that are signed and sent.")

    class Meta:
        indexes = [models.Index(fields=["at"], name="webhook_event_by_age")]


class Delivery(models.Model):
    """An event on its way to an endpoint: done, given up, or due again."""

    id = models.BigAutoField(primary_key=True)
    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="deliveries")
    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="deliveries")
    due_at = models.DateTimeField()
    taken_until = models.DateTimeField(null=True)
    attempts = models.SmallIntegerField(default=0)
    done_at = models.DateTimeField(null=True)
    given_up_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["endpoint", "event"], name="delivery_once"),
            models.CheckConstraint(
                condition=Q(done_at__isnull=True) | Q(given_up_at__isnull=True), name="delivery_done_or_given_up"
            ),
        ]
        indexes = [
            models.Index(
                fields=["endpoint", "due_at"],
                condition=Q(done_at__isnull=True, given_up_at__isnull=True),
                name="delivery_waiting",
            )
        ]


class Attempt(models.Model):
    """One post, as it went. Only ever added."""

    id = models.BigAutoField(primary_key=True)
    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="tries")
    at = models.DateTimeField()
    took_ms = models.PositiveIntegerField()
    status = models.SmallIntegerField(null=True, help_text="NULL: nobody answered.")
    said = models.CharField(
        max_length=200, blank=True, default="", help_text="The beginning of the answer, or what went wrong."
    )
