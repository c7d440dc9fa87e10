"""Two buyers at the door in the same instant. Each race has its twin, which takes the guard away and sees it happen.

The calls meet between reading and writing (`decide` is the step in between), so the race is there on every run.
"""

import pytest
from django.db import connection

from setaria.goods.inventory import move
from setaria.kernel import batches
from setaria.kernel.ids import new_id
from setaria.trade.orders import place as door
from setaria.trade.orders.models import Claim, Order
from setaria.trade.orders.place import place
from tests.guards import Unguarded, rewriting
from tests.races.together import MeetingPoint, together
from tests.world import World, code

STOCK_LOCK = "FOR NO KEY UPDATE OF account"


def meet_before_deciding(monkeypatch: pytest.MonkeyPatch) -> MeetingPoint:
    return MeetingPoint().before(monkeypatch, (door, "decide"))


def without_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    assert STOCK_LOCK in door._LOCK
    monkeypatch.setattr(door, "_LOCK", door._LOCK.replace(STOCK_LOCK, ""))


def race(world: World, *batches_of_requests: list) -> list[list[str]]:
    """Place each batch from a connection of its own, at once."""
    found = together(*[lambda batch=batch: place(batch, now=world.now) for batch in batches_of_requests])
    for one in found:
        if isinstance(one, Exception):
            raise one
    return [[code(outcome) for outcome in outcomes] for outcomes in found]


# --- the last unit ---


def test_the_last_unit_is_sold_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    last = world.thing(stock=1)
    asks = [world.ask(last), world.ask(last)]
    meet = meet_before_deciding(monkeypatch)
    assert sorted(race(world, asks[:1], asks[1:])) == [["PLACED"], ["SOLD_OUT"]]
    assert not meet.all_met  # the lock kept the second one waiting
    assert world.stock(last) == (1, 1)


def test_twin_without_the_lock_the_constraint_still_refuses(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    last = world.thing(stock=1)
    asks = [world.ask(last), world.ask(last)]
    without_lock(monkeypatch)
    meet = meet_before_deciding(monkeypatch)
    assert sorted(race(world, asks[:1], asks[1:])) == [["PLACED"], ["SOLD_OUT"]]
    assert meet.all_met  # both saw one unit; the database refused the second, which looked again
    assert world.stock(last) == (1, 1)


def test_twin_without_lock_and_constraint_the_last_unit_is_sold_twice(
    broken_world: World, monkeypatch: pytest.MonkeyPatch, unguarded: Unguarded
) -> None:
    world = broken_world
    last = world.thing(stock=1)
    asks = [world.ask(last), world.ask(last)]
    unguarded("account_never_oversold")
    without_lock(monkeypatch)
    meet_before_deciding(monkeypatch)
    assert race(world, asks[:1], asks[1:]) == [["PLACED"], ["PLACED"]]
    assert world.stock(last) == (1, 2)
    assert list(world.breaches()) == ["stock_never_oversold"]


# --- the limit ---


def two_asks_of_one_fan(world: World) -> list:
    phone = world.thing(stock=9)
    night, fan = world.drop({phone: 9}), world.member()
    return [world.ask(phone, by=fan, drop=night), world.ask(phone, by=fan, drop=night)]


def test_one_customer_gets_no_more_than_the_limit_from_two_connections(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    asks = two_asks_of_one_fan(world)
    meet_before_deciding(monkeypatch)
    assert sorted(race(world, asks[:1], asks[1:])) == [["OVER_LIMIT"], ["PLACED"]]
    assert Claim.objects.get().quantity == 1


def test_twin_without_the_lock_the_limits_constraint_still_refuses(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    asks = two_asks_of_one_fan(world)
    without_lock(monkeypatch)
    meet = meet_before_deciding(monkeypatch)
    assert sorted(race(world, asks[:1], asks[1:])) == [["OVER_LIMIT"], ["PLACED"]]
    assert meet.all_met


def test_twin_without_lock_and_constraint_the_limit_is_passed(
    broken_world: World, monkeypatch: pytest.MonkeyPatch, unguarded: Unguarded
) -> None:
    asks = two_asks_of_one_fan(broken_world)
    unguarded("claim_within_limit")
    without_lock(monkeypatch)
    meet_before_deciding(monkeypatch)
    assert race(broken_world, asks[:1], asks[1:]) == [["PLACED"], ["PLACED"]]
    assert list(broken_world.breaches()) == ["claims_are_living_orders"]


# --- the same id ---


@pytest.mark.parametrize("lock", [True, False])
def test_the_same_order_from_two_connections_is_made_once(
    world: World, monkeypatch: pytest.MonkeyPatch, lock: bool
) -> None:
    band = world.thing(stock=9)
    ask = world.ask((band, 2))
    if not lock:
        without_lock(monkeypatch)
    meet_before_deciding(monkeypatch)
    first, second = together(*[lambda: place([ask], now=world.now)] * 2)
    assert first == second
    assert (code(first[0]), world.stock(band)) == ("PLACED", (9, 2))


def test_the_same_id_for_two_things_from_two_connections_conflicts(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    # No lock is in common here: the primary key alone tells, and the loser looks again.
    band, noodles, id, fan = world.thing(stock=9), world.thing(stock=9), new_id(), world.member()
    meet = meet_before_deciding(monkeypatch)
    found = race(world, [world.ask(band, id=id, by=fan)], [world.ask(noodles, id=id, by=fan)])
    assert sorted(found) == [["ID_CONFLICT"], ["PLACED"]]
    assert meet.all_met
    assert world.stock(band)[1] + world.stock(noodles)[1] == 1


def test_twin_without_lock_and_keys_the_same_order_is_made_twice(
    broken_world: World, monkeypatch: pytest.MonkeyPatch, unguarded: Unguarded
) -> None:
    world = broken_world
    band = world.thing(stock=9)
    ask = world.ask((band, 2))
    unguarded("orders_order_pkey", "orders_line_pkey", "inventory_movement_pkey")
    columns = "GROUP BY id, customer_id, channel_id, drop_id, total, currency, pay_by"  # which followed from the key
    monkeypatch.setattr(door, "_KNOWN", door._KNOWN.replace("GROUP BY id", columns))
    without_lock(monkeypatch)
    meet_before_deciding(monkeypatch)
    together(*[lambda: place([ask], now=world.now)] * 2)
    assert (Order.objects.count(), world.stock(band)) == (2, (9, 4))
    assert "holds_are_resolved_once" in world.breaches()


def test_a_neighbour_of_a_collision_is_served_all_the_same(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    band, noodles, id, fan = world.thing(stock=9), world.thing(stock=9), new_id(), world.member()
    meet_before_deciding(monkeypatch)
    one = [world.ask(band), world.ask(band, id=id, by=fan), world.ask(band)]
    other = [world.ask(noodles), world.ask(noodles, id=id, by=fan), world.ask(noodles)]
    found = race(world, one, other)
    assert sorted(found) == [["PLACED", "ID_CONFLICT", "PLACED"], ["PLACED", "PLACED", "PLACED"]]


# --- the pool's funding ---


def test_a_transfer_takes_no_unit_that_is_being_sold(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    last = world.thing(stock=1)
    ask = world.ask(last)
    MeetingPoint().before(monkeypatch, (door, "decide"), (move, "_move"))
    placed, moved = together(
        lambda: place([ask], now=world.now), lambda: world.transfer(last, 1, world.warehouse, world.us_warehouse)
    )
    if isinstance(moved, move.NotEnough):
        assert (code(placed[0]), world.stock(last), world.stock(last, world.us_warehouse)) == ("PLACED", (1, 1), (0, 0))
    else:
        assert (code(placed[0]), world.stock(last), world.stock(last, world.us_warehouse)) == (
            "SOLD_OUT", (0, 0), (1, 0),
        )  # fmt: skip


def test_twin_without_lock_and_constraint_a_unit_is_sold_and_sent_away(
    broken_world: World, monkeypatch: pytest.MonkeyPatch, unguarded: Unguarded
) -> None:
    world = broken_world
    last = world.thing(stock=1)
    ask = world.ask(last)
    unguarded("account_never_oversold")
    without_lock(monkeypatch)
    MeetingPoint().before(monkeypatch, (door, "decide"), (move, "_move"))

    def transfer() -> None:
        unlocked = rewriting("FOR NO KEY UPDATE OF inventory_account", "")
        unchecked = rewriting("AND account.on_hand + change >= account.held", "")
        with connection.execute_wrapper(unlocked), connection.execute_wrapper(unchecked):
            world.transfer(last, 1, world.warehouse, world.us_warehouse)

    placed, _ = together(lambda: place([ask], now=world.now), transfer)
    assert (code(placed[0]), world.stock(last), world.stock(last, world.us_warehouse)) == ("PLACED", (0, 1), (1, 0))
    assert list(world.breaches()) == ["stock_never_oversold"]


# --- waiting in a circle ---

IN_KEY_ORDER = "ORDER BY account.variant_id, account.location_id"


def test_orders_of_the_same_items_in_opposite_order_do_not_wait_in_a_circle(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b = world.thing(stock=100), world.thing(stock=100)
    one, other = [world.ask(a, b) for _ in range(10)], [world.ask(b, a) for _ in range(10)]
    # A pause before each row is locked: were it not the same row first, both would hold one and want the other's.
    monkeypatch.setattr(door, "_LOCK", slowly(IN_KEY_ORDER))
    monkeypatch.setattr(batches, "ATTEMPTS_MAX", 1)
    assert race(world, one, other) == [["PLACED"] * 10] * 2
    assert world.stock(a) == world.stock(b) == (100, 20)


def test_twin_locked_in_opposite_order_they_do(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = world.thing(stock=100), world.thing(stock=100)
    one, other = [world.ask(a, b)], [world.ask(b, a)]
    mixed = "ORDER BY account.variant_id * current_setting('tests.direction')::int"
    monkeypatch.setattr(door, "_LOCK", slowly(mixed))
    monkeypatch.setattr(batches, "ATTEMPTS_MAX", 1)

    def at_the_door(batch: list, direction: int) -> list:
        with connection.cursor() as cursor:
            cursor.execute(f"SET tests.direction = {direction}; SET deadlock_timeout = '100ms'")
        return place(batch, now=world.now)

    found = together(lambda: at_the_door(one, 1), lambda: at_the_door(other, -1))
    assert sorted(type(outcome).__name__ for outcome in found) == ["DeadlockDetected", "list"]
    assert world.stock(a) == world.stock(b) == (100, 1)


def slowly(order: str) -> str:
    """The door's lock, with a pause before each row and in this order."""
    assert IN_KEY_ORDER in door._LOCK
    pausing = door._LOCK.replace("account.on_hand - account.held", "account.on_hand - account.held + pause.none", 1)
    pausing = pausing.replace(STOCK_LOCK, "OFFSET 0 FOR NO KEY UPDATE OF account")
    return pausing.replace("+ pause.none", "+ length(pg_sleep(0.1)::text)").replace(IN_KEY_ORDER, order)
