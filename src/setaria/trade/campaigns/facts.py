"""Reads what the checks need to know. A constant number of queries, whatever the campaign's size."""

from datetime import datetime

from setaria.goods.catalog.models import Variant
from setaria.goods.inventory.models import Account, Source
from setaria.goods.pricing.models import Price
from setaria.markets.models import Channel, Market
from setaria.trade.campaigns.models import Campaign, Message, Status
from setaria.trade.campaigns.plan_file import Plan
from setaria.trade.campaigns.rules import Capacity, Facts, MarketFacts, Span


def gather(campaign: Campaign, plan: Plan, now: datetime, capacity: Capacity | None) -> Facts:
    """Return what is so at `now`; seven queries at most."""
    made = campaign.status >= Status.APPROVED
    skus = {item.sku for drop in plan.drop for item in drop.item} | {price.sku for price in plan.price}
    published = set(Variant.objects.filter(sku__in=skus, product__published=True).values_list("sku", flat=True))
    return Facts(
        now=now,
        markets=_markets(plan),
        published=published,
        free=_in_pools(campaign) if made else _in_warehouses(plan, skus),
        book=_book(plan, skus),
        messages=_messages(campaign),
        made=made,
        capacity=capacity,
    )


def _markets(plan: Plan) -> dict[str, MarketFacts]:
    web = Source.objects.filter(channel__kind=Channel.Kind.WEB, channel__market__code__in=plan.markets)
    places = dict(web.order_by("-channel_id").values_list("channel__market__code", "location__code"))
    return {
        market.code: MarketFacts(market.time_zone, market.currency, market.sells, places.get(market.code, ""))
        for market in Market.objects.filter(code__in=plan.markets)
    }


def _in_warehouses(plan: Plan, skus: set[str]) -> dict[tuple[str, str], int]:
    sources = Source.objects.filter(channel__kind=Channel.Kind.WEB, channel__market__code__in=plan.markets)
    where = dict(sources.order_by("-channel_id").values_list("channel__market__code", "location_id"))
    rows = Account.objects.filter(location_id__in=where.values(), variant__sku__in=skus)
    free = {(row.location_id, row.variant.sku): row.on_hand - row.held for row in rows.select_related("variant")}
    return {(market, sku): free.get((location, sku), 0) for market, location in where.items() for sku in sorted(skus)}


def _in_pools(campaign: Campaign) -> dict[tuple[str, str], int]:
    rows = Account.objects.filter(location__drop__entry__campaign=campaign)
    rows = rows.select_related("variant", "location__drop")
    return {(row.location.drop.slug, row.variant.sku): row.on_hand - row.held for row in rows}


def _book(plan: Plan, skus: set[str]) -> dict[tuple[str, str], list[Span]]:
    rows = Price.objects.filter(market__code__in=plan.markets, variant__sku__in=skus)
    book: dict[tuple[str, str], list[Span]] = {}
    for market, sku, valid, amount in rows.values_list("market__code", "variant__sku", "valid", "amount"):
        book.setdefault((market, sku), []).append(Span(valid.lower, valid.upper, amount))
    return book


def _messages(campaign: Campaign) -> dict[str, bool]:
    newest = Message.objects.filter(campaign=campaign).order_by("slug", "-version").distinct("slug")
    return {message.slug: message.approved_by_id is not None for message in newest}
