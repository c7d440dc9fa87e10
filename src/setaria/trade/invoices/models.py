"""Tables of invoices. Triggers (migration 0002) keep what no CHECK can: numbers have no gaps, documents never change."""

from django.db import models
from django.db.models import F, Q

from setaria.markets.models import Market


class Issuer(models.Model):
    """Who sells in a market, as its invoices must name them, and for which orders they are written."""

    class When(models.IntegerChoices):
        ASKED = 1, "when the buyer asks"
        PAID = 2, "for every paid order"

    market = models.OneToOneField(Market, on_delete=models.PROTECT, primary_key=True, related_name="issuer")
    prefix = models.SlugField(max_length=8, unique=True, help_text="Begins every number: CN gives CN-2026-000001.")
    name = models.CharField(max_length=160)
    tax_id = models.CharField(max_length=32)
    street = models.CharField(max_length=160)
    city = models.CharField(max_length=80)
    postcode = models.CharField(max_length=16, blank=True, default="")
    country = models.CharField(max_length=2, help_text="ISO 3166.")
    when = models.SmallIntegerField(choices=When.choices)
    since = models.DateTimeField(help_text="Orders paid before this instant are not invoiced by themselves.")
    until = models.DateTimeField(help_text="How far paid orders have been looked through.")

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(when__in=[1, 2]), name="issuer_when_known")]

    def __str__(self) -> str:
        return self.prefix


class Billing(models.Model):
    """Whom an order's invoice is for, as its buyer says. Waits until the invoice is written."""

    order_id = models.UUIDField(primary_key=True)
    name = models.CharField(max_length=160)
    tax_id = models.CharField(max_length=32, blank=True, default="", help_text="Empty: a person, not a company.")
    street = models.CharField(max_length=160, blank=True, default="")
    city = models.CharField(max_length=80, blank=True, default="")
    postcode = models.CharField(max_length=16, blank=True, default="")
    country = models.CharField(max_length=2)
    asked_at = models.DateTimeField()
    waits = models.BooleanField(default=True, help_text="No invoice says so yet.")

    class Meta:
        indexes = [models.Index(fields=["asked_at"], condition=Q(waits=True), name="billing_waiting")]


class Series(models.Model):
    """The latest number given in a market and year. Its row is locked while numbers are given, and so none is lost."""

    pk = models.CompositePrimaryKey("market_id", "year")
    market_id = models.SmallIntegerField()
    year = models.SmallIntegerField()
    last = models.IntegerField(default=0)


class Invoice(models.Model):
    """An invoice or a credit note, whole: amounts in minor units, credit notes positive too."""

    class Kind(models.IntegerChoices):
        INVOICE = 1, "invoice"
        CREDIT_NOTE = 2, "credit note"

    pk = models.CompositePrimaryKey("market_id", "year", "number")
    market_id = models.SmallIntegerField()
    year = models.SmallIntegerField(help_text="Of `issued_at`, in the market's time zone.")
    number = models.IntegerField()
    name = models.CharField(max_length=24, unique=True, help_text="The number as it is written: CN-2026-000001.")
    kind = models.SmallIntegerField(choices=Kind.choices)
    order_id = models.UUIDField()
    part = models.SmallIntegerField(help_text="Which of the order's documents, from 0.")
    source_id = models.UUIDField(unique=True, help_text="What it is for: the order, the refund, the wish for another.")
    corrects = models.CharField(max_length=24, blank=True, default="", help_text="A credit note: which invoice.")
    issued_at = models.DateTimeField()
    supplied_on = models.DateField(help_text="The day of payment, in the market's time zone.")
    currency = models.CharField(max_length=3)
    net = models.BigIntegerField()
    tax = models.BigIntegerField()
    gross = models.BigIntegerField()
    language = models.CharField(max_length=8)
    content = models.JSONField(help_text="`rules.Content`: the parties, the lines, the tax by rate.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order_id", "part"], name="invoice_part_once"),
            models.CheckConstraint(condition=Q(number__gt=0, part__gte=0), name="invoice_numbers_positive"),
            models.CheckConstraint(condition=Q(gross=F("net") + F("tax"), gross__gt=0), name="invoice_adds_up"),
            models.CheckConstraint(condition=Q(kind=2) ^ Q(corrects=""), name="invoice_credit_names_its_invoice"),
        ]

    def __str__(self) -> str:
        return self.name
