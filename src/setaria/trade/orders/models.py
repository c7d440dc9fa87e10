"""Tables of orders.

Links to reference data and other families are plain columns without a foreign-key constraint: on tables
written thousands of times a second each such constraint costs a locked look-up a row. `invariants.py` holds
them to account instead (decision 0003).
"""

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F, Q

from setaria.trade.orders.requests import SOURCE_CHARS_MAX, ChargeKind


class Status(models.IntegerChoices):
    """Where an order is in its life. It is paid, expires or is cancelled; expired, it may still be paid or cancelled."""

    PLACED = 1, "placed"
    PAID = 2, "paid"
    EXPIRED = 3, "expired"
    CANCELLED = 4, "cancelled"


class Order(models.Model):
    """A promise to sell. Stock is held from `placed_at`; unpaid, it is let go at `pay_by`."""

    id = models.UUIDField(primary_key=True)
    customer_id = models.BigIntegerField()
    market_id = models.SmallIntegerField()
    channel_id = models.SmallIntegerField()
    drop_id = models.IntegerField(null=True)
    status = models.SmallIntegerField(choices=Status.choices, default=Status.PLACED)
    currency = models.CharField(max_length=3)
    total = models.BigIntegerField(help_text="Minor units, the sum of the lines and the charges.")
    placed_at = models.DateTimeField()
    pay_by = models.DateTimeField()
    paid_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["customer_id", "-placed_at"], name="order_by_customer"),
            models.Index(fields=["pay_by"], condition=Q(status=1), name="order_unpaid_by_deadline"),
            # What was paid when: which order crossed a milestone is found without reading the others.
            models.Index(fields=["market_id", "paid_at"], condition=Q(paid_at__isnull=False), name="order_by_payment"),
            # For the news, which read what came last, like the settlements' below.
            BrinIndex(fields=["placed_at"], name="order_by_placing", autosummarize=True),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(total__gt=0), name="order_total_positive"),
            models.CheckConstraint(condition=Q(pay_by__gt=F("placed_at")), name="order_has_time_to_pay"),
            models.CheckConstraint(condition=~Q(status=2) | Q(paid_at__isnull=False), name="order_paid_has_an_instant"),
            models.CheckConstraint(condition=Q(status__in=[1, 2, 3, 4]), name="order_status_known"),
        ]


class Line(models.Model):
    """What one order holds of one variant at one location. Its price is the one the door checked."""

    pk = models.CompositePrimaryKey("order_id", "position")
    order_id = models.UUIDField()
    position = models.SmallIntegerField()
    variant_id = models.IntegerField()
    location_id = models.IntegerField()
    quantity = models.IntegerField()
    unit_price = models.BigIntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gt=0), name="line_quantity_positive"),
            models.CheckConstraint(condition=Q(unit_price__gt=0), name="line_price_positive"),
        ]


class Charge(models.Model):
    """What an order costs beside its lines' prices, or is told to be within them: the share of one line, or of none.

    What a line costs is `quantity * unit_price` and its own charges but those of kind 4; so refunds of parts add up.
    """

    pk = models.CompositePrimaryKey("order_id", "position")
    order_id = models.UUIDField()
    position = models.SmallIntegerField()
    kind = models.SmallIntegerField(choices=[(kind.value, kind.name.lower()) for kind in ChargeKind])
    amount = models.BigIntegerField(help_text="Minor units; what takes away is below nothing.")
    source = models.CharField(max_length=SOURCE_CHARS_MAX, help_text='Where it comes from, as "what:which".')
    line = models.SmallIntegerField(null=True, help_text="The line's position; none for the order as a whole.")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind=1, amount__gte=0)
                | Q(kind=4, amount__gt=0)
                | Q(kind=2) & ~Q(amount=0)
                | Q(kind__in=[3, 5], amount__lt=0),
                name="charge_has_its_sign",
            ),
            models.CheckConstraint(condition=Q(kind__in=[1, 2, 4]) | Q(line__isnull=False), name="charge_off_a_line"),
        ]


class Event(models.Model):
    """A change of an order's status. An order enters each status at most once, so the key forbids doing it twice."""

    pk = models.CompositePrimaryKey("order_id", "status")
    order_id = models.UUIDField()
    status = models.SmallIntegerField(choices=Status.choices)
    at = models.DateTimeField()
    note = models.CharField(max_length=40, blank=True, default="")

    class Meta:
        indexes = [BrinIndex(fields=["at"], name="event_by_time", autosummarize=True)]


class Claim(models.Model):
    """How many units of a drop's item a customer's living orders hold, against the limit."""

    pk = models.CompositePrimaryKey("customer_id", "drop_id", "variant_id")
    customer_id = models.BigIntegerField()
    drop_id = models.IntegerField()
    variant_id = models.IntegerField()
    quantity = models.IntegerField()
    allowed = models.IntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gte=0, quantity__lte=F("allowed")), name="claim_within_limit"),
        ]


class Settlement(models.Model):
    """Money that arrived for an order, and what became of it; the key makes a repeated notification harmless.

    A settlement that could not be applied is owed back in full: `refund_due` is what the payments app works off.
    """

    class Outcome(models.IntegerChoices):
        APPLIED = 1, "applied"
        REFUND_SOLD_OUT = 2, "expired and sold out"
        REFUND_WRONG_AMOUNT = 3, "wrong amount"
        REFUND_NOT_PAYABLE = 4, "cancelled or already paid"

    pk = models.CompositePrimaryKey("order_id", "payment_id")
    order_id = models.UUIDField()
    payment_id = models.UUIDField()
    provider = models.CharField(max_length=20)
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    outcome = models.SmallIntegerField(choices=Outcome.choices)
    at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["at"], condition=~Q(outcome=1), name="settlement_to_refund"),
            models.Index(fields=["payment_id"], name="settlement_by_payment"),
            # For the books, which read what came last. A few bytes for many rows: next to nothing on the way in.
            BrinIndex(fields=["at"], name="settlement_by_time", autosummarize=True),
        ]
        constraints = [models.CheckConstraint(condition=Q(amount__gt=0), name="settlement_positive")]


class Credit(models.Model):
    """Money that is there beside the payment that makes the order paid (a deposit, a gift card), and counts towards the
    order until it is taken back from a dead one. An order may have several.
    """

    pk = models.CompositePrimaryKey("order_id", "payment_id")
    order_id = models.UUIDField()
    payment_id = models.UUIDField(unique=True)
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    means = models.SmallIntegerField(choices=[(1, "deposit"), (2, "gift card")], db_default=1, default=1)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="credit_positive"),
            models.CheckConstraint(condition=Q(means__in=[1, 2]), name="credit_means_known"),
        ]
        indexes = [models.Index(fields=["at"], condition=Q(means=2), name="credit_by_gift_card")]


class MinuteOrders(models.Model):
    """Live counter: orders and money by minute, market, channel; one row per writer, so writers never wait.

    Written in the transaction that writes the orders, so at any instant its sums equal the orders' (law 12).
    """

    pk = models.CompositePrimaryKey("minute", "market_id", "channel_id", "slot")
    minute = models.DateTimeField()
    market_id = models.SmallIntegerField()
    channel_id = models.SmallIntegerField()
    slot = models.IntegerField()
    placed_orders = models.BigIntegerField(default=0)
    placed_amount = models.BigIntegerField(default=0)
    paid_orders = models.BigIntegerField(default=0)
    paid_amount = models.BigIntegerField(default=0)


class MinuteUnits(models.Model):
    """Live counter: units and money by minute, market, channel and product; slotted like `MinuteOrders`."""

    pk = models.CompositePrimaryKey("minute", "market_id", "channel_id", "product_id", "slot")
    minute = models.DateTimeField()
    market_id = models.SmallIntegerField()
    channel_id = models.SmallIntegerField()
    product_id = models.IntegerField()
    slot = models.IntegerField()
    placed_units = models.BigIntegerField(default=0)
    placed_amount = models.BigIntegerField(default=0)
    paid_units = models.BigIntegerField(default=0)
    paid_amount = models.BigIntegerField(default=0)


class MinuteRegions(models.Model):
    """Live counter: paid orders by the minute of their payment and where they go; slotted like `MinuteOrders`.

    An order counts here once it is both paid and addressed, in the transaction of whichever came last.
    """

    pk = models.CompositePrimaryKey("minute", "market_id", "country", "region", "slot")
    minute = models.DateTimeField()
    market_id = models.SmallIntegerField()
    country = models.CharField(max_length=2)
    region = models.CharField(max_length=60, help_text="As the buyer wrote it; the city where they wrote none.")
    slot = models.IntegerField()
    paid_orders = models.BigIntegerField(default=0)
    paid_amount = models.BigIntegerField(default=0)


class Destination(models.Model):
    """Where an order's parcel goes. Kept apart from the order: the hot path writes no wide rows."""

    order_id = models.UUIDField(primary_key=True)
    recipient = models.CharField(max_length=80)
    phone = models.CharField(max_length=24)
    country = models.CharField(max_length=2)
    region = models.CharField(max_length=60, blank=True)
    city = models.CharField(max_length=60)
    street = models.CharField(max_length=160)
    postcode = models.CharField(max_length=16, blank=True)
