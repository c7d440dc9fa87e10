"""Rates of tax and delivery for the staff: what counts now, what will count, and setting one from an instant on."""

from datetime import datetime
from typing import Any

import msgspec
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from setaria.kernel import clock
from setaria.kernel.written import percent
from setaria.markets.models import Market
from setaria.sight.money import words
from setaria.sight.money.desk import dressed, say, signature
from setaria.sight.money.forms import DeliveryForm, DeliveryTaxForm, MoneyForm, TaxForm
from setaria.sight.staff import for_staff, for_staff_who_may
from setaria.trade.quotes import rates as verbs
from setaria.trade.quotes.models import DeliveryTaxRule, ShippingRate, TaxRate
from setaria.trade.quotes.rules import DeliveryTax

TAX, DELIVERY = "quotes.add_taxrate", "quotes.add_shippingrate"


@for_staff
@require_safe
@never_cache
def page(request: HttpRequest) -> HttpResponse:
    """Show the rates of every market that sells."""
    return _render(request)


@for_staff_who_may(TAX)
@require_POST
def set_tax(request: HttpRequest) -> HttpResponse:
    """Tax a kind of product otherwise."""
    form = TaxForm(request.POST)
    if not form.is_valid():
        return _render(request, form, status=422)
    rate = TaxRate(
        market=form.cleaned_data["market"], kind=form.cleaned_data["kind"], rate_bp=form.basis_points("percent"),
        since=form.instant("since") or clock.now(),
    )  # fmt: skip
    return _answered(request, form, verbs.set_tax(rate, by=signature(request), now=clock.now()))


@for_staff_who_may(DELIVERY)
@require_POST
def set_delivery(request: HttpRequest) -> HttpResponse:
    """Let a way of sending cost something else."""
    form = DeliveryForm(request.POST)
    amounts = (form.minor("amount"), form.minor("free_from")) if form.is_valid() else (None, None)
    if not form.is_valid():
        return _render(request, form, status=422)
    data = form.cleaned_data
    names = {"zh-hans": data["name_zh"], "en": data["name_en"]}
    rate = ShippingRate(
        market=data["market"], code=data["code"], name={code: name for code, name in names.items() if name},
        region=data["region"], amount=amounts[0] or 0, free_from=amounts[1] or None, since=form.instant("since") or clock.now(),
    )  # fmt: skip
    return _answered(request, form, verbs.set_delivery(rate, by=signature(request), now=clock.now()))


@for_staff_who_may(TAX)
@require_POST
def set_delivery_tax(request: HttpRequest) -> HttpResponse:
    """Tax delivery by another rule."""
    form = DeliveryTaxForm(request.POST)
    if not form.is_valid():
        return _render(request, form, status=422)
    data = form.cleaned_data
    rule = DeliveryTaxRule(market=data["market"], rule=data["rule"], since=form.instant("since") or clock.now())
    return _answered(request, form, verbs.set_delivery_tax(rule, by=signature(request), now=clock.now()))


@for_staff_who_may(TAX)
@require_POST
def withdraw_tax(request: HttpRequest, rate: int) -> HttpResponse:
    """Take a rate of tax back before it begins."""
    return _withdrawn(request, verbs.withdraw(TaxRate, rate, by=signature(request), now=clock.now()))


@for_staff_who_may(TAX)
@require_POST
def withdraw_delivery_tax(request: HttpRequest, rate: int) -> HttpResponse:
    """Take a rule of delivery's tax back before it begins."""
    return _withdrawn(request, verbs.withdraw(DeliveryTaxRule, rate, by=signature(request), now=clock.now()))


@for_staff_who_may(DELIVERY)
@require_POST
def withdraw_delivery(request: HttpRequest, rate: int) -> HttpResponse:
    """Take a way of sending back before it begins."""
    return _withdrawn(request, verbs.withdraw(ShippingRate, rate, by=signature(request), now=clock.now()))


def _withdrawn(request: HttpRequest, answer: verbs.Answer) -> HttpResponse:
    gone = answer is verbs.Answer.WITHDRAWN
    say(request, gone, _("The rate will not begin.") if gone else _("It has begun, or is gone; nothing was changed."))
    return redirect("money:rates")


def _answered(request: HttpRequest, form: MoneyForm, answer: verbs.Answer) -> HttpResponse:
    if answer is verbs.Answer.SET:
        say(request, True, _("The rate is set. Quotes from its instant on go by it; orders keep theirs."))
        return redirect("money:rates")
    past = answer is verbs.Answer.PAST
    form.add_error("since", _("That is over; a rate begins now or later.") if past else _("There is one from then on."))
    return _render(request, form, status=422)


class _Rates(msgspec.Struct):
    """What a market charges beside prices: what stands and what will."""

    market: Market
    tax: list[tuple[TaxRate, str]]
    delivery: list[tuple[ShippingRate, str]]
    delivery_tax: list[tuple[DeliveryTaxRule, str, Any]]

    @property
    def standard(self) -> str:
        """The standard rate as people write it."""
        return f"{percent(self.market.tax_rate_bp)}%"


def _standing(rows: list[Any], key: Any, at: datetime) -> list[tuple[Any, str]]:
    """Say of each row whether it is past, counts now, or will; rows in order of their instants."""
    latest = {key(row): row.pk for row in rows if row.since <= at}
    found = []
    for row in rows:
        stand = "later" if row.since > at else "now" if latest[key(row)] == row.pk else "past"
        if stand != "past":
            found.append((row, stand))
    return found


def _render(request: HttpRequest, given: MoneyForm | None = None, status: int = 200) -> HttpResponse:
    """Show the page, with the form that was sent where one must be looked at again."""
    at = clock.now()
    taxes = list(TaxRate.objects.select_related("kind").order_by("since"))
    ways = list(ShippingRate.objects.order_by("position", "code", "region", "since"))
    rules = list(DeliveryTaxRule.objects.order_by("since"))
    markets = [
        _Rates(
            market,
            _standing([row for row in taxes if row.market_id == market.pk], lambda row: row.kind_id, at),
            _standing([row for row in ways if row.market_id == market.pk], lambda row: (row.code, row.region), at),
            [
                (row, stand, words.DELIVERY_TAX[DeliveryTax(row.rule)])
                for row, stand in _standing([row for row in rules if row.market_id == market.pk], lambda row: 0, at)
            ],
        )
        for market in Market.objects.filter(mode="sell").order_by("code")
    ]
    forms = {"tax": TaxForm, "delivery": DeliveryForm, "delivery_tax": DeliveryTaxForm}
    context = {
        "markets": markets, "may_tax": request.user.has_perm(TAX), "may_deliver": request.user.has_perm(DELIVERY),
        **{name: dressed(given if type(given) is form else form()) for name, form in forms.items()},
    }  # fmt: skip
    return render(request, "money/rates.html", context, status=status)
