"""The demo's two campaigns: planned whenever the demo is loaded, ahead of it, and without disturbing its drops."""

from datetime import UTC, datetime

import pytest

from setaria.site.demo_loader import load
from setaria.trade.campaigns.check import look
from setaria.trade.campaigns.models import Campaign, Status
from setaria.trade.campaigns.plan import plan_of
from setaria.trade.campaigns.rules import Level


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("at, first_days", [
    (datetime(2031, 1, 20, tzinfo=UTC), ["2031-04-06", "2031-11-11"]),
    (datetime(2031, 3, 20, tzinfo=UTC), ["2031-11-11", "2032-04-06"]),
    (datetime(2031, 11, 30, tzinfo=UTC), ["2032-04-06", "2032-11-11"]),
])  # fmt: skip
def test_they_are_planned_ahead(at: datetime, first_days: list[str]) -> None:
    load(at)
    campaigns = list(Campaign.objects.all())
    assert [str(campaign.first_day) for campaign in campaigns] == first_days
    for campaign in campaigns:
        assert campaign.status == Status.PLANNED
        assert campaign.slug.endswith(str(campaign.first_day.year))
        red = [f for f in look(campaign, at) if f.level is Level.RED]
        assert {f.check for f in red} <= {"messages"}, red  # they wait for a second person
    night = plan_of(Campaign.objects.get(series="singles-day"))
    assert [(one.amount, one.seconds, one.at_least) for one in night.before] == [
        (100_000_000_00, 237, False), (2_460_000_000_00, None, True), (114_000_000_00, None, True),
    ]  # fmt: skip
    assert all(one.day.year == 2017 and "document 004" in one.source for one in night.before)
