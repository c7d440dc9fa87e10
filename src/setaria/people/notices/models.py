from django.db import models
from django.db.models import Q

from setaria.kernel.texts import LANGUAGES
from setaria.people.members.models import Member

SUBJECT_CHARS_MAX = 200


class Message(models.Model):
    """A message on its way: what, to whom, by which channel. The key names the event that it tells of."""

    id = models.UUIDField(primary_key=True)
    key = models.CharField(max_length=120, help_text="Names the event: the same again is the same message.")
    channel = models.CharField(max_length=12, help_text="A name in `channels.CHANNELS`: email …")
    recipient = models.CharField(max_length=320, help_text="An address as the channel knows it.")
    member = models.ForeignKey(Member, null=True, on_delete=models.CASCADE, related_name="+")
    language = models.CharField(max_length=8)
    template = models.CharField(max_length=60, help_text="The name of a kind (`kinds.py`).")
    payload = models.JSONField(default=dict, help_text="What its kind may tell; no more of a person than that.")
    made_at = models.DateTimeField()
    due_at = models.DateTimeField(help_text="Not before; after a failure, not before the next attempt.")
    lapses_at = models.DateTimeField(null=True, help_text="From then on it would be stale, and is given up.")
    taken_until = models.DateTimeField(null=True, help_text="A sender is at it; after that instant another may be.")
    attempts = models.SmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)
    given_up_at = models.DateTimeField(null=True)
    trouble = models.CharField(max_length=200, blank=True, default="", help_text="What the latest attempt met.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["key", "channel", "recipient"], name="message_once"),
            models.CheckConstraint(
                condition=Q(sent_at__isnull=True) | Q(given_up_at__isnull=True), name="message_sent_or_given_up"
            ),
        ]
        indexes = [
            models.Index(
                fields=["channel", "due_at"],
                condition=Q(sent_at__isnull=True, given_up_at__isnull=True),
                name="message_waiting_by_channel",
            ),
            models.Index(fields=["made_at"], name="message_by_age"),
        ]


class Reader(models.Model):
    """How a person is written to, as far as we know. Of who is not here, the market they buy in decides."""

    member = models.OneToOneField(Member, primary_key=True, on_delete=models.CASCADE, related_name="+")
    language = models.CharField(max_length=8)


class Device(models.Model):
    """A browser that its owner lets us push messages to. The endpoint is its push service's, and a secret of the two."""

    id = models.UUIDField(primary_key=True)
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+", help_text="Or a guest's.")
    endpoint = models.CharField(max_length=1000, unique=True)
    p256dh = models.CharField(max_length=88, help_text="The browser's public key, base64url.")
    auth = models.CharField(max_length=24, help_text="The secret of the two, base64url.")
    name = models.CharField(max_length=80, help_text="As its owner would call it: Firefox, Android.")
    language = models.CharField(max_length=8)
    added_at = models.DateTimeField()
    reached_at = models.DateTimeField(null=True, help_text="When its push service last took a message.")

    class Meta:
        indexes = [models.Index(fields=["member", "added_at"], name="device_by_member")]


class Wording(models.Model):
    """A version of what a kind of message says in a language: the newest one goes out, and none is ever changed.

    One without words stands for the first wording, as it comes with the kind.
    """

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(max_length=60)
    language = models.CharField(max_length=8)
    version = models.PositiveIntegerField()
    subject = models.CharField(max_length=SUBJECT_CHARS_MAX, blank=True)
    text = models.TextField(blank=True)
    written_by = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    written_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "language", "version"], name="wording_version_once"),
            models.CheckConstraint(
                condition=Q(subject="", text="") | (~Q(subject="") & ~Q(text="")), name="wording_whole_or_none"
            ),
            models.CheckConstraint(condition=Q(language__in=LANGUAGES, version__gte=1), name="wording_of_a_language"),
        ]
