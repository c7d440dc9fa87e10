"""Points spent at once in two windows, and lapsing while they are spent."""

import pytest
from django.db import IntegrityError

from setaria.kernel.ids import new_id
from setaria.trade.points import spend as spending
from setaria.trade.points.earn import lapse
from setaria.trade.points.spend import reserve
from tests.guards import Unguarded
from tests.points.test_points import earned, has, programme
from tests.races.together import MeetingPoint, together
from tests.world import DAY, World

ROW_LOCK = "FOR NO KEY UPDATE"


@pytest.fixture
def without_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ROW_LOCK in spending._LOCK
    monkeypatch.setattr(spending, "_LOCK", spending._LOCK.replace(ROW_LOCK, ""))


@pytest.fixture
def meet(monkeypatch: pytest.MonkeyPatch) -> MeetingPoint:
    """Where two meet that have read what there is, and have taken nothing."""
    return MeetingPoint().before(monkeypatch, (spending, "new_id"))


def twice(world: World, fan: int) -> list[object]:
    now = world.now
    return together(*[lambda: reserve(new_id(), fan, world.cn.pk, 60, now=now)] * 2)


def test_points_are_spent_once_in_two_windows(world: World, meet: MeetingPoint) -> None:
    programme(world)
    fan = world.member()
    earned(world, fan, 100)
    assert sorted(map(bool, twice(world, fan))) == [False, True]
    assert (meet.all_met, has(fan)) == (False, 40)


def test_twin_without_the_lock_the_constraint_still_refuses(
    world: World, without_lock: None, meet: MeetingPoint
) -> None:
    programme(world)
    fan = world.member()
    earned(world, fan, 100)
    answers = twice(world, fan)
    assert meet.all_met
    assert [type(answer) for answer in answers if answer is not True] == [IntegrityError]
    assert has(fan) == 40


def test_twin_without_lock_and_constraint_they_are_spent_twice(
    broken_world: World, without_lock: None, meet: MeetingPoint, unguarded: Unguarded
) -> None:
    unguarded("points_never_overspent")
    programme(broken_world)
    fan = broken_world.member()
    earned(broken_world, fan, 100)
    assert twice(broken_world, fan) == [True, True]
    assert has(fan) == -20
    assert "points_are_their_entries" in broken_world.breaches()


def test_what_is_spent_while_it_lapses_goes_once(world: World) -> None:
    programme(world, lapse_days=1)
    fan = world.member()
    earned(world, fan, 100)
    world.later(DAY - DAY / 2)
    earned(world, fan, 100)
    world.later(DAY / 2)
    now = world.now
    together(lambda: reserve(new_id(), fan, world.cn.pk, 60, now=now), lambda: lapse(now=now))
    lapse(now=now)
    # Spent first, 40 of the old ones lapse; lapsed first, the new ones pay.
    assert has(fan) in (100, 40)
