from django.db import models
from django.db.models import Q


class Statement(models.Model):
    """A settlement file that was taken in; known by its bytes, so that the same one comes in once."""

    id = models.BigAutoField(primary_key=True)
    provider = models.CharField(max_length=20)
    name = models.CharField(max_length=200)
    digest = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the file.")
    rows = models.IntegerField()
    since = models.DateTimeField(help_text="Of its first line.")
    until = models.DateTimeField(help_text="Of its last line.")
    at = models.DateTimeField()
    by = models.CharField(max_length=254)


class Entry(models.Model):
    """One line of a provider's: money it took, sent back, kept as its fee, or paid out. Never changed."""

    class Kind(models.IntegerChoices):
        PAYMENT = 1
        REFUND = 2
        PAYOUT = 3
        OTHER = 4
        DISPUTE = 5  # held back
        DISPUTE_BACK = 6  # and there again

    id = models.UUIDField(primary_key=True, help_text="Follows from provider, kind and reference.")
    statement = models.ForeignKey(Statement, on_delete=models.PROTECT)
    provider = models.CharField(max_length=20)
    kind = models.SmallIntegerField(choices=Kind.choices)
    reference = models.CharField(max_length=80, help_text="The provider's own name of it.")
    about = models.UUIDField(null=True, help_text="Our payment's, refund's or dispute's id, where the line names it.")
    amount = models.BigIntegerField(
        help_text="Minor units, before the fee: what came in positive, what went out negative."
    )
    fee = models.BigIntegerField(default=0, help_text="Minor units; what the provider kept.")
    currency = models.CharField(max_length=3)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["provider", "kind", "reference"], name="entry_told_once"),
            models.CheckConstraint(condition=Q(kind__in=[1, 2, 3, 4, 5, 6]), name="entry_kind_known"),
        ]
        indexes = [
            models.Index(fields=["about"], condition=Q(about__isnull=False), name="entry_by_about"),
            models.Index(fields=["at"], name="entry_by_time"),
        ]


class Difference(models.Model):
    """Something of theirs and ours that does not agree; open until it is resolved with a note, or explained since."""

    class Kind(models.TextChoices):
        THEIRS = "theirs"  # they have it, we have not
        OURS = "ours"  # we have it, they have not, in the time their files tell of
        AMOUNT = "amount"  # another amount or currency

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(max_length=6, choices=Kind.choices)
    provider = models.CharField(max_length=20)
    what = models.SmallIntegerField(choices=Entry.Kind.choices)
    reference = models.CharField(max_length=80)
    about = models.UUIDField(null=True)
    theirs = models.BigIntegerField(null=True)
    ours = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=3)
    found_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True)
    resolved_by = models.CharField(max_length=254, blank=True, default="", help_text="Empty: explained since.")
    note = models.CharField(max_length=400, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["provider", "what", "kind", "reference"], name="difference_told_once"),
            models.CheckConstraint(
                condition=Q(resolved_at__isnull=True) | ~Q(note=""), name="difference_resolved_has_a_note"
            ),
        ]
        indexes = [models.Index(fields=["found_at"], condition=Q(resolved_at__isnull=True), name="difference_open")]
