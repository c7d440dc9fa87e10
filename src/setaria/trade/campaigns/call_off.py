"""Calling a campaign off, before it begins: what was made for it is taken back, what is written down stays."""

from datetime import datetime

from django.db import transaction

from setaria.goods.catalog.models import Variant
from setaria.goods.inventory import move
from setaria.goods.pricing.price import LEAD, take_back
from setaria.markets.events.plan import unplan_event
from setaria.markets.models import Market
from setaria.people.members.models import Member
from setaria.trade.campaigns.answers import Done, Refused
from setaria.trade.campaigns.models import Campaign, Status
from setaria.trade.campaigns.plan import plan_of
from setaria.trade.campaigns.rules import days_of, window
from setaria.trade.drops.models import Drop
from setaria.trade.drops.prepare import withdraw


def call_off(slug: str, *, by: Member, now: datetime) -> Done | Refused:
    """Call a campaign off that has not begun anywhere; one member of staff is enough to stop. All of it, or nothing.

    Its drops never open and their units are in the warehouse again; its prices give way to what they interrupted; its
    days are no event any more and its messages are not shown.
    """
    if not by.is_staff:
        return Refused("NOT_STAFF")
    with transaction.atomic():
        campaign = Campaign.objects.select_for_update().filter(slug=slug).first()
        if campaign is None:
            return Refused("NO_CAMPAIGN", {"slug": slug})
        if campaign.called_off_at is not None:
            return Refused("CALLED_OFF", {"slug": slug})
        drops = list(Drop.objects.filter(entry__campaign=campaign).select_related("pool", "channel").order_by("id"))
        begins = min([campaign.opens_at, *(drop.opens_at for drop in drops)])
        if campaign.status > Status.APPROVED or begins <= now + LEAD:
            return Refused("BEGAN", {"slug": slug})
        if campaign.status == Status.APPROVED:
            _take_back(campaign, drops, now)
        Campaign.objects.filter(pk=campaign.pk).update(called_off_at=now, called_off_by=by)
    return Done(slug, campaign.revision, campaign.status)


def _take_back(campaign: Campaign, drops: list[Drop], now: datetime) -> None:
    # All accounts at once and in key order, as when they were funded.
    items = [(drop, item) for drop in drops for item in drop.items.all()]
    places = {(i.variant_id, place) for d, i in items for place in (d.pool_id, d.pool.parent_id) if place is not None}
    move.lock(sorted(places))
    for drop in drops:
        withdraw(drop, now=now)
    plan = plan_of(campaign)
    markets = {market.code: market for market in Market.objects.filter(code__in=plan.markets)}
    skus = {item.sku for drop in plan.drop for item in drop.item} | {price.sku for price in plan.price}
    variants = dict(Variant.objects.filter(sku__in=skus).values_list("sku", "id"))
    for planned in plan.drop:
        market = markets[planned.market]
        since, until = window(plan, planned, market.time_zone)
        for item in planned.item:
            if item.price is not None:
                take_back(variants[item.sku], market.pk, item.price, since=since, until=until, now=now)
    for price in plan.price:
        market = markets[price.market]
        since, until = days_of(plan, market.time_zone)
        take_back(variants[price.sku], market.pk, price.price, since=since, until=until, now=now)
    unplan_event(campaign.slug, now=now)
