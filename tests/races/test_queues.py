"""Two people, or two processes, in a waiting room at the same instant; each with its twin without the guard."""

from collections.abc import Callable

import pytest
from django.db import connection

from setaria.trade.queues import join as joining
from setaria.trade.queues import step as stepping
from setaria.trade.queues.join import join
from setaria.trade.queues.models import Queue, Waiter, Wave
from setaria.trade.queues.step import step
from tests.guards import Unguarded
from tests.queues.room import FREE, buy, enter, in_order, numbers, opened, people, queued, wish
from tests.races.together import MeetingPoint, together
from tests.world import SECOND, World

LOCK = "FOR NO KEY UPDATE"


@pytest.fixture
def without_lock(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def take(*modules: object) -> None:
        for module in modules:
            assert LOCK in module._LOCK
            monkeypatch.setattr(module, "_LOCK", module._LOCK.replace(f"{LOCK} OF q", "").replace(LOCK, ""))

    return take


def meet_before_writing_joins(monkeypatch: pytest.MonkeyPatch) -> MeetingPoint:
    return MeetingPoint().before(monkeypatch, (joining._Book, "write"))


# --- joining twice at once ---


def test_two_tabs_that_join_at_once_have_one_place(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    drop = queued(world, {world.thing(stock=1): 1})
    opened(world, drop)
    ask = wish(drop, world.member())
    meet = meet_before_writing_joins(monkeypatch)
    first, second = together(*[lambda: join([ask], now=world.now)] * 2)
    assert first == second
    assert not meet.all_met
    assert (Waiter.objects.count(), Queue.objects.get().places) == (1, 1)


def test_twin_without_the_lock_the_key_still_refuses(
    world: World, monkeypatch: pytest.MonkeyPatch, without_lock: Callable[..., None]
) -> None:
    drop = queued(world, {world.thing(stock=1): 1})
    opened(world, drop)
    ask = wish(drop, world.member())
    without_lock(joining)
    meet = meet_before_writing_joins(monkeypatch)
    first, second = together(*[lambda: join([ask], now=world.now)] * 2)
    assert first == second
    assert meet.all_met
    assert (Waiter.objects.count(), Queue.objects.get().places) == (1, 1)


def test_twin_without_lock_and_keys_one_customer_has_two_places(
    broken_world: World, monkeypatch: pytest.MonkeyPatch, without_lock: Callable[..., None], unguarded: Unguarded
) -> None:
    world = broken_world
    drop = queued(world, {world.thing(stock=1): 1})
    opened(world, drop)
    ask = wish(drop, world.member())
    without_lock(joining)
    unguarded("queues_waiter_pkey", "waiter_number_once")
    meet_before_writing_joins(monkeypatch)
    together(*[lambda: join([ask], now=world.now)] * 2)
    assert Waiter.objects.count() == 2
    assert list(world.breaches()) == ["queue_numbers_have_no_gaps"]


# --- two people at once ---


@pytest.mark.parametrize("lock", [True, False])
def test_two_people_who_join_at_once_have_a_number_each(
    world: World, monkeypatch: pytest.MonkeyPatch, without_lock: Callable[..., None], lock: bool
) -> None:
    drop = queued(world, {world.thing(stock=1): 1})
    opened(world, drop)
    if not lock:
        without_lock(joining)
    one, other = people(world, 2)
    meet_before_writing_joins(monkeypatch)
    together(lambda: enter(world, drop, one), lambda: enter(world, drop, other))
    assert sorted(numbers(drop).values()) == [1, 2]


def test_twin_without_lock_and_key_two_people_have_the_same_number(
    broken_world: World, monkeypatch: pytest.MonkeyPatch, without_lock: Callable[..., None], unguarded: Unguarded
) -> None:
    world = broken_world
    drop = queued(world, {world.thing(stock=1): 1})
    opened(world, drop)
    without_lock(joining)
    unguarded("waiter_number_once")
    one, other = people(world, 2)
    meet_before_writing_joins(monkeypatch)
    together(lambda: enter(world, drop, one), lambda: enter(world, drop, other))
    assert list(numbers(drop).values()) == [1, 1]
    assert list(world.breaches()) == ["queue_numbers_have_no_gaps"]


# --- joining while the early ones are numbered ---


def numbering_meets_joining(world: World, monkeypatch: pytest.MonkeyPatch) -> tuple[MeetingPoint, list]:
    """Somebody's place is about to be written when the numbering begins."""
    drop = queued(world, {world.thing(stock=1): 1})
    enter(world, drop, *people(world, 3))
    late = world.member()
    world.now = drop.opens_at
    # The join comes here before it writes; the numbering, once it has numbered all whom it saw.
    meet = MeetingPoint().before(monkeypatch, (joining._Book, "write"), (stepping, "_seats"))
    together(lambda: enter(world, drop, late), lambda: step(drop.pk, FREE, now=world.now))
    return meet, list(numbers(drop).values())


def test_nobody_who_joins_while_the_early_ones_are_numbered_is_lost(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    meet, given = numbering_meets_joining(world, monkeypatch)
    assert not meet.all_met
    assert sorted(given) == [1, 2, 3, 4]


def test_twin_without_the_lock_somebody_has_no_number(
    broken_world: World, monkeypatch: pytest.MonkeyPatch, without_lock: Callable[..., None]
) -> None:
    without_lock(joining, stepping)
    meet, given = numbering_meets_joining(broken_world, monkeypatch)
    assert meet.all_met
    assert None in given
    assert "places_are_people" in broken_world.breaches()


# --- two processes that let people in ---


def two_steps(world: World, monkeypatch: pytest.MonkeyPatch) -> tuple[MeetingPoint, list]:
    drop = queued(world, {world.thing(stock=500): 500})
    enter(world, drop, *people(world, 60))
    opened(world, drop)
    world.later(SECOND)
    meet = MeetingPoint().after(monkeypatch, stepping, "_seats")
    return meet, together(*[lambda: step(drop.pk, FREE, now=world.now)] * 2)


def test_of_two_processes_one_lets_people_in(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    meet, admitted = two_steps(world, monkeypatch)
    assert not meet.all_met
    assert sorted(admitted)[0] == 0
    assert Wave.objects.count() == 2


def test_twin_without_the_lock_the_waves_key_still_refuses(
    world: World, monkeypatch: pytest.MonkeyPatch, without_lock: Callable[..., None]
) -> None:
    without_lock(stepping)
    meet, admitted = two_steps(world, monkeypatch)
    assert meet.all_met
    assert [type(each).__name__ for each in admitted].count("IntegrityError") == 1


def test_twin_without_lock_and_keys_more_come_in_than_there_are_units(
    broken_world: World, monkeypatch: pytest.MonkeyPatch, without_lock: Callable[..., None], unguarded: Unguarded
) -> None:
    world = broken_world
    drop = queued(world, {world.thing(stock=1): 1})
    opened(world, drop)
    enter(world, drop, *people(world, 2))
    world.later(SECOND)
    without_lock(stepping)
    unguarded("queues_wave_pkey")
    MeetingPoint().after(monkeypatch, stepping, "_seats")
    assert together(*[lambda: step(drop.pk, FREE, now=world.now)] * 2) == [1, 1]
    assert Queue.objects.get().admitted_to == 2
    assert "waves_are_what_was_admitted" in world.breaches()


# --- an order while seats are counted ---


def ordering_meets_counting(world: World, monkeypatch: pytest.MonkeyPatch) -> list:
    """One unit is left, for whom it was offered to; they order in the middle of the counting."""
    band = world.thing(stock=1)
    drop = queued(world, {band: 1})
    enter(world, drop, *people(world, 2))
    opened(world, drop)
    first = in_order(drop)[0]
    world.later(SECOND)
    ordered: list[object] = []
    read = stepping._seats

    def order_first(*given: object) -> object:
        if connection.in_atomic_block and not ordered:
            ordered.append(1)
            ordered.extend(together(lambda: buy(world, drop, first, band)))
        return read(*given)

    monkeypatch.setattr(stepping, "_seats", order_first)
    admitted = step(drop.pk, FREE, now=world.now)
    return [admitted, *ordered[1:]]


def test_an_order_while_seats_are_counted_frees_none(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    admitted, order = ordering_meets_counting(world, monkeypatch)
    assert admitted == 0
    assert type(order).__name__ == "Placed"
