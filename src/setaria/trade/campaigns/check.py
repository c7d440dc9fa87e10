"""Checking a campaign, and keeping what was found: before its approval, and again in the drill."""

from datetime import datetime

import msgspec
from django.db import transaction

from setaria.people.members.models import Member
from setaria.trade.campaigns.answers import Checked, Done, Refused
from setaria.trade.campaigns.facts import gather
from setaria.trade.campaigns.models import Campaign, Proof, Status, Step
from setaria.trade.campaigns.plan import plan_of
from setaria.trade.campaigns.rules import Capacity, Finding, Level, worst
from setaria.trade.campaigns.rules import check as decide


def look(campaign: Campaign, now: datetime, capacity: Capacity | None = None) -> list[Finding]:
    """Return what the checks find now; changes nothing. Seven queries."""
    plan = plan_of(campaign)
    return decide(plan, gather(campaign, plan, now, capacity))


def check(slug: str, *, by: Member, now: datetime, capacity: Capacity | None = None) -> Checked | Refused:
    """Check a campaign and keep what was found; a planned one without anything red is `checked` then."""
    if not by.is_staff:
        return Refused("NOT_STAFF")
    with transaction.atomic():
        campaign = Campaign.objects.select_for_update().filter(slug=slug).first()
        if campaign is None:
            return Refused("NO_CAMPAIGN", {"slug": slug})
        findings = look(campaign, now, capacity)
        passed = worst(findings) is not Level.RED
        _keep(campaign, Proof.Kind.CHECK, passed, msgspec.to_builtins(findings), by, now)
        if passed:
            advance(campaign, Status.PLANNED, Status.CHECKED, by, now)
    return Checked(slug, campaign.revision, passed, findings)


def note_drill(
    slug: str, revision: int, *, passed: bool, found: dict[str, object], by: Member, now: datetime
) -> Done | Refused:
    """Keep what a drill of a revision showed; a checked campaign that passed it is `rehearsed` then.

    A drill of a plan that has changed meanwhile is kept, and proves nothing about the new one.
    """
    if not by.is_staff:
        return Refused("NOT_STAFF")
    with transaction.atomic():
        campaign = Campaign.objects.select_for_update().filter(slug=slug).first()
        if campaign is None:
            return Refused("NO_CAMPAIGN", {"slug": slug})
        Proof.objects.create(
            campaign=campaign, revision=revision, kind=Proof.Kind.DRILL, at=now, by=by, passed=passed, found=found
        )
        if campaign.revision != revision:
            return Refused("CHANGED_MEANWHILE", {"slug": slug})
        if passed:
            advance(campaign, Status.PLANNED, Status.CHECKED, by, now)
            advance(campaign, Status.CHECKED, Status.REHEARSED, by, now)
    return Done(slug, revision, campaign.status)


def advance(campaign: Campaign, old: Status, new: Status, by: Member | None, at: datetime, **columns: object) -> bool:
    """Take one step, if the campaign still stands where it is taken from; a guarded update, and the step's row."""
    standing = Campaign.objects.filter(pk=campaign.pk, revision=campaign.revision, status=old)
    if not standing.update(status=new, **columns):
        return False
    campaign.status = new
    Step.objects.create(campaign=campaign, revision=campaign.revision, status=new, at=at, by=by)
    return True


def _keep(campaign: Campaign, kind: Proof.Kind, passed: bool, found: object, by: Member, now: datetime) -> None:
    Proof.objects.create(
        campaign=campaign, revision=campaign.revision, kind=kind, at=now, by=by, passed=passed, found=found
    )
