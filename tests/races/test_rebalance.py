"""Pools evened out while others do the same, and while orders are placed from them."""

import hypothesis.strategies as st
import pytest
from hypothesis import given

from setaria.goods.catalog.models import Variant
from setaria.goods.inventory import move
from setaria.goods.inventory import rebalance as rebalancing
from setaria.goods.inventory.models import Movement
from setaria.goods.inventory.rebalance import even, rebalance
from setaria.kernel.ids import new_id
from setaria.trade.drops.models import Drop
from tests.races.together import MeetingPoint, together
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)


def two_pools(world: World, first: int, second: int) -> tuple[Variant, list[Drop], list[int]]:
    """A thing in the pools of two drops, none in the warehouse."""
    phone = world.thing(stock=first + second)
    drops = [world.drop({phone: units}, limit=9) for units in (first, second)]
    return phone, drops, [drop.pool_id for drop in drops]


def stocks(world: World, phone: Variant, drops: list[Drop]) -> list[tuple[int, int]]:
    return [world.stock(phone, drop.pool) for drop in drops]


def test_free_units_are_spread_and_held_ones_stay(world: World) -> None:
    phone, drops, pools = two_pools(world, 11, 2)
    world.placed((phone, 4), drop=drops[0])
    source = new_id()
    first = rebalance(source, phone.id, pools, now=world.now)
    assert first == {pools[0]: -2, pools[1]: 2}
    assert stocks(world, phone, drops) == [(9, 4), (4, 0)]
    # The same again gets the first answer; another finds nothing to do.
    assert rebalance(source, phone.id, pools, now=world.now) == first
    assert rebalance(new_id(), phone.id, pools, now=world.now) == {}
    assert Movement.objects.filter(source_id=source).count() == 2
    assert world.breaches() == {}


def test_only_pools_of_one_warehouse_are_evened_out(world: World) -> None:
    phone, drops, pools = two_pools(world, 3, 1)
    for wrong in ([], pools[:1], [*pools, world.warehouse.id], [*pools, 10**6]):
        with pytest.raises(ValueError, match="pools of one warehouse"):
            rebalance(new_id(), phone.id, wrong, now=world.now)
    assert stocks(world, phone, drops) == [(3, 0), (1, 0)]


@given(st.lists(st.integers(0, 50), min_size=2, max_size=9))
def test_even_loses_nothing_and_leaves_what_is_even(free: list[int]) -> None:
    after = [units + change for units, change in zip(free, even(free), strict=True)]
    assert sum(after) == sum(free)
    assert max(after) - min(after) <= 1
    assert even(after) == [0] * len(after)


def at_once(world: World, monkeypatch: pytest.MonkeyPatch) -> tuple[list[tuple[int, int]], dict[str, list[str]]]:
    """Two rebalances that both look before either moves, if nothing keeps them apart."""
    phone, drops, pools = two_pools(world, 9, 1)
    MeetingPoint().before(monkeypatch, (rebalancing, "even"))
    found = together(*[lambda: rebalance(new_id(), phone.id, pools, now=world.now)] * 2)
    assert all(isinstance(one, dict) for one in found), found
    return stocks(world, phone, drops), world.breaches()


def test_two_at_once_even_out_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    assert at_once(world, monkeypatch) == ([(5, 0), (5, 0)], {})


def test_twin_without_the_lock_the_second_undoes_the_first(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = move._lock
    # Its own lock only: the movements' own, taken one pool at a time, stay.
    monkeypatch.setattr(move, "_lock", lambda accounts: lock(accounts) if len(accounts) == 1 else None)
    stocks_after, breaches = at_once(world, monkeypatch)
    assert stocks_after == [(1, 0), (9, 0)]
    assert breaches == {}  # uneven again, but nothing is lost: the ledger and the balances still agree


def test_orders_meanwhile_take_what_is_there(world: World) -> None:
    phone, drops, pools = two_pools(world, 11, 1)
    for drop in drops:
        for _ in range(3):
            request = world.ask((phone, 2), drop=drop)
            together(
                lambda request=request: world.place(request),  # type: ignore[misc]
                lambda: rebalance(new_id(), phone.id, pools, now=world.now),
            )
    held = sum(held for _, held in stocks(world, phone, drops))
    assert sum(on_hand for on_hand, _ in stocks(world, phone, drops)) == 12
    assert 6 <= held <= 12
    assert world.breaches() == {}
