"""What everybody's quotes go by in a market: rates, roundings, promotions, programmes. Kept in memory, proven fresh.

They change some times a day, and triggers (migration 0004) raise `quotes_version` in the very transaction that changes any of
them, so what is remembered under the number a quote has read is what the quote would have read itself (docs/decisions/0039).
Rates are kept with the instants from which they count, and picked by the quote's.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from threading import Lock

import msgspec

from setaria.kernel.questions import Question, ask
from setaria.markets.models import Market
from setaria.trade.points.models import Programme
from setaria.trade.promotions.models import Promotion
from setaria.trade.promotions.rules import Terms
from setaria.trade.quotes.models import DeliveryTaxRule, MarketRules, ShippingRate, TaxRate
from setaria.trade.quotes.quote import Delivery, Tax
from setaria.trade.quotes.rules import DeliveryTax, Rounding

VERSION = Question("SELECT number FROM quotes_version", {})


class _Way(msgspec.Struct, frozen=True):
    since: datetime
    position: int
    delivery: Delivery


class Rules(msgspec.Struct, frozen=True):
    """One market's rules, whatever the instant and the buyer."""

    standard_bp: int
    inclusive: bool
    rounding: Rounding
    delivery_taxes: tuple[tuple[datetime, DeliveryTax], ...]  # since, rule; in the order of their instants
    taxes: tuple[tuple[datetime, int, int], ...]  # since, kind, rate; in the order of their instants
    ways: Mapping[str, tuple[_Way, ...]]  # by region, in the order of their instants
    promotions: Mapping[int, Terms]
    share_max_bp: int  # of the goods, that points may pay

    def ways_to(self, region: str, now: datetime) -> tuple[Delivery, ...]:
        """Return the ways of sending to a region, in their order: its own rate of each, else the one for everywhere.

        Of several the one that began last counts.
        """
        rows = (*self.ways.get("", ()), *(self.ways.get(region, ()) if region else ()))
        best = {row.delivery.code: row for row in rows if row.since <= now}
        return tuple(row.delivery for row in sorted(best.values(), key=lambda row: (row.position, row.delivery.code)))

    def tax_at(self, now: datetime, *, exempt: bool) -> Tax:
        """Return the tax that somebody pays, or is spared."""
        by_kind = {kind: rate for since, kind, rate in self.taxes if since <= now}
        begun = [rule for since, rule in self.delivery_taxes if since <= now]
        delivery = begun[-1] if begun else DeliveryTax.STANDARD
        return Tax(self.standard_bp, by_kind, self.inclusive, exempt, self.rounding, delivery)

    def name_of(self, source: str) -> Mapping[str, str]:
        """Return what a charge's source (`promotion:7`, `shipping:post`) is called, by language; nothing for others."""
        what, _colon, which = source.partition(":")
        if what == "promotion" and which.isdigit():
            promotion = self.promotions.get(int(which))
            return promotion.name if promotion else {}
        ways = (way.delivery for of_region in self.ways.values() for way in of_region) if what == "shipping" else ()
        return next((way.name for way in ways if way.code == which), {})


class Rulebook:
    """The process's memory of the rules of all markets; shared by its threads."""

    def __init__(self) -> None:
        self._kept: tuple[int, Mapping[int, Rules]] = (0, {})
        self._reading = Lock()

    def rules(self, version: int, market_id: int) -> Rules:
        """Return a market's rules as of `version`, which was just read; read anew if they are of another.

        What is read then is as new as the version, or newer and then soon read again. Raises KeyError for no market.
        """
        known, markets = self._kept
        if known != version:
            with self._reading:  # a second thread finds the first one's work done
                known, markets = self._kept
                if known != version:
                    markets = _read()
                    self._kept = version, markets
        return markets[market_id]


def rules_of(market_id: int) -> Rules:
    """Return a market's rules as they are now; one query."""
    [((version,),)] = ask(VERSION)
    return RULEBOOK.rules(version, market_id)


def _read() -> dict[int, Rules]:
    roundings = dict(MarketRules.objects.values_list("market_id", "rounding"))
    shares = dict(Programme.objects.values_list("market_id", "share_max_bp"))
    taxes = _by_market(TaxRate.objects.order_by("since").values_list("market_id", "since", "kind_id", "rate_bp"))
    delivery_taxes = _by_market(DeliveryTaxRule.objects.order_by("since").values_list("market_id", "since", "rule"))
    promotions = _by_market(Promotion.objects.order_by("id").values_list("market_id", *Terms.__struct_fields__))
    ways: dict[int, dict[str, list[_Way]]] = {}
    for row in ShippingRate.objects.order_by("since"):
        way = _Way(row.since, row.position, Delivery(row.code, row.name, row.amount, row.free_from))
        ways.setdefault(row.market_id, {}).setdefault(row.region, []).append(way)
    return {
        market: Rules(
            standard_bp=standard_bp,
            inclusive=inclusive,
            rounding=Rounding(roundings.get(market, Rounding.LINE_HALF_EVEN)),
            delivery_taxes=tuple((row[0], DeliveryTax(row[1])) for row in delivery_taxes.get(market, ())),
            taxes=tuple((row[0], row[1], row[2]) for row in taxes.get(market, ())),
            ways={region: tuple(found) for region, found in ways.get(market, {}).items()},
            promotions={row[0]: Terms(*row) for row in promotions.get(market, ())},
            share_max_bp=shares.get(market, 0),
        )
        for market, standard_bp, inclusive in Market.objects.values_list("pk", "tax_rate_bp", "tax_inclusive")
    }


def _by_market(rows: Iterable[tuple]) -> dict[int, list[tuple]]:
    found: dict[int, list[tuple]] = {}
    for market, *rest in rows:
        found.setdefault(market, []).append(tuple(rest))
    return found


RULEBOOK = Rulebook()
