"""A promise is not a payment: live counters, points and milestones count it when its money is handed over, as what it is."""

import pytest
from django.db.models import Sum

from setaria.sight.wall.milestones import AMOUNTS
from setaria.trade.orders.destination import set_destination
from setaria.trade.orders.models import MinuteOrders, MinuteRegions, MinuteUnits
from setaria.trade.payments.cash.hand_over import Answer, Brought, hand_over, refuse
from setaria.trade.payments.models import Payment
from setaria.trade.points.earn import LATE, earn
from setaria.trade.points.returns import follow_returns
from tests.cash.test_cash import BY, back, handed, promised, started
from tests.cash.test_cash import cash as limits
from tests.points.test_points import has, programme
from tests.wall.test_figures import figures, plan
from tests.world import MINUTE, SECOND, World

__all__ = ["limits"]
HOME = {
    "recipient": "Fan",
    "phone": "+8613800000000",
    "country": "CN",
    "region": "北京市",
    "city": "Beijing",
    "street": "Q 6",
}


def counted(world: World) -> tuple[int, int, int, int]:
    """Orders, their amount, units and regions' amount that are paid, ever."""
    orders = MinuteOrders.objects.aggregate(n=Sum("paid_orders"), sum=Sum("paid_amount"))
    units = MinuteUnits.objects.aggregate(n=Sum("paid_units"))
    regions = MinuteRegions.objects.aggregate(sum=Sum("paid_amount"))
    return orders["n"] or 0, orders["sum"] or 0, units["n"] or 0, regions["sum"] or 0


def home(payment: Payment) -> None:
    assert payment.customer_id
    assert set_destination(payment.order_id, payment.customer_id, **HOME)


@pytest.mark.parametrize("when", ["before", "after"])
def test_it_counts_in_the_minute_of_its_money_and_once(world: World, when: str) -> None:
    payment = promised(world)
    if when == "before":
        home(payment)
    assert counted(world) == (0, 0, 0, 0)
    world.later(MINUTE)
    for _ in range(2):
        assert handed(world, payment) == "TAKEN"
    if when == "after":
        home(payment)
    assert counted(world) == (1, 20_000, 2, 20_000)
    assert MinuteOrders.objects.get(paid_orders=1).minute == world.now.replace(second=0, microsecond=0)


def test_what_was_taken_back_before_was_never_paid_and_what_is_after_was(world: World) -> None:
    payment = promised(world)
    home(payment)
    back(world, payment, 1)
    handed(world, payment, 10_000)
    assert counted(world) == (1, 10_000, 1, 10_000)
    back(world, payment, 1)
    assert counted(world) == (1, 10_000, 1, 10_000)  # as with any refund


def test_what_is_refused_at_the_door_never_counts(world: World) -> None:
    programme(world)
    payment = promised(world)
    refuse(payment.order_id, reason="nobody there", by=BY, now=world.now)
    earn(now=world.now)
    assert counted(world) == (0, 0, 0, 0)
    assert has(payment.customer_id or 0) == 0


def test_money_for_what_nothing_was_confirmed_by_is_not_noted(world: World) -> None:
    payment = started(world)
    [answer] = hand_over([Brought(payment.order_id, 20_000, "SF-1")], by=BY, now=world.now)
    assert answer is Answer.NOTHING_DUE
    assert counted(world) == (0, 0, 0, 0)


def test_others_in_the_same_batch_count_at_once(world: World) -> None:
    promised(world)
    world.pay(world.placed(world.thing(price=500, stock=1)))
    assert counted(world)[:3] == (1, 500, 1)


def follow(world: World) -> None:
    for _ in range(3):
        world.later(LATE + SECOND)
        earn(now=world.now)
        follow_returns(now=world.now)


def test_points_come_with_the_money(world: World) -> None:
    programme(world)
    payment = promised(world)
    fan = payment.customer_id or 0
    follow(world)
    assert has(fan) == 0
    handed(world, payment)
    follow(world)
    assert has(fan) == 2_000
    back(world, payment, 1)
    follow(world)
    assert has(fan) == 1_000


def test_what_came_back_before_the_money_earns_nothing(world: World) -> None:
    programme(world)
    payment = promised(world)
    fan = payment.customer_id or 0
    back(world, payment, 1)
    follow(world)
    handed(world, payment, 10_000)
    follow(world)
    assert has(fan) == 1_000


def test_a_milestone_is_passed_by_money(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SETARIA_CASH_MAX", "CNY:10000")
    plan(world, "festival")
    payment = promised(world, price=AMOUNTS[0] // 2)
    assert milestone(world) is None
    world.later(MINUTE)
    handed(world, payment, AMOUNTS[0])
    at = world.now
    world.later(2 * MINUTE)
    assert milestone(world) == (at - figures(world).since).total_seconds()


def milestone(world: World) -> float | None:
    return figures(world).milestones[0].seconds
