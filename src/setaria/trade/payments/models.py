from django.db import models
from django.db.models import Q


class Payment(models.Model):
    """One attempt to pay one order, or a place's deposit, recorded before the provider hears of it.

    `order_id` is what the provider is told it is for: the order, or the deposit's number.
    """

    class Purpose(models.TextChoices):
        ORDER = "order"
        DEPOSIT = "deposit"

    class Status(models.TextChoices):
        STARTED = "started"
        SUCCEEDED = "succeeded"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True)
    order_id = models.UUIDField(db_index=True)
    purpose = models.CharField(max_length=8, choices=Purpose.choices, default=Purpose.ORDER)
    customer_id = models.BigIntegerField(null=True)
    provider = models.CharField(max_length=20)
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.STARTED)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    reference = models.CharField(max_length=64, blank=True, default="", help_text="What the provider calls it.")
    ask_at = models.DateTimeField(null=True, help_text="When the provider is asked next; empty: never by itself.")
    asked = models.SmallIntegerField(default=0, help_text="How often it was.")

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(amount__gt=0), name="payment_positive")]
        indexes = [models.Index(fields=["ask_at"], condition=Q(status="started"), name="payment_to_ask")]


class Refund(models.Model):
    """Money that goes back of one payment: all of one that was not used, or parts for what was taken back.

    A trigger (migration 0004) keeps a payment's refunds within what it brought in. Sent once the provider says so.
    """

    id = models.UUIDField(
        primary_key=True, help_text="The payment's, where all of it goes back by itself; else its own."
    )
    payment_id = models.UUIDField(db_index=True)
    return_id = models.UUIDField(null=True, db_index=True)
    order_id = models.UUIDField(db_index=True)
    provider = models.CharField(max_length=20)
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    reason = models.CharField(max_length=200)
    due_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    sent_by = models.CharField(
        max_length=254, blank=True, default="", db_default="", help_text="Who paid it by bank, where no provider could."
    )

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(amount__gt=0), name="refund_positive")]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(sent_at__isnull=True), name="refund_unsent"),
            models.Index(fields=["sent_at"], condition=Q(sent_at__isnull=False), name="refund_by_sending"),
        ]


class Remittance(models.Model):
    """Money of a payment that somebody collected for us and handed over. Never changed."""

    payment_id = models.UUIDField(primary_key=True)
    order_id = models.UUIDField(db_index=True)
    provider = models.CharField(max_length=20)
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    reference = models.CharField(max_length=80, help_text="The courier's own name of it.")
    at = models.DateTimeField(db_index=True)
    by = models.CharField(max_length=254)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="remittance_positive"),
            models.CheckConstraint(condition=~Q(reference="") & ~Q(by=""), name="remittance_is_signed"),
        ]


class Case(models.Model):
    """Something about money that a person must look at; open until somebody resolves it with a note."""

    class Kind(models.TextChoices):
        UNKNOWN = "unknown"  # money for nothing we know
        WRONG = "wrong"  # another amount or currency than was asked for; it goes back by itself
        CONFLICT = "conflict"  # told twice, and differently
        DISPUTE = "dispute"  # the buyer's bank wants it back
        REFUSED = "refused"  # the provider will not send a refund
        STUCK = "stuck"  # asked for days, and still no end

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    provider = models.CharField(max_length=20)
    reference = models.CharField(max_length=80, help_text="What makes it this one: told again, it is the same case.")
    payment_id = models.UUIDField(null=True)
    order_id = models.UUIDField(null=True, db_index=True)
    amount = models.BigIntegerField(null=True, help_text="Minor units.")
    currency = models.CharField(max_length=3, blank=True, default="")
    text = models.CharField(max_length=400, blank=True, default="")
    opened_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True)
    resolved_by = models.CharField(max_length=254, blank=True, default="")
    note = models.CharField(max_length=400, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["provider", "kind", "reference"], name="case_told_once"),
            models.CheckConstraint(
                condition=Q(resolved_at__isnull=True) | ~Q(resolved_by="") & ~Q(note=""), name="case_resolved_is_signed"
            ),
        ]
        indexes = [models.Index(fields=["opened_at"], condition=Q(resolved_at__isnull=True), name="case_open")]


class Dispute(models.Model):
    """A payment that the buyer's bank wants back. The books go by when its money was held and how it ended."""

    id = models.UUIDField(primary_key=True, help_text="Follows from the provider and its reference.")
    provider = models.CharField(max_length=20)
    reference = models.CharField(max_length=80)
    payment_id = models.UUIDField(null=True, db_index=True)
    order_id = models.UUIDField(null=True)
    amount = models.BigIntegerField(help_text="Minor units.")
    fee = models.BigIntegerField(default=0, help_text="Minor units; where no settlement file tells it.")
    currency = models.CharField(max_length=3)
    opened_at = models.DateTimeField()
    held_at = models.DateTimeField(null=True, help_text="Since when the provider holds the money.")
    ended_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=4, blank=True, default="", choices=[("won", "won"), ("lost", "lost")])
    ended_by = models.CharField(max_length=254, blank=True, default="", help_text="Empty: the provider told.")
    note = models.CharField(max_length=400, blank=True, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0, fee__gte=0), name="dispute_is_about_money"),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, outcome="") | Q(ended_at__isnull=False, outcome__in=["won", "lost"]),
                name="dispute_ends_somehow",
            ),
            models.CheckConstraint(condition=~Q(outcome="lost") | Q(held_at__isnull=False), name="lost_money_was_held"),
        ]
        indexes = [models.Index(fields=["opened_at"], condition=Q(ended_at__isnull=True), name="dispute_open")]
