"""Tables of friend codes. What has ended a code stays: a trigger sees to it (migration 0002)."""

from django.db import models
from django.db.models import F, Q

from setaria.trade.drops.models import Drop


class Allowance(models.Model):
    """How many codes there may be for a drop, how many for one member, and until when one can be spent."""

    drop = models.OneToOneField(Drop, on_delete=models.PROTECT, primary_key=True, related_name="code_allowance")
    codes_max = models.PositiveIntegerField()
    codes_per_member_max = models.PositiveSmallIntegerField()
    expires_at = models.DateTimeField(null=True, blank=True, help_text="Empty: as long as the drop.")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(codes_per_member_max__gte=1, codes_max__gte=F("codes_per_member_max")),
                name="allowance_is_for_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"codes of {self.drop_id}"


class Code(models.Model):
    """A code, without its text. Whoever holds it may spend it or pass it on, whoever it was given to."""

    id = models.UUIDField(primary_key=True)
    drop_id = models.IntegerField()
    given_to = models.BigIntegerField()
    number = models.SmallIntegerField(help_text="Which of this member's codes it is, from 1.")
    given_at = models.DateTimeField()
    held_by = models.BigIntegerField(help_text="In whose account it is.")
    turn = models.SmallIntegerField(default=0, help_text="How often it has changed accounts; its text changes with it.")
    lookup = models.CharField(max_length=32, unique=True, help_text="Keyed hash of the text.")
    spent_by = models.BigIntegerField(null=True)
    spent_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["drop_id", "given_to", "number"], name="code_given_once"),
            models.UniqueConstraint(
                fields=["drop_id", "spent_by"], condition=Q(spent_by__isnull=False), name="code_one_a_member_and_drop"
            ),
            models.CheckConstraint(
                condition=Q(spent_by=None, spent_at=None) | Q(spent_by__isnull=False, spent_at__isnull=False),
                name="code_spent_by_somebody_at_some_time",
            ),
            models.CheckConstraint(condition=Q(spent_at=None) | Q(revoked_at=None), name="code_spent_or_revoked"),
        ]
        indexes = [
            models.Index(fields=["given_to"], name="code_by_receiver"),
            models.Index(fields=["held_by"], name="code_by_holder"),
        ]


class Attempt(models.Model):
    """An order that a spent code gives leave for. A further one only after the last came to nothing."""

    pk = models.CompositePrimaryKey("code_id", "number")
    code_id = models.UUIDField()
    number = models.SmallIntegerField()
    order_id = models.UUIDField(unique=True)
    at = models.DateTimeField()


class Guess(models.Model):
    """How many codes that do not exist somebody has tried within an hour. Forgotten after a day."""

    pk = models.CompositePrimaryKey("subject", "hour")
    subject = models.CharField(max_length=40, help_text="A member, or the keyed hash of a network address.")
    hour = models.DateTimeField()
    wrong = models.IntegerField()
