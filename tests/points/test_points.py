"""Points come with what was paid, pay a share of what is bought, and lapse in the order they came."""

from uuid import UUID

import msgspec
import psycopg
import pytest

from setaria.kernel.ids import new_id
from setaria.people.members.guests import guest_of
from setaria.trade.books.record import record
from setaria.trade.orders.requests import Charge, ChargeKind, Placed
from setaria.trade.points.earn import earn, lapse
from setaria.trade.points.models import Account, Entry, Programme, Spending
from setaria.trade.points.spend import give_back, heal, reserve
from setaria.trade.promotions.spend import LATE, RESERVED_FOR
from tests.books.test_books import standing
from tests.world import DAY, SECOND, World


def programme(world: World, **fields: int) -> Programme:
    """One in ten comes back as points, which pay up to half."""
    rules = {"earned_bp": 1_000, "share_max_bp": 5_000, "lapse_days": 365} | fields
    return Programme.objects.create(market=world.cn, since=world.now - SECOND, **rules)


def has(member: int) -> int:
    return Account.objects.filter(member_id=member).values_list("balance", flat=True).first() or 0


def earned(world: World, member: int, points: int) -> Placed:
    order = world.placed(world.thing(price=points * 10, stock=1), by=member)
    world.pay(order)
    earn(now=world.now)
    return order


def paid_with(world: World, member: int, points: int, id: UUID | None = None) -> Placed:
    ask = world.ask(world.thing(price=1_000, stock=1), by=member, id=id)
    assert reserve(ask.id, member, world.cn.pk, points, now=world.now)
    charge = Charge(ChargeKind.POINTS, -points, "points:spent", 0)
    (order,) = world.place(msgspec.structs.replace(ask, charges=(charge,)))
    assert isinstance(order, Placed)
    return order


def test_a_paid_order_earns_once_and_a_guests_not(world: World) -> None:
    programme(world)
    fan, guest = world.member(), guest_of("mi@example.org")
    earned(world, fan, 100)
    earned(world, guest, 100)
    for _ in range(2):
        earn(now=world.now)
    assert (has(fan), has(guest)) == (100, 0)
    order = paid_with(world, fan, 50)
    world.pay(order)
    earn(now=world.now)
    assert has(fan) == 50 + 95  # what points paid earns none
    record(now=world.now)
    assert standing()["POINTS"] == -(100 + 95 - 50)


def test_nothing_is_earned_where_there_is_no_programme_or_before_it(world: World) -> None:
    fan = world.member()
    earned(world, fan, 100)
    world.later(2 * SECOND)
    programme(world)
    assert earn(now=world.now) == 0
    assert has(fan) == 0


def test_an_order_takes_no_points_that_are_not_set_aside(world: World) -> None:
    programme(world)
    fan = world.member()
    earned(world, fan, 100)
    ask = world.ask(world.thing(price=1_000, stock=1), by=fan)
    ask = msgspec.structs.replace(ask, charges=(Charge(ChargeKind.POINTS, -10, "points:spent", 0),))
    with pytest.raises(psycopg.errors.CheckViolation, match="not set aside"):
        world.place(ask)
    reserve(ask.id, fan, world.cn.pk, 11, now=world.now)
    with pytest.raises(psycopg.errors.CheckViolation, match="not set aside"):
        world.place(ask)
    assert reserve(ask.id, fan, world.cn.pk, 10, now=world.now)
    assert world.codes(ask) == ["PLACED"]
    assert has(fan) == 90


def test_nobody_spends_what_they_have_not(world: World) -> None:
    programme(world)
    fan = world.member()
    assert not reserve(new_id(), fan, world.cn.pk, 1, now=world.now)
    earned(world, fan, 100)
    assert not reserve(new_id(), fan, world.cn.pk, 101, now=world.now)
    order = new_id()
    assert reserve(order, fan, world.cn.pk, 100, now=world.now)
    assert reserve(order, fan, world.cn.pk, 100, now=world.now)
    assert has(fan) == 0
    assert give_back([order], now=world.now) == 1
    assert give_back([order], now=world.now) == 0
    assert reserve(order, fan, world.cn.pk, 40, now=world.now)
    assert reserve(order, fan, world.cn.pk, 0, now=world.now)
    assert has(fan) == 100


def test_orders_that_come_to_nothing_give_points_back(world: World) -> None:
    programme(world)
    fan = world.member()
    earned(world, fan, 100)
    cancelled, expired = paid_with(world, fan, 10), paid_with(world, fan, 20)
    reserve(new_id(), fan, world.cn.pk, 30, now=world.now)
    assert has(fan) == 40
    world.cancel(cancelled)
    assert heal(now=world.now) == 1
    assert heal(now=world.now + RESERVED_FOR + SECOND) == 1
    world.now = expired.pay_by
    world.expire()
    assert heal(now=world.now) == 0
    world.now += LATE + SECOND
    assert heal(now=world.now) == 1
    assert (has(fan), world.status(expired)) == (100, "cancelled")
    assert set(Spending.objects.values_list("state", flat=True)) == {Spending.State.GIVEN_BACK}


def test_the_oldest_are_spent_first_and_the_rest_lapses(world: World) -> None:
    programme(world, lapse_days=10)
    fan = world.member()
    earned(world, fan, 100)
    world.later(5 * DAY)
    earned(world, fan, 50)
    world.pay(paid_with(world, fan, 30))
    heal(now=world.now)
    world.later(5 * DAY - SECOND)
    assert (lapse(now=world.now), has(fan)) == (0, 120)
    world.later(2 * SECOND)
    assert (lapse(now=world.now), has(fan)) == (1, 50)
    assert (lapse(now=world.now), has(fan)) == (0, 50)
    world.later(5 * DAY)
    assert (lapse(now=world.now), has(fan)) == (1, 0)
    assert list(Entry.objects.filter(kind=4).order_by("at").values_list("amount", flat=True)) == [-70, -50]
    record(now=world.now)
    assert "POINTS" not in standing()
