"""Money that arrives, in time, late, wrongly and twice; and orders that come to nothing."""

import pytest
from tests.world import MICROSECOND, MINUTE, SECOND, World

from setaria.kernel.ids import new_id
from setaria.trade.orders.models import Claim, Event, MinuteOrders, MinuteUnits, Order, Settlement
from setaria.trade.orders.release import EXPIRE_BATCH_MAX, Cancellation, cancel, expire
from setaria.trade.orders.requests import Placed
from setaria.trade.orders.settle import SETTLE_BATCH_MAX, Money, settle
from setaria.trade.payments import refund
from setaria.trade.payments.models import Refund

LATE = 16 * MINUTE


def owed(world: World) -> list[tuple[object, int, str]]:
    """What is to be sent back, collected now."""
    refund.collect(now=world.now)
    return list(Refund.objects.order_by("due_at", "reason").values_list("order_id", "amount", "reason"))


def test_a_payment_in_time_pays_the_order(world: World) -> None:
    band, noodles = world.thing("band", price=14900, stock=5), world.thing("noodles", price=5990, stock=5)
    order = world.placed(band, (noodles, 2))
    world.later(MINUTE)
    assert world.pay(order) == "PAID"
    row = Order.objects.get(pk=order.id)
    assert (row.status, row.paid_at) == (2, world.now)
    assert world.stock(band) == (5, 1)  # held until it is shipped
    assert list(Event.objects.filter(order_id=order.id).values_list("status", "at")) == [(2, world.now)]
    assert MinuteOrders.objects.filter(paid_orders=1, paid_amount=order.total, placed_orders=0).count() == 1
    assert sorted(MinuteUnits.objects.filter(paid_units__gt=0).values_list("paid_units", "paid_amount")) == [
        (1, 14900), (2, 11980),
    ]  # fmt: skip
    world.later(LATE)
    assert (world.expire(), world.cancel(order), world.status(order)) == (0, "NOT_CANCELLABLE", "paid")
    assert owed(world) == []


def test_every_payment_gets_its_answer_in_order(world: World) -> None:
    band = world.thing(price=100, stock=9)
    paid, cancelled, wrong, foreign, twice = (world.placed(band) for _ in range(5))
    world.cancel(cancelled)
    again = world.money(paid)
    assert world.settle(
        again,
        again,  # the same news in one batch
        world.money(cancelled),
        world.money(wrong, 99),
        world.money(wrong, 101),
        world.money(foreign, currency="USD"),
        world.money(Placed(new_id(), 100, "CNY", world.now)),
        world.money(twice),
        world.money(twice),  # a second payment of one order
    ) == ["PAID", "PAID", "REFUND", "REFUND", "REFUND", "REFUND", "UNKNOWN_ORDER", "PAID", "REFUND"]
    world.later(MINUTE)
    assert world.settle(again, world.money(wrong), world.money(foreign)) == ["PAID", "PAID", "PAID"]
    assert [world.status(order) for order in (paid, cancelled, wrong, foreign, twice)] == [
        "paid", "cancelled", "paid", "paid", "paid",
    ]  # fmt: skip
    reasons = sorted((order, amount, why) for order, amount, why in owed(world))
    assert reasons == sorted(
        [
            (cancelled.id, 100, "not payable"),
            (wrong.id, 99, "wrong amount"),
            (wrong.id, 101, "wrong amount"),
            (foreign.id, 100, "wrong amount"),
            (twice.id, 100, "not payable"),
        ]
    )


def test_the_same_payment_with_another_amount_conflicts_and_changes_nothing(world: World) -> None:
    order = world.placed(world.thing(price=100, stock=1))
    payment = new_id()
    assert world.settle(world.money(order, payment=payment)) == ["PAID"]
    for other in (world.money(order, 99, payment=payment), world.money(order, currency="EUR", payment=payment)):
        assert world.settle(other) == ["CONFLICT"]
        assert world.settle(world.money(order, payment=payment), other) == ["PAID", "CONFLICT"]
    assert Settlement.objects.count() == 1


def test_a_payment_first_told_wrongly_stays_refused(world: World) -> None:
    order = world.placed(world.thing(price=100, stock=1))
    payment = new_id()
    assert world.settle(world.money(order, 1, payment=payment)) == ["REFUND"]
    assert world.settle(world.money(order, payment=payment)) == ["CONFLICT"]
    assert world.settle(world.money(order, 1, payment=payment)) == ["REFUND"]
    assert world.status(order) == "placed"


@pytest.mark.parametrize("amount", [0, -1, -100, 2**63, -(2**63) - 1, 2**200])
@pytest.mark.parametrize("succeeds_before", [True, False])
def test_an_amount_that_is_none_harms_no_neighbour(world: World, amount: int, succeeds_before: bool) -> None:
    band = world.thing(price=100, stock=2)
    good, bad = world.placed(band), world.placed(band)
    money = [world.money(good), world.money(bad, amount)]
    if succeeds_before:
        assert world.settle(*money) == ["PAID", "MALFORMED"]
    else:
        assert world.settle(*money[::-1]) == ["MALFORMED", "PAID"]
    assert (world.status(good), world.status(bad)) == ("paid", "placed")
    assert owed(world) == []


@pytest.mark.parametrize("currency", ["C\0Y", "cny", "CNYX", "¥¥¥", " "])
def test_a_currency_that_is_none_harms_no_neighbour(world: World, currency: str) -> None:
    band = world.thing(price=100, stock=2)
    good, bad = world.placed(band), world.placed(band)
    assert world.settle(world.money(bad, currency=currency), world.money(good)) == ["MALFORMED", "PAID"]


def test_a_batch_of_payments_has_a_limit_and_may_be_empty(world: World) -> None:
    assert settle([], now=world.now) == []
    with pytest.raises(ValueError, match="at most 2000"):
        settle([Money(new_id(), new_id(), "sandbox", 1, "CNY")] * (SETTLE_BATCH_MAX + 1), now=world.now)


# --- after expiry ---


def test_a_late_payment_takes_stock_again_if_there_is_any(world: World) -> None:
    phone = world.thing(price=100, stock=2)
    night, fan = world.drop({phone: 2}), world.member()
    order = world.placed(phone, by=fan, drop=night)
    world.later(LATE)
    assert (world.expire(), world.stock(phone, night.pool)) == (1, (2, 0))
    assert Claim.objects.get().quantity == 0
    money = world.money(order)
    assert world.settle(money) == ["PAID"]
    assert (world.status(order), world.stock(phone, night.pool), Claim.objects.get().quantity) == ("paid", (2, 1), 1)
    world.later(MINUTE)
    assert world.settle(money, world.money(order)) == ["PAID", "REFUND"]  # told again; paid again
    assert (world.expire(), world.stock(phone, night.pool)) == (0, (2, 1))
    assert owed(world) == [(order.id, 100, "not payable")]


def test_a_late_payment_is_owed_back_in_full_when_the_stock_is_gone(world: World) -> None:
    band, last = world.thing(price=100, stock=5), world.thing(price=100, stock=1)
    order = world.placed(band, last)
    world.later(LATE)
    world.expire()
    world.placed(last)
    assert world.pay(order) == "REFUND"
    assert (world.status(order), world.stock(band), world.stock(last)) == ("expired", (5, 0), (1, 1))
    assert owed(world) == [(order.id, 200, "sold out")]


def test_a_late_payment_is_owed_back_when_the_limit_has_been_used_up_meanwhile(world: World) -> None:
    phone = world.thing(price=100, stock=5)
    night, fan = world.drop({phone: 5}), world.member()
    order = world.placed(phone, by=fan, drop=night)
    world.later(LATE)
    world.expire()
    second = world.placed(phone, by=fan, drop=night)
    assert world.pay(order) == "REFUND"
    assert world.pay(second) == "PAID"
    assert (world.stock(phone, night.pool), Claim.objects.get().quantity) == ((5, 1), 1)
    assert owed(world) == [(order.id, 100, "sold out")]


def test_late_payments_of_one_batch_share_what_is_left_in_their_orders_order(world: World) -> None:
    last = world.thing(price=100, stock=3)
    orders = [world.placed(last) for _ in range(3)]
    world.later(LATE)
    world.expire()
    world.placed((last, 2))
    answers = world.settle(*[world.money(order) for order in orders])
    assert sorted(answers) == ["PAID", "REFUND", "REFUND"]
    assert world.stock(last) == (3, 3)


def test_two_late_payments_of_one_order_take_its_stock_once(world: World) -> None:
    band = world.thing(price=100, stock=9)
    order = world.placed(band)
    world.later(LATE)
    world.expire()
    assert world.settle(world.money(order), world.money(order)) == ["PAID", "REFUND"]
    assert world.stock(band) == (9, 1)


def test_a_late_payment_told_in_two_ways_at_once_takes_no_stock(world: World) -> None:
    band = world.thing(price=100, stock=9)
    order = world.placed(band)
    world.later(LATE)
    world.expire()
    payment = new_id()
    assert world.settle(world.money(order, 1, payment=payment), world.money(order, payment=payment)) == [
        "REFUND", "CONFLICT",
    ]  # fmt: skip
    assert (world.status(order), world.stock(band)) == ("expired", (9, 0))


def test_a_late_payment_after_cancellation_is_owed_back(world: World) -> None:
    band = world.thing(price=100, stock=9)
    order = world.placed(band)
    world.cancel(order)
    world.later(LATE)
    assert (world.expire(), world.pay(order), world.stock(band)) == (0, "REFUND", (9, 0))


def test_a_payment_whose_clock_is_behind_the_expiry_still_counts_once(world: World) -> None:
    # `now` is read before the row is locked, so an expiry that was stamped later may commit first.
    band = world.thing(price=100, stock=1)
    order = world.placed(band)
    world.later(LATE)
    expire(now=world.now + SECOND)
    assert world.pay(order) == "PAID"
    assert world.status(order) == "paid"


# --- expiry and cancellation ---


def test_unpaid_orders_expire_at_their_instant_and_their_units_are_at_once_for_sale(world: World) -> None:
    band = world.thing(stock=2)
    first = world.placed((band, 2))
    world.later(SECOND)
    world.now = first.pay_by - MICROSECOND
    assert (world.expire(), world.codes(world.ask(band))) == (0, ["SOLD_OUT"])
    world.now = first.pay_by
    assert (world.expire(), world.codes(world.ask((band, 2)))) == (1, ["PLACED"])
    assert world.expire() == 0
    assert list(Event.objects.values_list("order_id", "status", "at")) == [(first.id, 3, first.pay_by)]


def test_the_oldest_overdue_orders_expire_first_up_to_the_limit(world: World) -> None:
    band = world.thing(stock=5)
    orders = []
    for _ in range(5):
        orders += [world.placed(band)]
        world.later(SECOND)
    world.later(LATE)
    assert expire(now=world.now, limit=2) == 2
    assert [world.status(order) for order in orders] == ["expired", "expired", "placed", "placed", "placed"]
    assert (expire(now=world.now, limit=2), expire(now=world.now, limit=2), EXPIRE_BATCH_MAX >= 2) == (2, 1, True)


def test_a_drop_says_how_long_its_orders_may_wait_for_payment(world: World) -> None:
    phone = world.thing(stock=5)
    order = world.placed(phone, drop=world.drop({phone: 5}, payment_seconds=7))
    assert order.pay_by == world.now + 7 * SECOND


def test_a_cancellation_lets_units_and_claims_go(world: World) -> None:
    phone, band = world.thing(stock=5), world.thing(stock=5)
    night, fan = world.drop({phone: 2, band: 2}, limit=2), world.member()
    order = world.placed((phone, 2), band, by=fan, drop=night)
    assert world.codes(world.ask(phone, by=fan, drop=night)) == ["OVER_LIMIT"]
    assert [world.cancel(order), world.cancel(order)] == ["CANCELLED", "CANCELLED"]  # again is harmless
    assert (world.stock(phone, night.pool), world.stock(band, night.pool)) == ((2, 0), (2, 0))
    assert world.codes(world.ask((phone, 2), (band, 2), by=fan, drop=night)) == ["PLACED"]


def test_cancellations_are_answered_in_order_and_by_their_own_customer_only(world: World) -> None:
    band = world.thing(stock=9)
    fan, other = world.member(), world.member()
    mine, paid, overdue, theirs = (world.placed(band, by=by) for by in (fan, fan, fan, other))
    world.pay(paid)
    wishes = [
        Cancellation(mine.id, other),
        Cancellation(mine.id, fan),
        Cancellation(mine.id, fan),
        Cancellation(paid.id, fan),
        Cancellation(theirs.id, fan),
        Cancellation(new_id(), fan),
    ]
    assert cancel(wishes, now=world.now) == [
        "UNKNOWN_ORDER", "CANCELLED", "CANCELLED", "NOT_CANCELLABLE", "UNKNOWN_ORDER", "UNKNOWN_ORDER",
    ]  # fmt: skip
    world.later(LATE)
    assert world.expire() == 2
    assert world.cancel(overdue) == "NOT_CANCELLABLE"
    assert cancel([], now=world.now) == []
    assert world.stock(band) == (9, 1)


def test_a_payment_pays_one_order_only(world: World) -> None:
    band = world.thing(price=100, stock=4)
    one, two, three = (world.placed(band) for _ in range(3))
    payment = new_id()
    # In one batch, in a later one, and told for an expired order whose stock it must not take again.
    told = [world.money(order, payment=payment) for order in (one, two, three)]
    assert world.settle(*told[:2]) == ["PAID", "CONFLICT"]
    assert world.settle(told[1]) == ["CONFLICT"]
    world.later(16 * MINUTE)
    world.expire()
    assert world.settle(told[2], told[0]) == ["CONFLICT", "PAID"]
    assert world.stock(band) == (4, 1)


def test_an_order_can_be_let_go_taken_again_and_never_twice(world: World) -> None:
    band = world.thing(stock=1)
    order = world.placed(band)
    world.later(LATE)
    assert (world.expire(), world.pay(order), world.expire(), world.cancel(order)) == (1, "PAID", 0, "NOT_CANCELLABLE")
    assert world.stock(band) == (1, 1)
