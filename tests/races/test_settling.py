"""Paying, expiring and cancelling the same order in the same instant, and each without its guard.

The calls meet after they have read the order and before they write (`_retake` and `_let_go` are the steps between).
"""

import pytest

from setaria.trade.orders import release
from setaria.trade.orders import settle as settling
from setaria.trade.orders.models import Event, Order, Settlement
from setaria.trade.orders.release import Cancellation, cancel, expire
from setaria.trade.orders.requests import Placed
from setaria.trade.orders.settle import settle
from tests.guards import Unguarded
from tests.races.together import MeetingPoint, together
from tests.world import MINUTE, World

ROW_LOCK = "FOR NO KEY UPDATE"


@pytest.fixture
def meet(monkeypatch: pytest.MonkeyPatch) -> MeetingPoint:
    return MeetingPoint().before(monkeypatch, (settling, "_retake"), (release, "_let_go"))


@pytest.fixture
def without_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name in ((settling, "_ORDERS"), (release, "_OVERDUE"), (release, "_OWN")):
        sql = getattr(module, name)
        assert ROW_LOCK in sql
        monkeypatch.setattr(module, name, sql.replace(f"{ROW_LOCK} SKIP LOCKED", "").replace(ROW_LOCK, ""))


def overdue_order(world: World) -> Placed:
    order = world.placed(world.thing(stock=1), by=world.member())
    world.later(15 * MINUTE)  # payment and expiry are both due in this instant
    return order


# --- payment against expiry ---


def test_an_order_is_paid_or_expires_and_stock_follows(world: World, meet: MeetingPoint) -> None:
    order = overdue_order(world)
    money = world.money(order)
    paid, expired = together(lambda: settle([money], now=world.now), lambda: expire(now=world.now))
    # Whoever came first: the unit was there, so the payment was applied either way.
    assert (paid, expired, world.status(order)) in [(["PAID"], 0, "paid"), (["PAID"], 1, "paid")]
    assert Event.objects.filter(order_id=order.id, status=2).count() == 1


def test_twin_without_locks_a_paid_orders_stock_is_let_go(
    broken_world: World, without_locks: None, meet: MeetingPoint
) -> None:
    order = overdue_order(broken_world)
    money = broken_world.money(order)
    together(lambda: settle([money], now=broken_world.now), lambda: expire(now=broken_world.now))
    assert meet.all_met
    assert broken_world.breaches() != {}


# --- payment against cancellation ---


def test_an_order_is_paid_or_cancelled(world: World, meet: MeetingPoint) -> None:
    order = overdue_order(world)
    customer = Order.objects.get().customer_id
    money = world.money(order)
    wish = Cancellation(order.id, customer)
    paid, cancelled = together(lambda: settle([money], now=world.now), lambda: cancel([wish], now=world.now))
    assert not meet.all_met
    assert (*paid, *cancelled, world.status(order)) in [
        ("PAID", "NOT_CANCELLABLE", "paid"),
        ("REFUND", "CANCELLED", "cancelled"),
    ]


def test_twin_without_locks_a_paid_order_is_cancelled_as_well(
    broken_world: World, without_locks: None, meet: MeetingPoint
) -> None:
    order = overdue_order(broken_world)
    customer = Order.objects.get().customer_id
    money = broken_world.money(order)
    wish = Cancellation(order.id, customer)
    answers = together(lambda: settle([money], now=broken_world.now), lambda: cancel([wish], now=broken_world.now))
    assert meet.all_met
    assert answers == [["PAID"], ["CANCELLED"]]  # both were told yes
    assert broken_world.breaches() != {}


# --- one payment told twice at once ---


def test_a_payment_told_twice_at_once_pays_once(world: World, meet: MeetingPoint) -> None:
    order = overdue_order(world)
    money = world.money(order)
    answers = together(*[lambda: settle([money], now=world.now)] * 2)
    assert (answers, meet.all_met, Settlement.objects.count()) == ([["PAID"], ["PAID"]], False, 1)


def test_twin_without_the_lock_the_keys_still_refuse(world: World, without_locks: None, meet: MeetingPoint) -> None:
    order = overdue_order(world)
    money = world.money(order)
    answers = together(*[lambda: settle([money], now=world.now)] * 2)
    assert (answers, meet.all_met, Settlement.objects.count()) == ([["PAID"], ["PAID"]], True, 1)


def test_twin_without_lock_and_keys_it_counts_twice(
    broken_world: World, without_locks: None, meet: MeetingPoint, unguarded: Unguarded
) -> None:
    order = overdue_order(broken_world)
    money = broken_world.money(order)
    unguarded("orders_settlement_pkey", "orders_event_pkey")
    answers = together(*[lambda: settle([money], now=broken_world.now)] * 2)
    assert (answers, Settlement.objects.count()) == ([["PAID"], ["PAID"]], 2)
    assert {"paid_once_and_in_full", "order_counters_are_the_orders"} <= broken_world.breaches().keys()


def test_two_payments_of_one_order_at_once_pay_it_once(world: World, meet: MeetingPoint) -> None:
    order = overdue_order(world)
    monies = [world.money(order), world.money(order)]
    answers = together(*[lambda m=money: settle([m], now=world.now) for money in monies])
    assert sorted(answers) == [["PAID"], ["REFUND"]]


def test_late_payments_of_two_orders_at_once_share_the_last_unit(world: World, meet: MeetingPoint) -> None:
    last = world.thing(stock=1)
    first = world.placed(last)
    world.later(15 * MINUTE)
    world.expire()
    second = world.placed(last)
    world.later(15 * MINUTE)
    world.expire()
    monies = [world.money(first), world.money(second)]
    answers = together(*[lambda m=money: settle([m], now=world.now) for money in monies])
    assert sorted(answers) == [["PAID"], ["REFUND"]]
    assert meet.all_met  # different orders: only the stock's lock and its constraint stand between them
    assert world.stock(last) == (1, 1)


# --- expiry by two workers ---


def test_two_workers_expire_an_order_once(world: World, meet: MeetingPoint) -> None:
    overdue_order(world)
    counts = together(*[lambda: expire(now=world.now)] * 2)
    assert sorted(counts) == [0, 1]
    assert Event.objects.count() == 1


def test_two_workers_share_what_is_overdue(world: World) -> None:
    band = world.thing(stock=60)
    world.place(*[world.ask(band, by=1) for _ in range(60)])
    Order.objects.update(customer_id=world.member())
    world.later(15 * MINUTE)

    def work() -> int:
        done = 0
        while count := expire(now=world.now, limit=5):
            done += count
        return done

    assert sum(together(work, work, work)) == 60
    assert world.stock(band) == (60, 0)


def test_twin_without_lock_and_constraints_units_are_let_go_twice(
    broken_world: World, without_locks: None, meet: MeetingPoint, unguarded: Unguarded
) -> None:
    overdue_order(broken_world)
    unguarded("account_never_oversold", "movement_step_tells_holds_from_resolutions")
    together(*[lambda: expire(now=broken_world.now)] * 2)
    assert meet.all_met
    assert {"stock_never_oversold", "living_orders_hold_their_stock"} <= broken_world.breaches().keys()


def test_cancellation_by_two_tabs_at_once_lets_go_once(world: World, meet: MeetingPoint) -> None:
    order = overdue_order(world)
    wish = Cancellation(order.id, Order.objects.get().customer_id)
    answers = together(*[lambda: cancel([wish], now=world.now)] * 2)
    assert answers == [["CANCELLED"], ["CANCELLED"]]
