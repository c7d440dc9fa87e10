"""The second signature: only now do a campaign's drops and prices come to be."""

from datetime import datetime, timedelta

from django.db import transaction

from setaria.goods.catalog.models import Variant
from setaria.goods.inventory import move
from setaria.goods.inventory.models import Source
from setaria.goods.pricing.price import LEAD, TooSoon, set_price
from setaria.markets.events.models import Event
from setaria.markets.events.plan import Period, plan_event
from setaria.markets.models import Channel, Market
from setaria.people.members.models import Member
from setaria.trade.campaigns import queries
from setaria.trade.campaigns.answers import Done, Refused
from setaria.trade.campaigns.check import advance, look
from setaria.trade.campaigns.models import Campaign, Entry, Status
from setaria.trade.campaigns.plan import plan_of
from setaria.trade.campaigns.plan_file import Plan
from setaria.trade.campaigns.rules import Capacity, Level, days_of, window
from setaria.trade.drops.models import Drop
from setaria.trade.drops.prepare import Item, prepare


def approve(slug: str, *, by: Member, now: datetime, capacity: Capacity | None = None) -> Done | Refused:
    """Approve a rehearsed campaign: not by who planned it, and not with anything red. All of it is made, or nothing.

    From then on its drops open by their own clock, its prices are in the book and its approved messages are shown.
    """
    if not by.is_staff:
        return Refused("NOT_STAFF")
    try:
        with transaction.atomic():
            campaign = Campaign.objects.select_for_update().filter(slug=slug).first()
            if campaign is None:
                return Refused("NO_CAMPAIGN", {"slug": slug})
            if refusal := _against(campaign, by, now, capacity):
                return refusal
            make(campaign, plan_of(campaign), now)
            advance(campaign, Status.REHEARSED, Status.APPROVED, by, now, approved_by=by, approved_at=now)
    except move.NotEnough:  # sold meanwhile, between the check and the transfer
        return Refused("SOLD_MEANWHILE", {"slug": slug})
    except TooSoon:
        return Refused("TOO_LATE", {"slug": slug})
    return Done(slug, campaign.revision, campaign.status)


def _against(campaign: Campaign, by: Member, now: datetime, capacity: Capacity | None) -> Refused | None:
    if campaign.called_off_at is not None:
        return Refused("CALLED_OFF", {"slug": campaign.slug})
    if campaign.status != Status.REHEARSED:
        code = "APPROVED_ALREADY" if campaign.status > Status.REHEARSED else "NOT_REHEARSED"
        return Refused(code, {"slug": campaign.slug, "status": Status(campaign.status).label})
    if campaign.planned_by_id == by.pk:
        return Refused("SAME_PERSON", {"who": str(by)})
    red = [finding for finding in look(campaign, now, capacity) if finding.level is Level.RED]
    return Refused("CHECKS_FAILED", {"slug": campaign.slug}, red) if red else None


def make(campaign: Campaign, plan: Plan, now: datetime) -> list[Drop]:
    """Make a plan's drops, prices and event, and book the drops as the campaign's; raises `move.NotEnough`.

    Runs in the caller's transaction.
    """
    markets = {market.code: market for market in Market.objects.filter(code__in=plan.markets)}
    channels = {code: market.channels.filter(kind=Channel.Kind.WEB).order_by("id").first()
                for code, market in markets.items()}  # fmt: skip
    skus = {item.sku for drop in plan.drop for item in drop.item} | {price.sku for price in plan.price}
    variants = dict(Variant.objects.filter(sku__in=skus).values_list("sku", "id"))
    # All of the warehouses' accounts at once and in key order: the drops come one after the other, and orders that
    # come meanwhile would wait for them in a circle.
    places = dict(Source.objects.filter(channel__in=filter(None, channels.values())).values_list("channel", "location"))
    move.lock([(variants[i.sku], places[c.pk]) for d in plan.drop if (c := channels[d.market]) for i in d.item])
    drops = []
    for planned in plan.drop:
        channel = channels[planned.market]
        assert channel is not None, "checked before"
        opens_at, closes_at = window(plan, planned, markets[planned.market].time_zone)
        drop = prepare(
            planned.slug, name=planned.name, line=planned.line, channel=channel, opens_at=opens_at,
            closes_at=closes_at, payment_seconds=planned.payment_seconds, now=now,
            admission=Drop.Admission(planned.admission),
            items=[Item(variants[i.sku], i.units, i.limit, i.price) for i in planned.item],
        )  # fmt: skip
        Entry.objects.create(campaign=campaign, drop=drop)
        drops.append(drop)
    for price in plan.price:
        since, until = days_of(plan, markets[price.market].time_zone)
        set_price(
            variants[price.sku],
            markets[price.market].pk,
            price.price,
            since=max(since, now + LEAD),
            until=until,
            now=now,
        )
    announce(campaign, plan, markets, now)
    return drops


def announce(campaign: Campaign, plan: Plan, markets: dict[str, Market], now: datetime) -> None:
    """Name the campaign's days in its markets as an event, so that walls and reports count them as one.

    Payments count until the last order of its drops must be paid, to the whole minute.
    """
    periods = []
    for code in plan.markets:
        begins, ends = days_of(plan, markets[code].time_zone)
        seconds = max((drop.payment_seconds for drop in plan.drop if drop.market == code), default=0)
        until = ends + timedelta(minutes=-(-seconds // 60))
        periods.append(Period(markets[code].pk, begins, ends, until))
    last = queries.before(campaign)
    known = last is not None and Event.objects.filter(slug=last.slug).exists()
    previous = last.slug if last is not None and known else None
    plan_event(campaign.slug, name=plan.name, periods=periods, now=now, previous=previous)
