"""Paying an order and saying where it goes, in the same instant: it is counted for its region once."""

import threading

import pytest
from django.db import transaction

from setaria.trade.orders import destination
from setaria.trade.orders.models import MinuteRegions
from tests.races.together import together
from tests.world import World

LOCK = "FOR NO KEY UPDATE"
KEPT_AWAY_SECONDS = 0.3  # the lock keeps the payment away for as long as we wait
WAIT_SECONDS_MAX = 20  # nothing does


def pay_while_addressing(world: World, seconds_max: float) -> list[tuple[str, int, int]]:
    order = world.placed(world.thing(stock=1, price=500), by=world.member())
    money = world.money(order)
    written, settled = threading.Event(), threading.Event()

    def address() -> None:
        with transaction.atomic():  # what was written is not committed before the payment had its chance
            assert world.address(order, "广东省")
            written.set()
            settled.wait(seconds_max)

    def pay() -> None:
        written.wait()
        assert world.settle(money) == ["PAID"]
        settled.set()

    assert together(address, pay) == [None, None]
    return list(MinuteRegions.objects.values_list("region", "paid_orders", "paid_amount"))


def test_it_is_counted_once(world: World) -> None:
    assert pay_while_addressing(world, KEPT_AWAY_SECONDS) == [("广东省", 1, 500)]


def test_twin_without_the_lock_neither_sees_the_other(broken_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    assert LOCK in destination._NOTE
    monkeypatch.setattr(destination, "_NOTE", destination._NOTE.replace(LOCK, ""))
    assert pay_while_addressing(broken_world, WAIT_SECONDS_MAX) == []
    assert list(broken_world.breaches()) == ["region_counters_are_the_destinations"]


def test_whichever_comes_last_counts_it_and_the_first_answer_stands(world: World) -> None:
    first, second, third = (world.placed(world.thing(stock=1, price=500), by=world.member()) for _ in range(3))
    assert world.address(first, "广东省")
    world.settle(*(world.money(order) for order in (first, second)))
    assert world.address(second, "广东省")
    assert world.address(second, "浙江省")
    assert world.address(third, "", "北京市")
    world.cancel(third)
    assert not world.address(third, "北京市")
    assert list(MinuteRegions.objects.values_list("region", "paid_orders")) == [("广东省", 2)]
