from django.db import models


class Charge(models.Model):
    """The sandbox bank's own record of money taken from a buyer; ours must agree with it in the end."""

    payment_id = models.UUIDField(primary_key=True)
    order_id = models.UUIDField(db_index=True)
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    succeeded = models.BooleanField()
    at = models.DateTimeField()


class Reversal(models.Model):
    """The bank's own record of money it sent back, by the refund's id, so that each goes once. A charge may have several."""

    refund_id = models.UUIDField(primary_key=True)
    charge = models.ForeignKey(Charge, on_delete=models.PROTECT, related_name="reversals")
    amount = models.BigIntegerField()
    at = models.DateTimeField()


class Notice(models.Model):
    """What the bank has yet to tell the shop of a charge; gone once the shop has taken it."""

    payment_id = models.UUIDField()
    order_id = models.UUIDField()
    status = models.CharField(max_length=12)
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    tell_at = models.DateTimeField(db_index=True, help_text="Not before; after an attempt, not before the next one.")
    attempts = models.SmallIntegerField(default=0)
