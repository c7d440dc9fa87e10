"""Announcements: written by one, approved by another (R-035). Nothing is sent here."""

from datetime import datetime

from django.db import transaction

from setaria.people.members.models import Member
from setaria.trade.campaigns.answers import Done, Refused
from setaria.trade.campaigns.models import Campaign, Message

TEXT_CHARS_MAX = 600
Texts = dict[str, str]


def write(
    slug: str, message: str, *, title: Texts, text: Texts, shows_from: datetime, shows_until: datetime,
    by: Member, now: datetime,
) -> Done | Refused:  # fmt: skip
    """Write a message of a campaign, or another wording of one. The wording approved last stays on show meanwhile."""
    if not by.is_staff:
        return Refused("NOT_STAFF")
    if shows_until <= shows_from:
        return Refused("SHOWN_NEVER")
    if max(map(len, [*title.values(), *text.values()])) > TEXT_CHARS_MAX:
        return Refused("TOO_LONG", {"max": str(TEXT_CHARS_MAX)})
    with transaction.atomic():
        campaign = Campaign.objects.select_for_update().filter(slug=slug).first()
        if campaign is None:
            return Refused("NO_CAMPAIGN", {"slug": slug})
        take_in(campaign, message, title, text, shows_from, shows_until, by, now)
    return Done(slug, campaign.revision, campaign.status)


def take_in(
    campaign: Campaign, slug: str, title: Texts, text: Texts, shows_from: datetime, shows_until: datetime,
    by: Member, now: datetime,
) -> bool:  # fmt: skip
    """Add a version unless the newest says the same; the caller holds the campaign's row. Return whether it is new."""
    newest = Message.objects.filter(campaign=campaign, slug=slug).order_by("-version").first()
    wording = {"title": title, "text": text, "shows_from": shows_from, "shows_until": shows_until}
    if newest is not None and all(getattr(newest, name) == value for name, value in wording.items()):
        return False
    Message.objects.create(
        campaign=campaign, slug=slug, version=newest.version + 1 if newest else 1, written_by=by, written_at=now,
        **wording,
    )  # fmt: skip
    return True


def approve(message_id: int, *, by: Member, now: datetime) -> Done | Refused:
    """Approve the newest wording of a message; not by who wrote it, and once only."""
    if not by.is_staff:
        return Refused("NOT_STAFF")
    with transaction.atomic():
        found = Message.objects.filter(pk=message_id).values_list("campaign_id", flat=True).first()
        if found is None:
            return Refused("NO_MESSAGE")
        campaign = Campaign.objects.select_for_update().get(pk=found)
        message = Message.objects.get(pk=message_id)
        if Message.objects.filter(campaign=campaign, slug=message.slug, version__gt=message.version).exists():
            return Refused("NOT_THE_NEWEST", {"message": message.slug})
        # The constraint has the last word; these say why.
        if message.written_by_id == by.pk:
            return Refused("SAME_PERSON", {"who": str(by)})
        waiting = Message.objects.filter(pk=message_id, approved_by=None)
        if not waiting.update(approved_by=by, approved_at=now):
            return Refused("APPROVED_ALREADY", {"message": message.slug})
    return Done(campaign.slug, campaign.revision, campaign.status)
