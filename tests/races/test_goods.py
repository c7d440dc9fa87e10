"""Prices, transfers and the end of a drop, in the same instant from two connections."""

from contextlib import nullcontext
from typing import Any

import pytest
from django.db import connection
from django.db.utils import OperationalError

from setaria.goods.catalog.models import Variant
from setaria.goods.inventory import move
from setaria.goods.inventory.models import Account, Movement
from setaria.goods.pricing.models import Price
from setaria.goods.pricing.price import set_price
from setaria.kernel.ids import new_id
from setaria.trade.drops import prepare as preparing
from setaria.trade.drops.prepare import finish
from tests.guards import Unguarded, rewriting
from tests.races.together import MeetingPoint, together
from tests.world import DAY, HOUR, World

# --- one price ---


def two_prices_at_once(world: World, monkeypatch: pytest.MonkeyPatch, thing: Variant, *, locked: bool = True) -> Any:
    MeetingPoint().before(monkeypatch, (Price.objects, "create"))
    unlocking = rewriting(
        '"catalog_variant"."id" = %s LIMIT 21 FOR NO KEY UPDATE', '"catalog_variant"."id" = %s LIMIT 21'
    )

    def set_to(amount: int) -> Price:
        with nullcontext() if locked else connection.execute_wrapper(unlocking):
            return set_price(thing.id, world.cn.id, amount, since=world.now + HOUR, now=world.now)

    return together(lambda: set_to(111), lambda: set_to(222))


@pytest.mark.parametrize("first_ever", [True, False])
def test_two_prices_set_at_once_come_one_after_the_other(
    world: World, monkeypatch: pytest.MonkeyPatch, first_ever: bool
) -> None:
    band = world.thing(price=None if first_ever else 100)
    found = two_prices_at_once(world, monkeypatch, band)
    assert sorted(one.amount for one in found) == [111, 222]
    assert Price.objects.filter(valid__contains=world.now + DAY).count() == 1


def test_twin_without_the_lock_one_of_them_is_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    band = world.thing(price=None)
    found = two_prices_at_once(world, monkeypatch, band, locked=False)
    assert sorted(type(one).__name__ for one in found) == ["IntegrityError", "Price"]


def test_twin_without_lock_and_exclusion_two_prices_hold_at_once(
    broken_world: World, monkeypatch: pytest.MonkeyPatch, unguarded: Unguarded
) -> None:
    unguarded("price_one_at_a_time")
    band = broken_world.thing(price=None)
    two_prices_at_once(broken_world, monkeypatch, band, locked=False)
    assert Price.objects.filter(valid__contains=broken_world.now + DAY).count() == 2
    assert list(broken_world.breaches()) == ["one_price_at_a_time"]


# --- transfers ---


def cross_transfers(world: World, monkeypatch: pytest.MonkeyPatch, turn_around: bool) -> list[Any]:
    a, b = world.thing(stock=10), world.thing(stock=10)
    for thing in (a, b):
        world.receive(thing, 10, world.us_warehouse)

    def send(units: list[move.Units], origin: int, target: int, backwards: bool) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET deadlock_timeout = '100ms'")
        # A pause before each row is locked, so that both hold their first when they want their second.
        slowly = rewriting("SELECT 1 FROM inventory_account", "SELECT pg_sleep(0.1) FROM inventory_account")
        order = "ORDER BY variant_id DESC, location_id DESC" if backwards else "ORDER BY variant_id, location_id"
        with (
            connection.execute_wrapper(slowly),
            connection.execute_wrapper(rewriting("ORDER BY variant_id, location_id", order)),
        ):
            move.transfer(new_id(), origin, target, units, now=world.now)

    there, back = world.warehouse.id, world.us_warehouse.id
    return together(
        lambda: send([move.Units(a.id, 1), move.Units(b.id, 1)], there, back, False),
        lambda: send([move.Units(b.id, 1), move.Units(a.id, 1)], back, there, turn_around),
    )


def test_transfers_to_and_fro_do_not_wait_in_a_circle(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cross_transfers(world, monkeypatch, turn_around=False) == [None, None]
    assert set(Account.objects.values_list("on_hand", flat=True)) == {10}


def test_twin_locked_in_opposite_order_they_do(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    found = cross_transfers(world, monkeypatch, turn_around=True)
    assert sorted(type(one) for one in found if one is not None) == [OperationalError]
    assert "deadlock" in str(next(one for one in found if one is not None))


def test_the_first_units_of_a_thing_arrive_from_two_sides_at_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    band = world.thing()
    MeetingPoint().before(monkeypatch, (move, "_lock"))
    assert together(*[lambda: world.receive(band, 3)] * 2) == [None, None]
    assert world.stock(band) == (6, 0)


# --- the end of a drop ---


def over(world: World) -> tuple[Any, Any]:
    phone = world.thing(stock=5)
    night = world.drop({phone: 5})
    world.later(DAY)
    return phone, night


def test_a_drop_finished_by_two_workers_sends_back_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    phone, night = over(world)
    MeetingPoint().before(monkeypatch, (preparing, "_finish"))
    assert sorted(together(*[lambda: finish(world.now)] * 2)) == [[], [night.slug]]
    assert (world.stock(phone), world.stock(phone, night.pool)) == ((5, 0), (0, 0))
    assert Movement.objects.filter(kind=Movement.Kind.TRANSFER_IN, location_id=world.warehouse.id).count() == 1


def test_twin_without_the_guarded_update_the_second_fails_on_what_is_gone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone, _ = over(world)
    MeetingPoint().before(monkeypatch, (move, "transfer"))

    def run() -> list[str]:
        def skip(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
            if sql.startswith('UPDATE "drops_drop"'):
                return execute("SELECT 1", None, many, context)
            return execute(sql, params, many, context)

        with connection.execute_wrapper(skip):
            return finish(world.now)

    found = together(run, run)
    assert sorted(type(one).__name__ for one in found) == ["NotEnough", "list"]
    assert world.stock(phone) == (5, 0)
