from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from setaria.kernel.texts import TextsField


def check_time_zone(value: str) -> None:
    """Raise ValidationError unless `value` names a time zone of the IANA database."""
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError) as error:
        raise ValidationError(f"Not a time zone: {value!r}.") from error


class Market(models.Model):
    """A country, or part of one, with one currency, one tax rule and one clock.

    An informing market shows everything and refuses to sell (R-002).
    """

    class Mode(models.TextChoices):
        SELL = "sell"
        INFORM = "inform"

    id = models.SmallAutoField(primary_key=True)
    code = models.SlugField(max_length=16, unique=True)
    name = TextsField()
    mode = models.CharField(max_length=8, choices=Mode.choices)
    currency = models.CharField(max_length=3, help_text="ISO 4217 code.")
    language = models.CharField(max_length=8, help_text="Language a first visitor reads.")
    time_zone = models.CharField(max_length=40, validators=[check_time_zone])
    tax_rate_bp = models.PositiveIntegerField(default=0, help_text="Basis points: 1300 is 13%.")
    tax_inclusive = models.BooleanField(default=True, help_text="Whether shown prices contain the tax.")
    buy_at = TextsField(null=True, blank=True, help_text="Informing markets: where to buy instead.")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(mode__in=["sell", "inform"]), name="market_mode_known"),
            models.CheckConstraint(condition=Q(currency__regex="^[A-Z]{3}$"), name="market_currency_is_iso"),
            models.CheckConstraint(condition=Q(tax_rate_bp__lte=10000), name="market_tax_rate_sane"),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def sells(self) -> bool:
        """Whether orders are taken here."""
        return self.mode == self.Mode.SELL


class Channel(models.Model):
    """A way of selling within one market: web store, app, shop, marketplace flagship."""

    class Kind(models.TextChoices):
        WEB = "web"
        APP = "app"
        SHOP = "shop"
        DEALER = "dealer"
        MARKETPLACE = "marketplace"

    id = models.SmallAutoField(primary_key=True)
    code = models.SlugField(max_length=32, unique=True)
    name = TextsField()
    market = models.ForeignKey(Market, on_delete=models.PROTECT, related_name="channels")
    kind = models.CharField(max_length=12, choices=Kind.choices)

    def __str__(self) -> str:
        return self.code
