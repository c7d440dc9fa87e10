"""Taking in a plan: once, twice, or changed. The same file twice changes nothing."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import msgspec
from django.db import transaction

from setaria.goods.catalog.models import Variant
from setaria.markets.models import Market
from setaria.people.members.models import Member
from setaria.trade.campaigns import messages
from setaria.trade.campaigns.answers import Planned, Refused
from setaria.trade.campaigns.models import Campaign, Status, Step
from setaria.trade.campaigns.plan_file import BadPlan, Documented, Plan
from setaria.trade.campaigns.rules import FREE_FIELDS, NoSuchTime, bounds, changed, day_begins, window
from setaria.trade.drops.models import Drop


def plan(wanted: Plan, *, by: Member, now: datetime) -> Planned | Refused:
    """Make a campaign from a plan, or bring one up to date with it.

    Until its approval everything may change, and what does begins its life anew under the next revision, because it
    was checked, rehearsed and approved as it was. Afterwards only messages and documented figures may; the rest is
    named in `kept` and stays. Raises BadPlan when it speaks of what is not there.
    """
    if not by.is_staff:
        return Refused("NOT_STAFF")
    markets = {market.code: market for market in Market.objects.filter(code__in=wanted.markets)}
    problems = list(_unknown(wanted, markets))
    if problems:
        raise BadPlan(problems)
    with transaction.atomic():
        found = Campaign.objects.select_for_update().filter(slug=wanted.slug).first()
        answer = _take_in(found, wanted, markets, by, now) if found else _create(wanted, markets, by, now)
        campaign = Campaign.objects.get(slug=wanted.slug)
        zones = [markets[code].time_zone for code in wanted.markets]
        written = [one.slug for one in wanted.message if _write(campaign, one, zones, by, now)]
    return msgspec.structs.replace(answer, changed=[*answer.changed, *(f"message {slug}" for slug in written)])


def plan_of(campaign: Campaign) -> Plan:
    """Return a campaign's plan; its messages are rows of their own."""
    return msgspec.convert(campaign.plan, Plan)


def _create(wanted: Plan, markets: dict[str, Market], by: Member, now: datetime) -> Planned:
    # Two may plan the same campaign at once: the slug's uniqueness makes one of them come second.
    campaign, created = Campaign.objects.get_or_create(
        slug=wanted.slug, defaults=_columns(wanted, markets) | {"planned_by": by, "planned_at": now}
    )
    if not created:
        return _take_in(Campaign.objects.select_for_update().get(pk=campaign.pk), wanted, markets, by, now)
    Step.objects.create(campaign=campaign, revision=1, status=Status.PLANNED, at=now, by=by)
    return Planned(wanted.slug, 1, True, [], [])


def _take_in(campaign: Campaign, wanted: Plan, markets: dict[str, Market], by: Member, now: datetime) -> Planned:
    differing = [name for name in changed(plan_of(campaign), wanted) if name != "message"]
    core = [name for name in differing if name not in FREE_FIELDS]
    if core and campaign.status < Status.APPROVED:
        revision = campaign.revision + 1
        values = _columns(wanted, markets) | {"revision": revision, "status": Status.PLANNED}
        Campaign.objects.filter(pk=campaign.pk).update(**values, planned_by=by, planned_at=now)
        Step.objects.create(campaign=campaign, revision=revision, status=Status.PLANNED, at=now, by=by)
        return Planned(wanted.slug, revision, False, differing, [])
    if differing != core:
        known = msgspec.structs.replace(plan_of(campaign), before=wanted.before)
        Campaign.objects.filter(pk=campaign.pk).update(plan=_stored(known))
    return Planned(wanted.slug, campaign.revision, False, [n for n in differing if n not in core], core)


def _columns(wanted: Plan, markets: dict[str, Market]) -> dict[str, Any]:
    opens_at, closes_at = bounds(wanted, {code: market.time_zone for code, market in markets.items()})
    return {
        "series": wanted.series, "name": wanted.name, "line": wanted.line, "first_day": wanted.first_day,
        "last_day": wanted.last_day, "opens_at": opens_at, "closes_at": closes_at, "plan": _stored(wanted),
    }  # fmt: skip


def _stored(wanted: Plan) -> dict[str, Any]:
    stored: dict[str, Any] = msgspec.to_builtins(msgspec.structs.replace(wanted, message=()))
    return stored


def _write(campaign: Campaign, one: Any, zones: list[str], by: Member, now: datetime) -> bool:
    shows_from = min(day_begins(one.first_day, zone) for zone in zones)
    shows_until = max(day_begins(one.last_day + timedelta(days=1), zone) for zone in zones)
    return messages.take_in(campaign, one.slug, one.title, one.text, shows_from, shows_until, by, now)


def _unknown(wanted: Plan, markets: dict[str, Market]) -> Iterator[tuple[str, str]]:
    """Yield what the plan names and the installation does not know; three queries."""
    for n, code in enumerate(wanted.markets):
        if code not in markets:
            yield f"$.markets[{n}]", f"there is no market {code!r} here; take it out, or set it up first"
    known = set(Variant.objects.filter(sku__in=_skus(wanted)).values_list("sku", flat=True))
    named = [(f"$.price[{n}].sku", price.sku) for n, price in enumerate(wanted.price)]
    for n, drop in enumerate(wanted.drop):
        named += [(f"$.drop[{n}].item[{i}].sku", item.sku) for i, item in enumerate(drop.item)]
    yield from ((path, f"there is no SKU {sku!r} here; is it spelt right?") for path, sku in named if sku not in known)
    own = Campaign.objects.filter(slug=wanted.slug)
    taken = set(
        Drop.objects.filter(slug__in=[drop.slug for drop in wanted.drop])
        .exclude(entry__campaign__in=own)
        .values_list("slug", flat=True)
    )
    for n, drop in enumerate(wanted.drop):
        if drop.slug in taken:
            yield f"$.drop[{n}].slug", f"another drop is called {drop.slug} already; choose another name"
        if drop.market in markets:
            try:
                window(wanted, drop, markets[drop.market].time_zone)
            except NoSuchTime as error:
                yield f"$.drop[{n}].opens", f"{error}; choose another time"
    yield from _unlike(wanted.before, markets)


def _unlike(before: tuple[Documented, ...], markets: dict[str, Market]) -> Iterator[tuple[str, str]]:
    for n, one in enumerate(before):
        if one.market not in markets:
            yield f"$.before[{n}].market", f"{one.market} is not among the campaign's markets; add it there"


def _skus(wanted: Plan) -> set[str]:
    return {item.sku for drop in wanted.drop for item in drop.item} | {price.sku for price in wanted.price}
