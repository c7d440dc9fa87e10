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

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(amount__gt=0), name="payment_positive")]


class Refund(models.Model):
    """Money owed back for one settlement; one at most, by its key. Sent once the provider says so."""

    payment_id = models.UUIDField(primary_key=True)
    order_id = models.UUIDField(db_index=True)
    provider = models.CharField(max_length=20)
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    reason = models.CharField(max_length=40)
    due_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(amount__gt=0), name="refund_positive")]
        indexes = [models.Index(fields=["due_at"], condition=Q(sent_at__isnull=True), name="refund_unsent")]
