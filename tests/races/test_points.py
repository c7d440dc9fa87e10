"""Points spent at once in two windows, and lapsing while they are spent."""

import pytest
from django.db import IntegrityError

from setaria.kernel.ids import new_id
from setaria.trade.aftersales.take_back import Wish, take_back
from setaria.trade.points import returns
from setaria.trade.points import spend as spending
from setaria.trade.points.correct import Answer, correct
from setaria.trade.points.earn import LATE, earn, lapse
from setaria.trade.points.models import Account, Programme, Recall, Spending
from setaria.trade.points.returns import follow_returns
from setaria.trade.points.spend import give_back, reserve
from tests.guards import Unguarded
from tests.points.test_points import earned, has, programme
from tests.races.together import MeetingPoint, together
from tests.world import DAY, SECOND, World

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


def test_one_orders_id_in_two_markets_takes_the_points_of_one(world: World, meet: MeetingPoint) -> None:
    programme(world)
    Programme.objects.create(market=world.us, since=world.now, earned_bp=100, share_max_bp=5_000)
    fan, order, now = world.member(), new_id(), world.now
    for market in (world.cn, world.us):
        given = correct(new_id(), fan, market.pk, 100, note="a gift", by="a@b.c", now=now)
        assert given is Answer.CORRECTED
    answers = together(*[lambda m=m: reserve(order, fan, m.pk, 60, now=now) for m in (world.cn, world.us)])
    assert meet.all_met
    assert sorted(map(bool, answers)) == [False, True]
    assert sorted(Account.objects.values_list("balance", flat=True)) == [40, 100]
    assert give_back([order], now=now) == 1
    assert list(Account.objects.values_list("balance", flat=True)) == [100, 100]


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


def recalled(world: World) -> int:
    """A member with 100 points, all of which an order taken back has earned."""
    programme(world)
    fan = world.member()
    order = earned(world, fan, 100)
    take_back(Wish(new_id(), order.id, {0: 1}, "broken", "ada"), now=world.now)
    return fan


def test_points_spent_while_they_are_recalled_go_once(world: World) -> None:
    fan = recalled(world)
    later = world.now + LATE + SECOND
    earn(now=later)
    together(lambda: reserve(new_id(), fan, world.cn.pk, 60, now=later), lambda: follow_returns(now=later),
             lambda: follow_returns(now=later))  # fmt: skip
    follow_returns(now=later)
    spent = 60 if Spending.objects.exists() else 0
    assert (has(fan), Recall.objects.values_list("amount", "taken").get()) == (0, (100, 100 - spent))


def test_twin_without_the_lock_the_constraint_still_refuses_a_recall(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    fan = recalled(world)
    later = world.now + LATE + SECOND
    earn(now=later)
    monkeypatch.setattr(returns, "_OWING", returns._OWING.replace(ROW_LOCK, ""))
    # Where the one has read what there is, the other takes it, and the first goes on with what it has read.
    held = returns._TAKE.replace("a.balance, r.amount", "100 AS balance, r.amount")
    assert held != returns._TAKE
    monkeypatch.setattr(returns, "_TAKE", held)
    assert reserve(new_id(), fan, world.cn.pk, 60, now=later)
    with pytest.raises(IntegrityError):
        follow_returns(now=later)
    assert has(fan) == 40
    monkeypatch.undo()
    follow_returns(now=later)
    assert has(fan) == 0
