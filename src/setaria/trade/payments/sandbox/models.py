from django.db import models


class Charge(models.Model):
    """The sandbox bank's own record of money taken from a buyer; ours must agree with it in the end."""

    payment_id = models.UUIDField(primary_key=True)
    order_id = models.UUIDField(db_index=True)
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    succeeded = models.BooleanField()
    at = models.DateTimeField()
    refunded_at = models.DateTimeField(null=True)
