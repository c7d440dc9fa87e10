from django.db import models
from django.db.models import F, Q

from setaria.kernel.texts import TextsField
from setaria.people.members.models import Member
from setaria.trade.drops.models import Drop


class Status(models.IntegerChoices):
    """A campaign's life, in this order only; a changed plan begins it anew under the next revision."""

    PLANNED = 1, "planned"
    CHECKED = 2, "checked"
    REHEARSED = 3, "rehearsed"
    APPROVED = 4, "approved"
    OPEN = 5, "open"
    CLOSED = 6, "closed"
    REPORTED = 7, "reported"


class Campaign(models.Model):
    """A campaign as planned. Its drops and prices exist from its approval on, not before (R-024).

    `opens_at` is the first instant of its first day in its easternmost market, `closes_at` the end of its last day in
    its westernmost. The database refuses a step back (trigger `campaign_goes_forward`) and an approval by its writer.
    """

    id = models.AutoField(primary_key=True)
    slug = models.SlugField(max_length=60, unique=True)
    series = models.SlugField(max_length=40, help_text="What is compared year on year.")
    name = TextsField()
    line = TextsField()
    first_day = models.DateField()
    last_day = models.DateField()
    opens_at = models.DateTimeField()
    closes_at = models.DateTimeField()
    plan = models.JSONField(help_text="The plan's contents without its messages, see `plan_file.Plan`.")
    revision = models.PositiveIntegerField(default=1)
    status = models.PositiveSmallIntegerField(choices=Status.choices, default=Status.PLANNED)
    planned_by = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    planned_at = models.DateTimeField()
    approved_by = models.ForeignKey(Member, null=True, on_delete=models.PROTECT, related_name="+")
    approved_at = models.DateTimeField(null=True)
    called_off_by = models.ForeignKey(Member, null=True, on_delete=models.PROTECT, related_name="+")
    called_off_at = models.DateTimeField(null=True, help_text="Then it goes no further than its status.")

    class Meta:
        ordering = ["first_day", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(last_day__gte=F("first_day")), name="campaign_has_days"),
            models.CheckConstraint(condition=Q(status__gte=1, status__lte=7), name="campaign_status_known"),
            models.CheckConstraint(
                condition=Q(called_off_at__isnull=True, called_off_by__isnull=True)
                | Q(called_off_at__isnull=False, called_off_by__isnull=False, status__lte=4),
                name="campaign_called_off_before_it_opens",
            ),
            models.CheckConstraint(
                condition=Q(status__lt=4, approved_by__isnull=True, approved_at__isnull=True)
                | (
                    Q(status__gte=4, approved_by__isnull=False, approved_at__isnull=False)
                    & ~Q(approved_by=F("planned_by"))
                ),
                name="campaign_approved_by_a_second_person",
            ),
        ]

    def __str__(self) -> str:
        return self.slug


class Entry(models.Model):
    """A drop that was made for a campaign."""

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="entries")
    drop = models.OneToOneField(Drop, primary_key=True, on_delete=models.PROTECT, related_name="entry")


class Step(models.Model):
    """That a campaign reached a status: when, by whom (nobody: by the clock). Only ever added (trigger)."""

    pk = models.CompositePrimaryKey("campaign_id", "revision", "status")
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="steps")
    revision = models.PositiveIntegerField()
    status = models.PositiveSmallIntegerField(choices=Status.choices)
    at = models.DateTimeField()
    by = models.ForeignKey(Member, null=True, on_delete=models.PROTECT, related_name="+")
    figures = models.JSONField(default=dict, help_text="What belongs to it for good: a report's digest and audit.")


class Proof(models.Model):
    """A check or a drill of one revision: what it found, whether it passed. Those that failed are kept too."""

    class Kind(models.TextChoices):
        CHECK = "check"
        DRILL = "drill"

    id = models.AutoField(primary_key=True)
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="proofs")
    revision = models.PositiveIntegerField()
    kind = models.CharField(max_length=8, choices=Kind.choices)
    at = models.DateTimeField()
    by = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    passed = models.BooleanField()
    found = models.JSONField()

    class Meta:
        ordering = ["-id"]


class Message(models.Model):
    """One wording of an announcement: written by one, approved by another (R-035). A new wording is a new version.

    It is shown from `shows_from` until `shows_until` while it is the newest approved version of its slug.
    """

    id = models.AutoField(primary_key=True)
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="messages")
    slug = models.SlugField(max_length=40)
    version = models.PositiveSmallIntegerField()
    title = TextsField()
    text = TextsField()
    shows_from = models.DateTimeField()
    shows_until = models.DateTimeField()
    written_by = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    written_at = models.DateTimeField()
    approved_by = models.ForeignKey(Member, null=True, on_delete=models.PROTECT, related_name="+")
    approved_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["shows_from", "slug", "version"]
        constraints = [
            models.UniqueConstraint(fields=["campaign", "slug", "version"], name="message_version_once"),
            models.CheckConstraint(condition=Q(shows_until__gt=F("shows_from")), name="message_shows_for_a_while"),
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True, approved_at__isnull=True)
                | (Q(approved_by__isnull=False, approved_at__isnull=False) & ~Q(approved_by=F("written_by"))),
                name="message_approved_by_a_second_person",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.slug} v{self.version}"
