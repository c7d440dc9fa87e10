from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from setaria.kernel.texts import TextsField
from setaria.markets.models import Market
from setaria.people.members.models import Member
from setaria.people.notices.kinds import REFUSABLE


class Announcement(models.Model):
    """One announcement: what it says, to whom, when; who wrote its present words, who approved them; how far it is.

    The audience is everybody who meets all of market, language and points. Once approved it says what it says.
    """

    id = models.UUIDField(primary_key=True)
    revision = models.PositiveIntegerField(default=1, help_text="Counted up by each change.")
    topic = models.CharField(max_length=12)
    title = TextsField()
    text = TextsField()
    path = models.CharField(max_length=300, default="/", help_text="The page it leads to.")
    channels = ArrayField(models.CharField(max_length=12), help_text="email, push, sms.")
    market = models.ForeignKey(
        Market, null=True, on_delete=models.PROTECT, related_name="+", help_text="Or everywhere."
    )
    language = models.CharField(max_length=8, blank=True, default="", help_text="Or every reader.")
    points_min = models.PositiveIntegerField(default=0, help_text="Fan points, at least.")
    guests = models.BooleanField(default=False, help_text="Also who paid an order without an account.")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, help_text="From then on it would be stale.")
    written_by = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    written_at = models.DateTimeField()
    approved_by = models.ForeignKey(Member, null=True, on_delete=models.PROTECT, related_name="+")
    approved_at = models.DateTimeField(null=True)
    stopped_by = models.ForeignKey(Member, null=True, on_delete=models.PROTECT, related_name="+")
    stopped_at = models.DateTimeField(null=True)
    reached = models.BigIntegerField(default=0, help_text="The member up to whom it is written into the outbox.")
    written = models.PositiveIntegerField(default=0, help_text="Messages in the outbox, ever.")
    filled_at = models.DateTimeField(null=True, help_text="Everybody has their message.")
    closed_at = models.DateTimeField(null=True, help_text="Nothing waits any more; the two sums are final.")
    sent = models.PositiveIntegerField(default=0)
    given_up = models.PositiveIntegerField(default=0)

    class Meta:
        permissions = [("approve_announcement", "Can approve announcements")]
        constraints = [
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True, approved_at__isnull=True)
                | (Q(approved_by__isnull=False, approved_at__isnull=False) & ~Q(approved_by=F("written_by"))),
                name="announcement_approved_by_a_second_person",
            ),
            models.CheckConstraint(
                condition=Q(approved_at__isnull=False) | Q(reached=0, written=0, filled_at__isnull=True),
                name="announcement_goes_out_approved",
            ),
            models.CheckConstraint(
                condition=Q(stopped_by__isnull=True, stopped_at__isnull=True)
                | Q(stopped_by__isnull=False, stopped_at__isnull=False),
                name="announcement_stopped_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True, sent=0, given_up=0)
                | Q(closed_at__isnull=False, written=F("sent") + F("given_up")),
                name="announcement_adds_up",
            ),
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gt=F("starts_at")), name="announcement_lasts"
            ),
            models.CheckConstraint(
                condition=Q(topic__in=[topic.value for topic in REFUSABLE]), name="announcement_may_be_refused"
            ),
        ]
        indexes = [
            models.Index(
                fields=["starts_at"],
                condition=Q(approved_at__isnull=False, closed_at__isnull=True),
                name="announcement_under_way",
            )
        ]

    @property
    def key(self) -> str:
        """Return what its messages' key is in the outbox."""
        return f"announcement:{self.pk}"
