"""Planning events: exact edges, once a market, not rewritten once they have opened."""

import pytest
from django.db import IntegrityError

from setaria.markets.events.models import Event, Opening
from setaria.markets.events.plan import CannotPlan, Period, plan_event
from tests.races.together import together
from tests.world import DAY, HOUR, MICROSECOND, MINUTE, SECOND, World

NAME = {"en": "Singles' Day", "zh-hans": "双十一"}


def plan(world: World, slug: str = "singles-day", **how: object) -> Event:
    opens_at = world.now + DAY
    how.setdefault("periods", [Period(world.cn.id, opens_at, opens_at + DAY)])
    return plan_event(slug, name=NAME, now=world.now, **how)  # type: ignore[arg-type]


def openings() -> list[tuple[object, ...]]:
    in_order = Opening.objects.order_by("opens_at", "event__slug")
    return list(in_order.values_list("event__slug", "market__code", "opens_at", "counts_until"))


def test_an_event_is_planned_and_planned_anew(world: World) -> None:
    last = plan(world, "last-year")
    plan(world)
    tomorrow = world.now + DAY
    event = plan(
        world,
        previous="last-year",
        periods=[
            Period(world.cn.id, tomorrow, tomorrow + DAY, tomorrow + DAY + 15 * MINUTE),
            Period(world.us.id, tomorrow + 16 * HOUR, tomorrow + 40 * HOUR),
        ],
    )
    assert event.previous == last
    assert openings()[1:] == [
        ("singles-day", "cn", tomorrow, tomorrow + DAY + 15 * MINUTE),
        ("singles-day", "us", tomorrow + 16 * HOUR, tomorrow + 40 * HOUR),
    ]


def test_the_same_plan_again_changes_nothing_even_after_the_opening(world: World) -> None:
    periods = [Period(world.cn.id, world.now, world.now + HOUR)]
    first = plan(world, periods=periods)
    assert plan(world, periods=periods) == first
    one, other = together(lambda: plan(world, "twin"), lambda: plan(world, "twin"))
    assert one == other == Event.objects.get(slug="twin")
    assert Event.objects.count() == Opening.objects.count() == 2


def test_what_has_opened_is_not_planned_anew(world: World) -> None:
    plan(world, periods=[Period(world.cn.id, world.now, world.now + HOUR)])
    before = openings()
    with pytest.raises(CannotPlan, match="has opened"):
        plan(world, periods=[Period(world.cn.id, world.now, world.now + DAY)])
    assert openings() == before


def test_plans_without_sense_are_refused(world: World) -> None:
    now, market = world.now, world.cn.id
    for periods in (
        [],
        [Period(market, now, now)],
        [Period(market, now, now + DAY, now + HOUR)],
        [Period(market, now + SECOND, now + DAY)],
        [Period(market, now + MICROSECOND, now + DAY)],
        [Period(market, now, now + DAY), Period(market, now + DAY, now + 2 * DAY)],
        [Period(12345, now, now + DAY)],
    ):
        with pytest.raises(CannotPlan):
            plan(world, periods=periods)
    with pytest.raises(CannotPlan, match="compare"):
        plan(world, previous="singles-day")
    assert not Event.objects.exists()


@pytest.mark.parametrize(
    "times", [(SECOND, HOUR, HOUR), (HOUR, HOUR, HOUR), (MINUTE, HOUR, MINUTE), (MINUTE, HOUR, HOUR + SECOND)]
)
def test_the_database_has_the_last_word(world: World, times: tuple[object, ...]) -> None:
    event = Event.objects.create(slug="x", name=NAME)
    opens, closes, until = (world.now + t for t in times)
    with pytest.raises(IntegrityError):
        Opening.objects.create(event=event, market=world.cn, opens_at=opens, closes_at=closes, counts_until=until)
