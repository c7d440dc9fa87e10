"""What is taken back gives back its share of the points it was paid with, and takes those that it had earned."""

import msgspec
import pytest
from django.db import IntegrityError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from setaria.kernel.ids import new_id
from setaria.trade.aftersales.take_back import Taken, Wish, take_back
from setaria.trade.books.record import record
from setaria.trade.orders.requests import Charge, ChargeKind, Placed
from setaria.trade.payments import refund
from setaria.trade.points.earn import LATE, earn, lapse
from setaria.trade.points.models import Entry, Programme, Recall
from setaria.trade.points.returns import follow_returns
from setaria.trade.points.spend import reserve
from tests.books.test_books import standing
from tests.points.test_points import earned, has, programme
from tests.world import DAY, SECOND, World


def bought(world: World, fan: int, points: int, units: int = 3, price: int = 1_000, off: int = 0) -> Placed:
    """Paid for with points and money."""
    ask = world.ask((world.thing(price=price, stock=units), units), by=fan)
    charges = []
    if off:
        charges.append(Charge(ChargeKind.DISCOUNT, -off, "staff:kindness", 0))
    if points:
        assert reserve(ask.id, fan, world.cn.pk, points, now=world.now)
        charges.append(Charge(ChargeKind.POINTS, -points, "points:spent", 0))
    (order,) = world.place(msgspec.structs.replace(ask, charges=tuple(charges)))
    assert isinstance(order, Placed)
    world.pay(order)
    return order


def back(world: World, order: Placed, units: int) -> int:
    world.later(SECOND)
    taken = take_back(Wish(new_id(), order.id, {0: units}, "broken", "ada@example.org"), now=world.now)
    assert isinstance(taken, Taken), taken
    return taken.amount


def follow(world: World) -> None:
    """A minute later, so that what was earned is recalled too."""
    earn(now=world.now)
    world.later(LATE + SECOND)
    earn(now=world.now)
    for _ in range(2):
        follow_returns(now=world.now)


def test_points_come_back_in_proportion_and_earned_ones_go(world: World) -> None:
    programme(world)
    fan = world.member()
    earned(world, fan, 100)
    order = bought(world, fan, 100)
    earn(now=world.now)
    assert has(fan) == 290  # a tenth of 2,900
    assert back(world, order, 1) == 967  # 1,000 less 33 points
    follow_returns(now=world.now)
    assert has(fan) == 290 + 33  # at once
    follow(world)
    assert has(fan) == 290 + 33 - 97  # a tenth of 967, rounded up: what is left has earned 193
    back(world, order, 2)
    follow(world)
    assert has(fan) == 100
    record(now=world.now)
    refund.send_due(now=world.now)
    record(now=world.now)
    assert standing() == {"CLEARING": 1_000, "POINTS": -100, "POINTS_GIVEN": 100, "REVENUE": -885, "TAX": -115}


def test_an_order_that_was_not_paid_with_points_gives_none_back(world: World) -> None:
    programme(world)
    fan = world.member()
    back(world, bought(world, fan, 0), 3)
    follow(world)
    assert has(fan) == 0
    assert list(Entry.objects.order_by("kind").values_list("kind", "amount")) == [(1, 300), (6, -300)]


def test_what_came_back_begins_its_time_anew(world: World) -> None:
    programme(world, lapse_days=10, earned_bp=1_000)
    fan = world.member()
    earned(world, fan, 100)
    Programme.objects.update(earned_bp=0)
    order = bought(world, fan, 100)
    world.later(9 * DAY)
    back(world, order, 3)
    follow(world)
    world.later(9 * DAY)
    assert (lapse(now=world.now), has(fan)) == (0, 100)
    world.later(2 * DAY)
    assert (lapse(now=world.now), has(fan)) == (1, 0)


def test_what_was_spent_meanwhile_is_taken_from_what_comes_later(world: World) -> None:
    programme(world)
    fan = world.member()
    order = bought(world, fan, 0)
    earn(now=world.now)
    assert reserve(new_id(), fan, world.cn.pk, 250, now=world.now)
    back(world, order, 3)
    follow(world)
    assert (has(fan), Recall.objects.values_list("amount", "taken").get()) == (0, (300, 50))
    earned(world, fan, 120)
    follow_returns(now=world.now)
    assert (has(fan), Recall.objects.get().taken) == (0, 170)
    earned(world, fan, 200)
    follow_returns(now=world.now)
    assert (has(fan), Recall.objects.get().taken) == (70, 300)


def test_what_has_lapsed_is_not_asked_for_again(world: World) -> None:
    programme(world, lapse_days=1)
    fan = world.member()
    order = bought(world, fan, 0)
    earn(now=world.now)
    world.later(DAY + SECOND)
    lapse(now=world.now)
    back(world, order, 3)
    follow(world)
    assert not Recall.objects.exists()


@given(
    units=st.integers(1, 5), price=st.integers(100, 2_000), points=st.integers(0, 90), off=st.integers(0, 400),
    cuts=st.lists(st.integers(1, 3), max_size=4),
)  # fmt: skip
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_however_it_is_taken_back_everything_adds_up(
    world: World, units: int, price: int, points: int, off: int, cuts: list[int]
) -> None:
    Programme.objects.filter(market=world.cn).exists() or programme(world)
    fan = world.member()
    earned(world, fan, 100)
    before, whole = has(fan), units * price
    off = min(off, whole // 2)
    points = min(points, whole - off)
    if points == whole - off:
        return  # nothing would be left to pay
    order = bought(world, fan, points, units, price, off)
    left, money = units, 0
    for cut in [*cuts, units]:
        if cut := min(cut, left):
            money += back(world, order, cut)
            left -= cut
    follow(world)
    assert money == order.total
    assert has(fan) == before  # what was spent is back, what was earned is gone
    assert sum(Entry.objects.filter(order_id=order.id, kind=5).values_list("amount", flat=True)) == points


def test_nobody_has_less_than_none(world: World) -> None:
    with pytest.raises(IntegrityError):
        Recall.objects.create(
            return_id=new_id(), order_id=new_id(), member_id=1, market_id=1, amount=1, taken=2, at=world.now
        )
