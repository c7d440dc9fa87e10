"""Taking a place: one a customer, in order of arrival once the early ones have their numbers."""

import pytest

from setaria.trade.queues.join import BATCH_JOINS_MAX, join
from setaria.trade.queues.models import Queue, Waiter
from tests.queues.room import buy, enter, in_order, move, numbers, opened, people, queued, wish
from tests.world import HOUR, MINUTE, SECOND, World


def test_before_the_opening_a_place_has_no_number(world: World) -> None:
    drop = queued(world, {world.thing(stock=1): 1})
    fan = world.member()
    assert enter(world, drop, fan) == [None]
    assert Queue.objects.get().places == 1


def test_joining_again_is_the_same_place_before_and_after_the_opening(world: World) -> None:
    drop = queued(world, {world.thing(stock=1): 1})
    fan, other = people(world, 2)
    assert enter(world, drop, fan, fan, other) == [None, None, None]
    assert enter(world, drop, fan) == [None]
    opened(world, drop)
    before = numbers(drop)
    assert enter(world, drop, fan, other, fan) == [before[fan], before[other], before[fan]]
    late = world.member()
    assert enter(world, drop, late, late) == [3, 3]
    assert (Waiter.objects.count(), Queue.objects.get().places) == (3, 3)


def test_late_ones_stand_in_order_of_arrival(world: World) -> None:
    drop = queued(world, {world.thing(stock=1): 1})
    enter(world, drop, *people(world, 5))
    opened(world, drop)
    first, second = people(world, 3), people(world, 2)
    assert enter(world, drop, *first) == [6, 7, 8]
    assert enter(world, drop, *second) == [9, 10]
    assert in_order(drop)[5:] == first + second


def test_who_comes_between_the_opening_and_the_numbering_stands_behind_the_early_ones(world: World) -> None:
    drop = queued(world, {world.thing(stock=1): 1})
    early = people(world, 20)
    enter(world, drop, *early)
    world.now = drop.opens_at
    late = people(world, 3)
    for one in late:
        assert enter(world, drop, one) == [None]
        world.later(SECOND / 10)
    move(world, drop)
    assert set(in_order(drop)[:20]) == set(early)
    assert in_order(drop)[20:] == late
    assert Queue.objects.get().early == 20


def test_a_batch_of_several_rooms_and_none(world: World) -> None:
    one, other = queued(world, {world.thing(stock=1): 1}), queued(world, {world.thing(stock=1): 1})
    plain = world.drop({world.thing(stock=1): 1})
    fan = world.member()
    opened(world, one)
    answers = join([wish(drop, fan) for drop in (other, plain, one)], now=world.now)
    assert [getattr(answer, "number", answer) for answer in answers] == [None, "NO_ROOM", 1]


def test_nobody_joins_what_is_over(world: World) -> None:
    drop = queued(world, {world.thing(stock=1): 1}, closes_at=world.now + 2 * HOUR)
    early, late = people(world, 2)
    enter(world, drop, early)
    opened(world, drop)
    world.now = drop.closes_at
    assert enter(world, drop, late, early) == ["CLOSED", 1]


def test_too_many_at_once_are_a_bug(world: World) -> None:
    drop = queued(world, {world.thing(stock=1): 1})
    with pytest.raises(ValueError, match="at most"):
        join([wish(drop, 1)] * (BATCH_JOINS_MAX + 1), now=world.now)
    assert join([], now=world.now) == []


# --- a missed turn ---


def test_who_missed_their_turn_gets_a_new_place_at_the_end(world: World) -> None:
    band = world.thing(stock=1)
    drop = queued(world, {band: 1}, offer_seconds=60)
    enter(world, drop, *people(world, 3))
    opened(world, drop)
    first, second, third = in_order(drop)
    assert enter(world, drop, first, again=True) == [1]  # it is still their turn
    world.later(2 * MINUTE)
    assert enter(world, drop, first) == [1]
    assert enter(world, drop, first, first, again=True) == [4, 4]
    assert enter(world, drop, first, again=True) == [4]
    assert in_order(drop) == [second, third, first]
    assert move(world, drop) == 1
    buy(world, drop, second, band)


def test_who_waits_or_has_bought_gets_no_new_place(world: World) -> None:
    band = world.thing(stock=1)
    drop = queued(world, {band: 1}, offer_seconds=60)
    enter(world, drop, *people(world, 2))
    opened(world, drop)
    first, second = in_order(drop)
    buy(world, drop, first, band)
    assert enter(world, drop, first, second, again=True) == [1, 2]
    world.later(15 * MINUTE)
    assert enter(world, drop, first, again=True) == [1]
    world.expire()
    assert enter(world, drop, first, again=True) == [3]  # their order came to nothing


def test_an_order_that_was_cancelled_uses_the_turn_up_at_once(world: World) -> None:
    band = world.thing(stock=1)
    drop = queued(world, {band: 1}, offer_seconds=600)
    fan = world.member()
    enter(world, drop, fan)
    opened(world, drop)
    world.cancel(buy(world, drop, fan, band))
    assert enter(world, drop, fan, again=True) == [2]
    assert move(world, drop) == 1
