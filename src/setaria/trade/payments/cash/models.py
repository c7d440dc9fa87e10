"""Promises to pay at the door. What is due of one is its amount less what was waived: goods taken back before it was paid."""

from django.db import models
from django.db.models import F, Q


class Promise(models.Model):
    """One payment that is to be made in cash. Open until the courier hands the money over, or nothing is due any more."""

    payment_id = models.UUIDField(primary_key=True)
    order_id = models.UUIDField(db_index=True)
    customer_id = models.BigIntegerField()
    amount = models.BigIntegerField(help_text="Minor units.")
    waived = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3)
    closed = models.BooleanField(default=False, help_text="The order was gone before anything was promised.")
    at = models.DateTimeField()
    paid_at = models.DateTimeField(null=True, help_text="When the courier handed the money over.")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(amount__gt=0, waived__gte=0, waived__lte=F("amount")), name="promise_waives_its_amount"
            )
        ]
        indexes = [
            models.Index(
                fields=["customer_id"], condition=Q(paid_at__isnull=True, waived__lt=F("amount")), name="promise_open"
            )
        ]

    @property
    def due(self) -> int:
        """What the courier is to collect (minor units)."""
        return self.amount - self.waived


class Waiver(models.Model):
    """What need not be paid at the door any more, by the refund that says so; so each counts once."""

    refund_id = models.UUIDField(primary_key=True)
    payment_id = models.UUIDField(db_index=True)
    amount = models.BigIntegerField()
