"""The early ones are put in order by chance, and people are let in as stock and door allow."""

from setaria.trade.orders.models import Order
from setaria.trade.queues import rules
from setaria.trade.queues.models import Queue, Waiter, Wave
from setaria.trade.queues.rules import Load, shuffled
from setaria.trade.queues.step import step
from setaria.trade.queues.turns import GRACE_SECONDS
from tests.queues.room import FREE, admitted_to, buy, enter, in_order, leave, move, numbers, opened, people, queued
from tests.world import MICROSECOND, MINUTE, SECOND, World


def test_postgresql_puts_them_in_the_order_that_the_rule_says(world: World) -> None:
    drop = queued(world, {world.thing(stock=1): 1})
    enter(world, drop, *people(world, 50))
    pseudonyms = dict(Waiter.objects.values_list("pseudonym", "customer_id"))
    opened(world, drop)
    order = shuffled(bytes(Queue.objects.get().seed), list(pseudonyms))
    assert [pseudonyms[each] for each in order] == in_order(drop)
    assert sorted(pseudonyms.values()) != in_order(drop)  # or there would be little chance in it


def test_nothing_happens_before_the_opening_nor_after_the_end(world: World) -> None:
    drop = queued(world, {world.thing(stock=1): 1})
    enter(world, drop, world.member())
    assert step(drop.pk, FREE, now=drop.opens_at - MICROSECOND) == 0
    assert Queue.objects.get().numbered_at is None
    assert step(drop.pk, FREE, now=drop.closes_at) == 0
    assert opened(world, drop) == 1


def test_an_empty_room_opens_and_takes_late_ones(world: World) -> None:
    drop = queued(world, {world.thing(stock=1): 1})
    assert opened(world, drop) == 0
    assert enter(world, drop, world.member()) == [1]
    assert move(world, drop) == 1


def test_as_many_come_in_as_there_are_units_and_no_more(world: World) -> None:
    band = world.thing(stock=3)
    drop = queued(world, {band: 3})
    enter(world, drop, *people(world, 10))
    assert opened(world, drop) == 3
    assert [move(world, drop) for _ in range(3)] == [0, 0, 0]
    for customer in in_order(drop)[:3]:
        buy(world, drop, customer, band)
    assert move(world, drop) == 0
    assert Queue.objects.get().unpaid == 3


def test_everybody_who_comes_in_finds_a_full_share(world: World) -> None:
    band = world.thing(stock=5)
    drop = queued(world, {band: 5}, limit=2)
    enter(world, drop, *people(world, 10))
    assert opened(world, drop) == 2
    first, second = in_order(drop)[:2]
    world.place(world.ask((band, 2), by=first, drop=drop, id=leave(drop, first, world.now).order_id))
    assert move(world, drop) == 0
    buy(world, drop, second, band)  # one only: two are left, a share for one more
    assert move(world, drop) == 1


def test_the_last_unit_is_offered_though_it_is_less_than_a_share(world: World) -> None:
    band = world.thing(stock=1)
    drop = queued(world, {band: 1}, limit=2)
    enter(world, drop, *people(world, 3))
    assert opened(world, drop) == 1
    assert move(world, drop) == 0


def test_an_unused_turn_passes_on(world: World) -> None:
    drop = queued(world, {world.thing(stock=1): 1}, offer_seconds=60)
    enter(world, drop, *people(world, 3))
    opened(world, drop)
    world.later((60 + GRACE_SECONDS - 1) * SECOND)
    assert step(drop.pk, FREE, now=world.now) == 0
    assert move(world, drop) == 1
    first, second, _ = in_order(drop)
    assert leave(drop, first, world.now) == "TURN_OVER"
    assert leave(drop, second, world.now).customer_id == second


def test_a_unit_that_comes_back_goes_to_the_next(world: World) -> None:
    band = world.thing(stock=1)
    drop = queued(world, {band: 1}, offer_seconds=60)
    enter(world, drop, *people(world, 3))
    opened(world, drop)
    first, second, third = in_order(drop)
    buy(world, drop, first, band)
    world.later(14 * MINUTE)
    assert step(drop.pk, FREE, now=world.now) == 0
    assert leave(drop, second, world.now) == "NOT_YET"
    world.later(MINUTE)
    world.expire()
    assert move(world, drop) == 1
    assert leave(drop, first, world.now) == "TURN_USED"
    buy(world, drop, second, band)
    assert [leave(drop, each, world.now) for each in (second, third)] == ["TURN_USED", "NOT_YET"]
    assert Order.objects.count() == 2


def test_the_door_sets_the_pace_and_a_pause_makes_no_flood(world: World) -> None:
    band = world.thing(stock=5_000)
    drop = queued(world, {band: 5_000})
    enter(world, drop, *people(world, 300))
    first = opened(world, drop)
    assert first == rules.RATE_FIRST // 2
    assert move(world, drop, Load(order_wait_seconds=rules.ORDER_WAIT_SECONDS_MAX * 2)) <= first
    slow = Queue.objects.get().rate
    assert slow < rules.RATE_FIRST
    world.later(10 * MINUTE)
    assert move(world, drop) <= slow * 2 * rules.CATCH_UP_SECONDS_MAX


def test_a_second_step_at_once_does_nothing(world: World) -> None:
    drop = queued(world, {world.thing(stock=500): 500})
    enter(world, drop, *people(world, 100))
    opened(world, drop)
    before = admitted_to(drop)
    assert step(drop.pk, FREE, now=world.now) == 0
    assert step(drop.pk, FREE, now=world.now + SECOND / 4) == 0
    assert (admitted_to(drop), Wave.objects.count()) == (before, 1)


def test_a_turn_ends_with_the_sale(world: World) -> None:
    drop = queued(world, {world.thing(stock=1): 1}, closes_at=world.now + 61 * MINUTE, offer_seconds=300)
    enter(world, drop, world.member())
    opened(world, drop)
    assert Wave.objects.get().offered_until == drop.closes_at


def test_rooms_do_not_mix(world: World) -> None:
    one, other = queued(world, {world.thing(stock=1): 1}), queued(world, {world.thing(stock=1): 1})
    fans = people(world, 4)
    enter(world, one, *fans)
    enter(world, other, *fans[:2])
    opened(world, one)
    assert sorted(numbers(one).values()) == [1, 2, 3, 4]
    assert set(numbers(other).values()) == {None}
