"""Tables of the books. Triggers (migrations 0002, 0008) keep what no CHECK can: entries balance, months stay closed, nothing
is changed or deleted, and the balances by month are the postings.
"""

from django.db import models
from django.db.models import Q

from setaria.trade.books.accounts import Account, Source


class Entry(models.Model):
    """Something that happened, in money. Its postings add up to nothing."""

    pk = models.CompositePrimaryKey("source", "source_id")
    source = models.SmallIntegerField(choices=Source.choices)
    source_id = models.UUIDField(help_text="Of what it is about: the payment, the order, the deposit.")
    order_id = models.UUIDField(null=True, help_text="The order, or the place, it belongs to.")
    at = models.DateTimeField(help_text="When it happened.")
    month = models.DateField(help_text="The month it counts in, in the market's time zone: the first of it.")
    market_id = models.SmallIntegerField()
    note = models.CharField(max_length=200, blank=True, default="")
    entered_at = models.DateTimeField()
    entered_by = models.CharField(max_length=254, blank=True, default="", help_text="Empty: by itself.")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(month__day=1), name="entry_month_is_a_first"),
            models.CheckConstraint(
                condition=~Q(source=20) | ~Q(entered_by="") & ~Q(note=""), name="entry_by_hand_is_signed"
            ),
        ]
        indexes = [
            models.Index(fields=["order_id"], condition=Q(order_id__isnull=False), name="entry_by_order"),
            models.Index(fields=["month", "at"], name="entry_by_month"),
        ]


class Posting(models.Model):
    """One side of an entry: so much on an account, debit positive, credit negative (minor units)."""

    pk = models.CompositePrimaryKey("source", "source_id", "line")
    source = models.SmallIntegerField()
    source_id = models.UUIDField()
    line = models.SmallIntegerField()
    account = models.SmallIntegerField(choices=Account.choices)
    month = models.DateField()
    market_id = models.SmallIntegerField()
    currency = models.CharField(max_length=3)
    kind_id = models.SmallIntegerField(default=0, help_text="The kind of product, for revenue and tax; else 0.")
    provider = models.CharField(max_length=20, blank=True, default="", help_text="Whose, for clearing and fees.")
    amount = models.BigIntegerField()

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(amount=0), name="posting_says_something")]
        indexes = [
            models.Index(
                fields=["account", "market_id", "month", "source", "source_id", "line"], name="posting_by_account"
            )
        ]


class Balance(models.Model):
    """What was posted in a month, by account and all it is split by: debits and credits apart (minor units)."""

    pk = models.CompositePrimaryKey("account", "month", "market_id", "currency", "kind_id", "provider")
    account = models.SmallIntegerField(choices=Account.choices)
    month = models.DateField()
    market_id = models.SmallIntegerField()
    currency = models.CharField(max_length=3)
    kind_id = models.SmallIntegerField()
    provider = models.CharField(max_length=20)
    debit = models.BigIntegerField()
    credit = models.BigIntegerField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(debit__gte=0, credit__gte=0), name="balance_sides_positive")]


class Closed(models.Model):
    """A month of a market that takes no more entries; what comes late counts in the first month still open."""

    pk = models.CompositePrimaryKey("market_id", "month")
    market_id = models.SmallIntegerField()
    month = models.DateField()
    at = models.DateTimeField()
    by = models.CharField(max_length=254)


class Mark(models.Model):
    """How far a source has been entered: everything that happened before, but for what committed late."""

    source = models.SmallIntegerField(primary_key=True, choices=Source.choices)
    until = models.DateTimeField()
