"""Paying an order, or bringing its promised money, and saying where it goes, in the same instant: its region counts it once."""

import threading
from collections.abc import Callable
from uuid import uuid4

import pytest
from django.db import transaction

from setaria.trade.baskets.keep import Owner
from setaria.trade.orders import destination
from setaria.trade.orders.destination import set_destination
from setaria.trade.orders.models import MinuteRegions, Order
from setaria.trade.orders.requests import Placed
from setaria.trade.payments.models import Payment
from setaria.trade.purchases.buy import Agreed
from setaria.trade.purchases.finish import finish
from setaria.trade.quotes.queries import Choice
from tests.cash.test_cash import cash, handed, promised
from tests.cash.test_counting import HOME
from tests.races.together import together
from tests.world import World

__all__ = ["cash"]
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


def by_the_orders_page(world: World, payment: Payment) -> None:
    assert set_destination(payment.order_id, payment.customer_id or 0, **HOME)


def by_the_checkout(world: World, payment: Payment) -> None:
    """What the web's checkout and the API's do once the door has placed what their buyer agreed to."""
    order = Order.objects.get(pk=payment.order_id)
    agreed = Agreed(order.pk, order.customer_id, True, world.cn, world.web.pk, (), Choice(), "")
    placed = Placed(order.pk, order.total, order.currency, order.pay_by)
    finish(agreed, placed, HOME, Owner(order.customer_id, uuid4()), now=world.now)


TELLING = pytest.mark.parametrize("tell", [by_the_orders_page, by_the_checkout])
Tell = Callable[[World, Payment], None]


def hand_over_while_addressing(world: World, tell: Tell, seconds_max: float) -> list[tuple[str, int, int]]:
    payment = promised(world)
    noted, addressed = threading.Event(), threading.Event()

    def bring() -> None:
        with transaction.atomic():
            assert handed(world, payment) == "TAKEN"
            noted.set()
            addressed.wait(seconds_max)

    def address() -> None:
        noted.wait()
        tell(world, payment)
        addressed.set()

    assert together(bring, address) == [None, None]
    return list(MinuteRegions.objects.values_list("region", "paid_orders", "paid_amount"))


def unlock(monkeypatch: pytest.MonkeyPatch) -> None:
    assert LOCK in destination._LOCK
    monkeypatch.setattr(destination, "_LOCK", destination._LOCK.replace(LOCK, ""))


def test_it_is_counted_once(world: World) -> None:
    assert pay_while_addressing(world, KEPT_AWAY_SECONDS) == [("广东省", 1, 500)]


def test_twin_without_the_lock_neither_sees_the_other(broken_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    unlock(monkeypatch)
    assert pay_while_addressing(broken_world, WAIT_SECONDS_MAX) == []
    assert list(broken_world.breaches()) == ["region_counters_are_the_destinations"]


@TELLING
def test_what_a_courier_brings_in_that_moment_is_counted_once(world: World, tell: Tell) -> None:
    assert hand_over_while_addressing(world, tell, KEPT_AWAY_SECONDS) == [("北京市", 1, 20_000)]


@TELLING
def test_twin_without_the_lock_the_courier_is_not_seen(
    broken_world: World, monkeypatch: pytest.MonkeyPatch, tell: Tell
) -> None:
    unlock(monkeypatch)
    assert hand_over_while_addressing(broken_world, tell, WAIT_SECONDS_MAX) == []
    assert list(broken_world.breaches()) == ["region_counters_are_the_destinations"]


@TELLING
def test_twin_a_lock_in_the_statement_that_reads_waits_and_yet_reads_what_was_before(
    broken_world: World, monkeypatch: pytest.MonkeyPatch, tell: Tell
) -> None:
    unlock(monkeypatch)
    own = "AND status IN (1, 2)"
    assert own in destination._NOTE
    monkeypatch.setattr(destination, "_NOTE", destination._NOTE.replace(own, f"{own} {LOCK}"))
    assert hand_over_while_addressing(broken_world, tell, KEPT_AWAY_SECONDS) == []
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
