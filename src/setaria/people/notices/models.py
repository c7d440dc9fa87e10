from django.db import models
from django.db.models import Q

from setaria.kernel.texts import LANGUAGES
from setaria.markets.models import Market
from setaria.people.members.models import Member
from setaria.people.notices.kinds import REFUSABLE

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
    market = models.ForeignKey(
        Market, null=True, on_delete=models.SET_NULL, related_name="+", help_text="Where they looked around last."
    )


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


class Refusal(models.Model):
    """A person does not want messages about a topic by a channel. Who said nothing is told."""

    id = models.BigAutoField(primary_key=True)
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+", help_text="Or a guest's.")
    topic = models.CharField(max_length=12)
    channel = models.CharField(max_length=12)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["member", "topic", "channel"], name="refusal_once"),
            models.CheckConstraint(
                condition=Q(topic__in=[topic.value for topic in REFUSABLE]), name="refusal_of_what_may_be_refused"
            ),
        ]


class Bounce(models.Model):
    """An address that a mail of ours came back from for good, or whose reader complained. Until somebody lifts it, only
    what one is always told goes there.
    """

    class Kind(models.TextChoices):
        FAILED = "failed"
        COMPLAINED = "complained"

    id = models.BigAutoField(primary_key=True)
    address = models.CharField(max_length=320, help_text="In small letters.")
    kind = models.CharField(max_length=10, choices=Kind)
    status = models.CharField(max_length=12, blank=True, help_text="RFC 3463, such as 5.1.1.")
    said = models.CharField(max_length=200, blank=True, help_text="By the mail server.")
    message_id = models.UUIDField(null=True, help_text="Which message; it may be forgotten by now.")
    at = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True)
    lifted_by = models.ForeignKey(Member, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["address"], condition=Q(lifted_at__isnull=True), name="bounce_open_once"),
            models.CheckConstraint(
                condition=Q(lifted_at__isnull=True, lifted_by__isnull=True)
                | Q(lifted_at__isnull=False, lifted_by__isnull=False),
                name="bounce_lifted_by_somebody",
            ),
            models.CheckConstraint(condition=Q(kind__in=["failed", "complained"]), name="bounce_of_a_kind"),
        ]


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
