"""Tables of the waiting room. Links to drops and people are plain columns (decision 0003), held to account by
`invariants.py`; every key begins with the drop, by which these tables would be spread over machines.
"""

from django.db import models
from django.db.models import F, Q


class Queue(models.Model):
    """One drop's waiting room. Its row is the lock under which places, numbers and admissions are given."""

    drop_id = models.IntegerField(primary_key=True)
    seed = models.BinaryField(help_text="32 bytes, secret until the early ones have their numbers.")
    seed_hash = models.CharField(max_length=64, help_text="SHA-256 of the seed in hex, public from the start.")
    offer_seconds = models.PositiveIntegerField(help_text="How long somebody who is let in has to order.")
    numbered_at = models.DateTimeField(null=True, help_text="When the early ones were put in order.")
    places = models.BigIntegerField(default=0, help_text="Places given so far; the last number, once numbered.")
    early = models.BigIntegerField(default=0, help_text="How many were in before the opening: numbers 1 to this one.")
    admitted_to = models.BigIntegerField(default=0, help_text="Numbers up to this one have been let in.")
    rate = models.FloatField(default=0, help_text="People a second the door is trusted with now.")
    seats = models.BigIntegerField(default=0, help_text="People that could still be let in for the units there are.")
    unpaid = models.BigIntegerField(default=0, help_text="Orders not paid yet, counted while nothing is left.")
    stepped_at = models.DateTimeField(null=True, help_text="When admission was last considered.")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(offer_seconds__gte=1), name="queue_has_an_offer_window"),
            models.CheckConstraint(
                condition=Q(admitted_to__gte=0, admitted_to__lte=F("places")), name="queue_admits_who_is_there"
            ),
            models.CheckConstraint(
                condition=Q(admitted_to=0) | Q(numbered_at__isnull=False), name="queue_numbers_before_it_admits"
            ),
        ]


class Waiter(models.Model):
    """One customer's one place, from however many tabs and devices. `number` is NULL before the opening."""

    pk = models.CompositePrimaryKey("drop_id", "customer_id")
    drop_id = models.IntegerField()
    customer_id = models.BigIntegerField()
    joined_at = models.DateTimeField()
    number = models.BigIntegerField(null=True)
    pseudonym = models.UUIDField(help_text="What stands for the customer in the published list.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["drop_id", "number"], name="waiter_number_once"),
            models.CheckConstraint(condition=Q(number__gte=1), name="waiter_number_positive"),
        ]


class Wave(models.Model):
    """Numbers that were let in at once, and until when they may order. Never changed afterwards."""

    pk = models.CompositePrimaryKey("drop_id", "first")
    drop_id = models.IntegerField()
    first = models.BigIntegerField()
    through = models.BigIntegerField()
    admitted_at = models.DateTimeField()
    offered_until = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(first__gte=1, through__gte=F("first")), name="wave_has_numbers"),
            models.CheckConstraint(condition=Q(offered_until__gt=F("admitted_at")), name="wave_has_time"),
        ]


class Missed(models.Model):
    """A number whose turn came to nothing, given up for a new one at the end of the line."""

    pk = models.CompositePrimaryKey("drop_id", "number")
    drop_id = models.IntegerField()
    number = models.BigIntegerField()
    customer_id = models.BigIntegerField()
    at = models.DateTimeField()
