"""What time does: an approved campaign is open from its first instant and closed from its last.

Only what is written down follows the clock here. Drops, prices and messages carry their own times, so the sale itself
begins and ends at 00:00 whether or not this ever runs.
"""

from datetime import datetime

from django.db import transaction
from django.db.models import Q

from setaria.people.members.models import Member
from setaria.trade.campaigns.answers import Done, Refused
from setaria.trade.campaigns.check import advance
from setaria.trade.campaigns.models import Campaign, Status, Step


def turn(now: datetime) -> list[Done]:
    """Open and close what is due, dated to its instant and not to ours; return what was done."""
    due = Q(status=Status.APPROVED, opens_at__lte=now) | Q(status=Status.OPEN, closes_at__lte=now)
    return [
        done
        for campaign in Campaign.objects.filter(due, called_off_at=None).order_by("id")
        for done in _turn(campaign, now)
    ]


@transaction.atomic
def _turn(campaign: Campaign, now: datetime) -> list[Done]:
    taken = []
    for old, new, at in (
        (Status.APPROVED, Status.OPEN, campaign.opens_at),
        (Status.OPEN, Status.CLOSED, campaign.closes_at),
    ):
        if at <= now and advance(campaign, old, new, None, at):
            taken.append(Done(campaign.slug, campaign.revision, new))
    return taken


def note_report(slug: str, *, by: Member, at: datetime, figures: dict[str, object]) -> Done | Refused:
    """Keep that a closed campaign was reported, with what belongs to the report for good; the first time only."""
    if not by.is_staff:
        return Refused("NOT_STAFF")
    with transaction.atomic():
        campaign = Campaign.objects.select_for_update().filter(slug=slug).first()
        if campaign is None:
            return Refused("NO_CAMPAIGN", {"slug": slug})
        if campaign.status != Status.CLOSED:
            return Refused("NOT_CLOSED", {"slug": slug, "status": Status(campaign.status).label})
        Campaign.objects.filter(pk=campaign.pk, status=Status.CLOSED).update(status=Status.REPORTED)
        Step.objects.create(
            campaign=campaign, revision=campaign.revision, status=Status.REPORTED, at=at, by=by, figures=figures
        )
    return Done(slug, campaign.revision, Status.REPORTED)
