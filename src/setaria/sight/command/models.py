from django.conf import settings
from django.db import models
from django.db.models import F, Q

from setaria.markets.events.models import Event


class Pulse(models.Model):
    """A process that lives, and what it last said of itself. One row a process, written about once a second."""

    pk = models.CompositePrimaryKey("part", "process")
    part = models.CharField(max_length=20, help_text="web or worker.")
    process = models.CharField(max_length=80, help_text="Host and process id.")
    started_at = models.DateTimeField()
    at = models.DateTimeField()
    silent = models.BooleanField(default=False, help_text="Its silence has been entered in the log.")
    said = models.JSONField(default=dict)


class Incident(models.Model):
    """An entry in the log: what happened, or what was done about it. Entries are added, never changed."""

    class Level(models.TextChoices):
        NOTE = "note"
        WARNING = "warning"
        FAILURE = "failure"

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField()
    level = models.CharField(max_length=8, choices=Level.choices)
    part = models.CharField(max_length=40, blank=True)
    text = models.CharField(max_length=400)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+",
        help_text="Who wrote it; nobody where a part entered it by itself.",
    )  # fmt: skip

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(level__in=["note", "warning", "failure"]), name="incident_level_known"),
            models.CheckConstraint(condition=~Q(text=""), name="incident_says_something"),
        ]


class Shift(models.Model):
    """Who is on, for what, from when to when, in an event (R-031)."""

    id = models.AutoField(primary_key=True)
    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="shifts")
    who = models.CharField(max_length=80)
    duty = models.CharField(max_length=80)
    begins_at = models.DateTimeField()
    ends_at = models.DateTimeField()

    class Meta:
        ordering = ["begins_at", "who"]
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("begins_at")), name="shift_ends_after_it_begins"),
        ]
