"""What the staff fills in about money. Amounts are written as people write them, and kept in minor units; times are the
market's.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from babel.numbers import get_currency_precision
from django import forms
from django.db.models import Model
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from setaria.goods.catalog.models import Kind
from setaria.kernel.texts import text_in
from setaria.markets.models import Market
from setaria.sight.money import words
from setaria.trade.promotions.models import CODE, Promotion
from setaria.trade.quotes.rules import DeliveryTax

AMOUNT_MAX = Decimal(10**9)


class _Named(forms.ModelChoiceField):
    """A choice among things that have a name in the reader's language."""

    def label_from_instance(self, obj: Model) -> str:
        """Return the name."""
        return text_in(obj.name)  # type: ignore[attr-defined]


class _Kinds(forms.ModelMultipleChoiceField):
    """Several kinds of product, by their names in the reader's language."""

    def label_from_instance(self, obj: Model) -> str:
        """Return the name."""
        return text_in(obj.name)  # type: ignore[attr-defined]


def _amount(label: Any, **how: Any) -> forms.DecimalField:
    return forms.DecimalField(label=label, min_value=Decimal(0), max_value=AMOUNT_MAX, **how)


def _share(label: Any, **how: Any) -> forms.DecimalField:
    return forms.DecimalField(label=label, min_value=Decimal(0), max_value=Decimal(100), decimal_places=2, **how)


def _time(label: Any, **how: Any) -> forms.DateTimeField:
    return forms.DateTimeField(label=label, widget=forms.DateTimeInput(attrs={"type": "datetime-local"}), **how)


class MoneyForm(forms.Form):
    """A form about one market."""

    market = _Named(queryset=Market.objects.filter(mode="sell").order_by("code"), label=gettext_lazy("Market"))

    def minor(self, name: str) -> int | None:
        """Return an amount in minor units of the market's currency; an error of its field where it is finer."""
        amount, market = self.cleaned_data.get(name), self.cleaned_data.get("market")
        if amount is None or market is None:
            return None
        value = amount.scaleb(get_currency_precision(market.currency))
        if value != value.to_integral_value():
            self.add_error(name, _("Finer than the currency."))
            return None
        return int(value)

    def instant(self, name: str) -> datetime | None:
        """Return a time of the market's clock."""
        written, market = self.cleaned_data.get(name), self.cleaned_data.get("market")
        if written is None or market is None:
            return None
        return written.replace(tzinfo=ZoneInfo(market.time_zone))

    def basis_points(self, name: str) -> int:
        """Return a share in basis points."""
        return int((self.cleaned_data.get(name) or 0) * 100)


class PromotionForm(MoneyForm):
    """A promotion: a share or an amount."""

    name_zh = forms.CharField(label=gettext_lazy("Name in Chinese"), max_length=80)
    name_en = forms.CharField(label=gettext_lazy("Name in English"), max_length=80, required=False)
    percent = _share(gettext_lazy("Per cent off"), required=False)
    amount = _amount(gettext_lazy("or amount off"), required=False)
    amount_max = _amount(gettext_lazy("At most an order"), required=False)
    goods_min = _amount(gettext_lazy("From so much of goods on"), required=False)
    code = forms.RegexField(
        CODE, label=gettext_lazy("Code (none: by itself)"), required=False, strip=True, max_length=32
    )
    many = forms.BooleanField(label=gettext_lazy("By many codes, made afterwards"), required=False)
    kinds = _Kinds(
        queryset=Kind.objects.order_by("slug"), label=gettext_lazy("Kinds of product (none: all)"), required=False,
        widget=forms.CheckboxSelectMultiple,
    )  # fmt: skip
    group = forms.CharField(
        label=gettext_lazy("Group (of those in one only the best counts)"), max_length=20, required=False
    )
    alone = forms.BooleanField(label=gettext_lazy("Counts with no other"), required=False)
    priority = forms.IntegerField(
        label=gettext_lazy("Turn (lower takes off first)"), min_value=-1000, max_value=1000, required=False
    )
    audience = forms.ChoiceField(
        label=gettext_lazy("For whom"),
        choices=[(Promotion.Audience.EVERYONE, gettext_lazy("Everybody")),
                 (Promotion.Audience.MEMBERS, gettext_lazy("Members")),
                 (Promotion.Audience.NEWCOMERS, gettext_lazy("Members who have not bought yet"))],
    )  # fmt: skip
    since = _time(gettext_lazy("From"))
    until = _time(gettext_lazy("Until"))
    per_customer = forms.IntegerField(label=gettext_lazy("How often each"), min_value=1, required=False)
    budget_uses = forms.IntegerField(label=gettext_lazy("How often in all"), min_value=1, required=False)
    budget_amount = _amount(gettext_lazy("How much in all"), required=False)
    comes_back = forms.BooleanField(
        label=gettext_lazy("May be used again when all of an order is taken back"), required=False, initial=True
    )

    def clean(self) -> dict[str, Any]:
        """Make a promotion of it."""
        data = super().clean() or self.cleaned_data
        amounts = {name: self.minor(name) for name in ("amount", "amount_max", "goods_min", "budget_amount")}
        percent_bp, since, until = self.basis_points("percent"), self.instant("since"), self.instant("until")
        if bool(percent_bp) == bool(amounts["amount"]):
            self.add_error("percent", _("Give a share or an amount, one of the two."))
        if data.get("code") and data.get("many"):
            self.add_error("many", _("One code for everybody, or many: one of the two."))
        if since and until and until <= since:
            self.add_error("until", _("It ends before it begins."))
        if not self.errors and since and until:
            names = {"zh-hans": data["name_zh"], "en": data["name_en"]}
            self.promotion = Promotion(
                market=data["market"], name={code: name for code, name in names.items() if name},
                percent_bp=percent_bp, amount=amounts["amount"] or 0, amount_max=amounts["amount_max"] or None,
                goods_min=amounts["goods_min"] or 0, audience=data["audience"], since=since, until=until,
                per_customer=data["per_customer"], budget_uses=data["budget_uses"],
                budget_amount=amounts["budget_amount"] or None, comes_back=data["comes_back"],
                kind_ids=sorted(kind.pk for kind in data["kinds"]), group=data["group"], alone=data["alone"],
                priority=data["priority"] or 0,
            )  # fmt: skip
        return data


class CardForm(MoneyForm):
    """A gift card, or store credit of a member."""

    amount = _amount(gettext_lazy("Amount"))
    why = forms.CharField(label=gettext_lazy("What for"), max_length=120)
    to = forms.EmailField(label=gettext_lazy("Member's address (none: a card with a code)"), required=False)
    sold = forms.BooleanField(label=gettext_lazy("Somebody paid for it outside of the shop"), required=False)


class PointsForm(MoneyForm):
    """Points given or taken by hand."""

    id = forms.UUIDField(widget=forms.HiddenInput)
    amount = forms.IntegerField(label=gettext_lazy("Points (less than nothing: taken)"))
    note = forms.CharField(label=gettext_lazy("Why"), max_length=200)


class TaxForm(MoneyForm):
    """Another rate for a kind of product."""

    kind = _Named(queryset=Kind.objects.order_by("slug"), label=gettext_lazy("Kind of product"))
    percent = _share(gettext_lazy("Per cent"))
    since = _time(gettext_lazy("From"))


class DeliveryTaxForm(MoneyForm):
    """Another rule by which delivery is taxed."""

    rule = forms.ChoiceField(
        label=gettext_lazy("Delivery is taxed"), choices=[(one.value, words.DELIVERY_TAX[one]) for one in DeliveryTax]
    )
    since = _time(gettext_lazy("From"))


class ExemptForm(MoneyForm):
    """A member who pays no tax, and the certificate that says so."""

    email = forms.EmailField(label=gettext_lazy("Member's address"), max_length=254)
    certificate = forms.CharField(label=gettext_lazy("Number of the certificate"), max_length=60)
    until = _time(gettext_lazy("Until (nothing: until it is ended)"), required=False)


class DeliveryForm(MoneyForm):
    """What a way of sending costs."""

    code = forms.SlugField(label=gettext_lazy("Short name"), max_length=32)
    name_zh = forms.CharField(label=gettext_lazy("Name in Chinese"), max_length=80)
    name_en = forms.CharField(label=gettext_lazy("Name in English"), max_length=80, required=False)
    region = forms.CharField(label=gettext_lazy("Region (none: all others)"), max_length=60, required=False)
    amount = _amount(gettext_lazy("Amount"))
    free_from = _amount(gettext_lazy("Free from so much of goods on"), required=False)
    since = _time(gettext_lazy("From"))
