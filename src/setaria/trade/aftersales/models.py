"""What was taken back. Rows are never changed; a trigger (migration 0002) keeps them within what was sold."""

from django.db import models
from django.db.models import Q


class Return(models.Model):
    """Part of a paid order that is taken back, signed by who decided it; the buyer, where nobody's name is given."""

    id = models.UUIDField(primary_key=True, help_text="Minted by who asks: sent again, it is the same return.")
    order_id = models.UUIDField(db_index=True)
    amount = models.BigIntegerField(help_text="Minor units, to be sent back.")
    currency = models.CharField(max_length=3)
    restocked = models.BooleanField(help_text="Whether its units are for sale again.")
    reason = models.CharField(max_length=200)
    by = models.CharField(max_length=254, blank=True, default="")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(amount__gte=0), name="return_not_negative")]
        indexes = [models.Index(fields=["at"], name="return_by_time")]


class ReturnedLine(models.Model):
    """So many units of one line."""

    pk = models.CompositePrimaryKey("order_id", "return_id", "position")
    order_id = models.UUIDField()
    return_id = models.UUIDField(db_index=True)
    position = models.SmallIntegerField()
    quantity = models.IntegerField()
    restocked = models.BooleanField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(quantity__gt=0), name="returned_quantity_positive")]


class ReturnedPart(models.Model):
    """The share of a return in one of the amounts that its order was made of, signed as that was."""

    pk = models.CompositePrimaryKey("order_id", "return_id", "number")
    order_id = models.UUIDField()
    return_id = models.UUIDField(db_index=True)
    number = models.SmallIntegerField()
    kind = models.SmallIntegerField(help_text="0 the price; else as the order's charge.")
    line = models.SmallIntegerField(null=True, help_text="The line's position; none for the shipping.")
    amount = models.BigIntegerField()
