"""The night in a copy of the database, by a clock of its own: verbs take `now`, so the opening need not be waited for.

Run as a program it expects the copy in `DATABASE_URL`, and writes what it found to standard output as JSON.
"""

from __future__ import annotations

import sys
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from setaria.trade.campaigns.models import Campaign
    from setaria.trade.drops.models import Drop

INSTANT = timedelta(microseconds=1)


class Trial(msgspec.Struct, frozen=True):
    """One thing that was tried: what, what it should come to, what it came to."""

    what: str
    expected: str
    came: str

    @property
    def passed(self) -> bool:
        """Whether it came as it should."""
        return self.expected == self.came


def rehearse(slug: str, now: datetime) -> list[Trial]:
    """Approve a campaign, live through its opening and closing, and audit. Changes the database: a copy, only."""
    from setaria.kernel.invariants import check_all
    from setaria.people.members.models import Member
    from setaria.trade.campaigns.answers import Done
    from setaria.trade.campaigns.approve import approve
    from setaria.trade.campaigns.check import note_drill
    from setaria.trade.campaigns.models import Campaign, Status
    from setaria.trade.campaigns.turn import turn
    from setaria.trade.drops.prepare import finish
    from setaria.trade.orders.release import expire

    campaign = Campaign.objects.get(slug=slug)
    trials = []
    if campaign.status < Status.APPROVED:
        second = Member.objects.create_user("drill@setaria.invalid", is_staff=True)
        note_drill(slug, campaign.revision, passed=True, found={}, by=second, now=now)
        answer = approve(slug, by=second, now=now)
        trials.append(Trial("approval", "Done", "Done" if isinstance(answer, Done) else answer.code))
    for entry in campaign.entries.select_related("drop__channel").order_by("drop__opens_at"):
        trials += _drop(entry.drop)
    over = max([campaign.closes_at, *(t.closes_at for t in _drops(campaign))]) + timedelta(days=8)
    while expire(now=over):
        pass
    finish(over)
    turn(over)
    if trials and all(trial.passed for trial in trials):
        status = Campaign.objects.get(slug=slug).get_status_display()
        trials.append(Trial("after its last day", "closed", status))
    broken = [finding.name for finding in check_all() if not finding.holds]
    return [*trials, Trial("audit", "nothing broken", ", ".join(broken) or "nothing broken")]


def _drops(campaign: Campaign) -> list[Drop]:
    return [entry.drop for entry in campaign.entries.select_related("drop")]


def _drop(drop: Drop) -> list[Trial]:
    """Order every item a moment too early, at the opening, once more than allowed, and at the closing."""
    from setaria.goods.pricing.queries import prices_at
    from setaria.kernel.ids import new_id
    from setaria.people.members.models import Member
    from setaria.trade.orders.place import place
    from setaria.trade.orders.requests import Line, Refused, Request

    trials = []
    fan = Member.objects.create_user(f"drill-{drop.slug}@setaria.invalid").pk
    items = list(drop.items.select_related("variant"))
    prices = prices_at([item.variant_id for item in items], drop.channel.market_id, drop.opens_at)
    for item in items:
        line = Line(item.variant_id, item.limit_per_customer, prices.get(item.variant_id, 1))
        for when, at, expected in (
            ("a microsecond before the opening", drop.opens_at - INSTANT, "NOT_OPEN"),
            ("at the opening", drop.opens_at, "PLACED"),
            ("beyond the limit", drop.opens_at, "OVER_LIMIT"),
            ("at the closing", drop.closes_at, "CLOSED"),
        ):
            (answer,) = place([Request(new_id(), fan, drop.channel_id, (line,), drop.id)], now=at)
            came = answer.code.value if isinstance(answer, Refused) else "PLACED"
            trials.append(Trial(f"{drop.slug}, {item.variant.sku}, {when}", expected, came))
    return trials


def main(slug: str) -> None:
    """Rehearse in the database of the environment."""
    import django

    django.setup()
    from setaria.kernel.clock import now

    sys.stdout.buffer.write(msgspec.json.encode(rehearse(slug, now())))


if __name__ == "__main__":
    main(sys.argv[1])
