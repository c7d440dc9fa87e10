"""The calendar's pages: all campaigns, and one with its checklist. For staff; to everybody else they are not there."""

from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from django.conf import settings
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from setaria.channels.storefront.templatetags.store import moment
from setaria.kernel.clock import now
from setaria.kernel.texts import text_in
from setaria.markets.models import Market
from setaria.sight.staff import for_staff
from setaria.trade.campaigns import words
from setaria.trade.campaigns.capacity import last_measured
from setaria.trade.campaigns.check import look
from setaria.trade.campaigns.models import Campaign, Message, Proof, Status
from setaria.trade.campaigns.plan import plan_of
from setaria.trade.campaigns.plan_file import Plan
from setaria.trade.campaigns.rules import Finding, Level, NoSuchTime, by_check, window

CAMPAIGNS_MAX = 100
STEPS_MAX = 50


@for_staff
@require_GET
@never_cache
def campaigns(request: HttpRequest) -> HttpResponse:
    """List the campaigns, the latest first, with what their last check found."""
    found = Campaign.objects.select_related("planned_by", "approved_by").order_by("-first_day", "-id")[:CAMPAIGNS_MAX]
    last = {proof.campaign_id: proof for proof in _proofs(Proof.Kind.CHECK, [campaign.pk for campaign in found])}
    rows = [{"campaign": one, "status": words.status_of(one), "levels": _kept(last.get(one.pk))} for one in found]
    return render(request, "calendar/campaigns.html", {"rows": rows})


@for_staff
@require_GET
@never_cache
def campaign(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a campaign: its checks as of now, drops, prices, messages and steps."""
    people = ("planned_by", "approved_by", "called_off_by")
    shown = get_object_or_404(Campaign.objects.select_related(*people), slug=slug)
    at = now()
    plan = plan_of(shown)
    findings = look(shown, at, last_measured(settings.HOME))
    markets = {market.code: market for market in Market.objects.filter(code__in=plan.markets)}
    signable = shown.status == Status.REHEARSED and shown.called_off_at is None
    newest = Message.objects.filter(campaign=shown).select_related("written_by", "approved_by")
    kinds = {kind: next(_proofs(kind, [shown.pk]), None) for kind in Proof.Kind}
    return render(request, "calendar/campaign.html", {
        "campaign": shown,
        "status": words.status_name(shown.status),
        "at": at,
        "levels": _counts(finding.level for finding in findings),
        "checklist": [(words.check_name(name), [_line(one) for one in group])
                      for name, group in by_check(findings).items()],
        "check": kinds[Proof.Kind.CHECK],
        "drill": kinds[Proof.Kind.DRILL],
        "drops": list(_drops(plan, markets)),
        "prices": [(price, markets[price.market]) for price in plan.price],
        "announcements": newest.order_by("slug", "-version").distinct("slug"),
        "steps": [(step, words.status_name(step.status))
                  for step in shown.steps.select_related("by").order_by("-revision", "-status")[:STEPS_MAX]],
        "reached": shown.status >= Status.APPROVED,
        "waits": signable,
        "may_sign": signable and shown.planned_by_id != request.user.pk,
        "may_call_off": shown.status <= Status.APPROVED and shown.called_off_at is None and at < shown.opens_at,
    })  # fmt: skip


def _proofs(kind: str, campaigns: list[int]) -> Iterator[Proof]:
    """Yield each campaign's last proof of its present revision; one query."""
    proofs = Proof.objects.filter(kind=kind, campaign__in=campaigns, revision=F("campaign__revision"))
    yield from proofs.select_related("by").order_by("campaign_id", "-id").distinct("campaign_id")


def _kept(proof: Proof | None) -> list[tuple[str, str, int]] | None:
    if proof is None:
        return None
    return _counts(finding.level for finding in msgspec.convert(proof.found, list[Finding]))


def _counts(levels: Any) -> list[tuple[str, str, int]]:
    """Return how many findings there are of each level, the gravest first: level, its name, count."""
    found = list(levels)
    order = (Level.RED, Level.AMBER, Level.GREEN)
    return [(str(level), words.level_name(level), found.count(level)) for level in order if level in found]


def _line(finding: Finding) -> tuple[str, str, str]:
    return str(finding.level), words.level_name(finding.level), words.say(finding)


def _drops(plan: Plan, markets: dict[str, Market]) -> Iterator[dict[str, Any]]:
    """Yield the drops with their times as the market's own clock shows them."""
    for drop in plan.drop:
        market = markets[drop.market]
        try:
            instants = window(plan, drop, market.time_zone)
        except NoSuchTime:
            instants = None
        with timezone.override(ZoneInfo(market.time_zone)):
            times = [moment(instant) for instant in instants or ()]
            zone = moment(instants[0], "zone") if instants else ""
        yield {"drop": drop, "market": text_in(market.name), "currency": market.currency, "times": times, "zone": zone}
