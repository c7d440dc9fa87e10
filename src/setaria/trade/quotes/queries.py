"""Gathering what a quote goes by, in a number of queries that does not grow with the basket, and reckoning it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from uuid import UUID

import msgspec
from django.db.models import Q

from setaria.goods.catalog.models import Variant
from setaria.markets.models import Market
from setaria.trade.orders import models as orders
from setaria.trade.orders.charges import charges_read
from setaria.trade.orders.requests import Charge, ChargeKind, Line
from setaria.trade.points.models import Account, Programme
from setaria.trade.promotions.queries import Problem, Usable, usable
from setaria.trade.promotions.spend import Wish
from setaria.trade.quotes.models import Exemption, MarketRules, ShippingRate, TaxRate
from setaria.trade.quotes.quote import Delivery, Item, Points, Quote, Reduction, Tax, Wanted, quote
from setaria.trade.quotes.rules import Rounding

_PROMOTION = "promotion:"


class Choice(msgspec.Struct, frozen=True):
    """What a buyer chose: a way of sending by its code, where to, the codes they typed, and whether points pay too."""

    delivery: str = ""
    region: str = ""
    codes: tuple[str, ...] = ()
    points: bool = False


class Priced(msgspec.Struct, frozen=True):
    """A quote for a buyer's choice, the ways of sending there are, and what is wrong with codes they typed."""

    lines: tuple[Line, ...]
    quote: Quote
    ways: tuple[Delivery, ...]
    way: Delivery | None
    problems: Mapping[str, Problem]
    code_ids: Mapping[int, int | None]  # by promotion
    points: int = 0  # that the buyer has, where they may pay with some

    @property
    def points_spent(self) -> int:
        """The points to set aside before the order is placed."""
        return sum(self.quote.taken(ChargeKind.POINTS).values())

    @property
    def mark(self) -> str:
        """The total and a digest of all that it is made of: what a page sends back of what its reader saw."""
        return mark_of(self.lines, self.quote.charges, self.quote.total)

    @property
    def wishes(self) -> list[Wish]:
        """The promotions to set aside before the order is placed."""
        taken = self.quote.taken(ChargeKind.DISCOUNT)
        return [
            Wish(promotion, amount, self.code_ids.get(promotion))
            for source, amount in sorted(taken.items())
            if source.startswith(_PROMOTION) and (promotion := int(source.removeprefix(_PROMOTION)))
        ]


def mark_of(lines: Sequence[Line], charges: Sequence[Charge], total: int) -> str:
    """Return the mark of an order's lines and charges; the same for what was quoted and what was placed."""
    return f"{total}-{sha256(msgspec.json.encode([lines, charges])).hexdigest()[:24]}"


def price(lines: Sequence[Line], market: Market, choice: Choice, *, customer_id: int | None, now: datetime) -> Priced:
    """Quote lines at the prices they name, for a buyer (None: not known yet); eight queries, with codes ten."""
    kinds = dict(Variant.objects.filter(pk__in=[x.variant_id for x in lines]).values_list("pk", "product__kind_id"))
    items = tuple(Item(x.variant_id, kinds.get(x.variant_id, 0), x.quantity, x.unit_price) for x in lines)
    ways = ways_to(market, choice.region, now)
    way = next((one for one in ways if one.code == choice.delivery), ways[0] if ways else None)
    found, problems = usable(market.pk, choice.codes, customer_id, now=now)
    points = points_of(customer_id, market.pk) if customer_id is not None else None
    wanted = Wanted(
        items=items,
        reductions=tuple(_reduction(one) for one in found),
        points=points if choice.points else None,
        delivery=way,
        tax=tax_of(market, customer_id, now),
    )
    code_ids = {one.promotion.pk: one.code_id for one in found}
    return Priced(tuple(lines), quote(wanted), ways, way, problems, code_ids, points.wanted if points else 0)


def ways_to(market: Market, region: str, now: datetime) -> tuple[Delivery, ...]:
    """Return the ways of sending to a region, in their order: its own rate of each, else the one for everywhere.

    Of several the one that began last counts.
    """
    rows = ShippingRate.objects.filter(market=market, region__in=["", region], since__lte=now).order_by(
        "region", "since"
    )
    best = {row.code: row for row in rows}
    ordered = sorted(best.values(), key=lambda row: (row.position, row.code))
    return tuple(Delivery(row.code, row.name, row.amount, row.free_from) for row in ordered)


def tax_of(market: Market, customer_id: int | None, now: datetime) -> Tax:
    """Return the tax a buyer pays in a market."""
    begun = TaxRate.objects.filter(market=market, since__lte=now).order_by("since")
    rates = dict(begun.values_list("kind_id", "rate_bp"))
    rounding = MarketRules.objects.filter(pk=market.pk).values_list("rounding", flat=True).first()
    valid = Q(until__isnull=True) | Q(until__gt=now)
    exempt = customer_id is not None and Exemption.objects.filter(valid, market=market, member_id=customer_id).exists()
    named = Rounding(rounding) if rounding else Rounding.LINE_HALF_EVEN
    return Tax(market.tax_rate_bp, rates, market.tax_inclusive, exempt, named)


def points_of(member_id: int, market_id: int) -> Points | None:
    """Return the points a member may pay with in a market; None where there are none."""
    share = Programme.objects.filter(pk=market_id).values_list("share_max_bp", flat=True).first()
    if not share:
        return None
    found = Account.objects.filter(member_id=member_id, market_id=market_id).values_list("balance", flat=True).first()
    return Points(found, share) if found else None


def _reduction(one: Usable) -> Reduction:
    p = one.promotion
    left = None if p.budget_amount is None else p.budget_amount - p.used_amount
    caps = [cap for cap in (p.amount_max, left) if cap is not None]
    return Reduction(
        source=f"{_PROMOTION}{p.pk}", name=p.name, percent_bp=p.percent_bp, amount=p.amount,
        amount_max=min(caps) if caps else None, goods_min=p.goods_min, kinds=frozenset(p.kind_ids), group=p.group,
        alone=p.alone, priority=p.priority, asked=p.needs_code,
    )  # fmt: skip


def charges_of(order_id: UUID) -> tuple[Charge, ...]:
    """Return what an order was charged beside its lines, in the order it was written."""
    rows = orders.Charge.objects.filter(order_id=order_id).order_by("position")
    columns = list(zip(*rows.values_list("kind", "amount", "source", "line"), strict=True)) or [(), (), (), ()]
    return charges_read(*columns)
