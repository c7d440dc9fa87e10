"""What pages and reports read of campaigns. Reads only."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from setaria.markets.models import Market
from setaria.trade.campaigns.models import Campaign, Message, Status
from setaria.trade.campaigns.plan import plan_of
from setaria.trade.campaigns.rules import days_of

AHEAD = timedelta(days=30)


class Live(msgspec.Struct, frozen=True):
    """A campaign as a market's visitors see it: its times there, and what it has to say now."""

    campaign: Campaign
    opens_at: datetime
    closes_at: datetime
    messages: Sequence[Message]


def live_in(market: Market, now: datetime) -> Live | None:
    """Return the approved campaign that runs in a market, or begins there soon; two queries at most."""
    approved = Campaign.objects.filter(
        status__gte=Status.APPROVED, called_off_at=None, closes_at__gt=now, opens_at__lte=now + AHEAD,
        plan__markets__contains=[market.code],
    )  # fmt: skip
    for campaign in approved.order_by("opens_at", "id"):
        opens_at, closes_at = days_of(plan_of(campaign), market.time_zone)
        if closes_at > now:
            return Live(campaign, opens_at, closes_at, shown(campaign, now))
    return None


def shown(campaign: Campaign, now: datetime) -> list[Message]:
    """Return the messages on show at `now`: of each, the newest approved wording; one query."""
    approved = Message.objects.filter(campaign=campaign, approved_by__isnull=False)
    newest = approved.order_by("slug", "-version").distinct("slug")
    return [message for message in newest if message.shows_from <= now < message.shows_until]


def before(campaign: Campaign) -> Campaign | None:
    """Return the campaign of the same series that came before, if it was held here; one query."""
    held = Campaign.objects.filter(series=campaign.series, first_day__lt=campaign.first_day, status__gte=Status.OPEN)
    return held.order_by("-first_day", "-id").first()
