"""Places: the last one, one pass twice, supply against withdrawal, lapse against payment, two suppliers; and twins."""

import pytest

from setaria.kernel.ids import new_id
from setaria.trade.orders.models import Order
from setaria.trade.preorders import deposits, supply, take, withdraw
from setaria.trade.preorders.models import Place
from tests.guards import Unguarded
from tests.preorders.conftest import Queue
from tests.races.together import MeetingPoint, together
from tests.world import World

ROW_LOCK = "ORDER BY id FOR NO KEY UPDATE"


@pytest.fixture
def queue(world: World) -> Queue:
    """Ten free places."""
    return Queue(world)


def meet_before_deciding(monkeypatch: pytest.MonkeyPatch) -> MeetingPoint:
    return MeetingPoint().before(monkeypatch, (take, "decide"))


def without_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ROW_LOCK in take._LOCK
    monkeypatch.setattr(take, "_LOCK", take._LOCK.replace(ROW_LOCK, ""))


def at_once(queue: Queue, *asks: object) -> list[list[str]]:
    found = together(*[lambda one=one: queue.codes(one) for one in asks])
    assert not [one for one in found if isinstance(one, Exception)], found
    return found


# --- the last place ---


def test_the_last_place_is_given_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    queue = Queue(world, 1)
    asks = [queue.ask(), queue.ask()]
    meet = meet_before_deciding(monkeypatch)
    assert sorted(at_once(queue, *asks)) == [["1"], ["FULL"]]
    assert not meet.all_met


def test_twin_without_the_lock_the_constraints_refuse_and_it_looks_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = Queue(world, 1)
    asks = [queue.ask(), queue.ask()]
    without_lock(monkeypatch)
    meet = meet_before_deciding(monkeypatch)
    assert sorted(at_once(queue, *asks)) == [["1"], ["FULL"]]
    assert meet.all_met


def test_twin_without_lock_and_constraints_a_number_is_given_twice(
    broken_world: World, monkeypatch: pytest.MonkeyPatch, unguarded: Unguarded
) -> None:
    queue = Queue(broken_world, 1)
    asks = [queue.ask(), queue.ask()]
    without_lock(monkeypatch)
    unguarded("place_number_once", "programme_keeps_its_promise")
    meet_before_deciding(monkeypatch)
    assert at_once(queue, *asks) == [["1"], ["1"]]
    assert {"place_numbers_have_no_gaps", "places_keep_to_the_promise"} <= broken_world.breaches().keys()


# --- one customer, one pass ---


def test_one_pass_twice_at_once_gives_one_place(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    ask = queue.ask()
    meet_before_deciding(monkeypatch)
    assert at_once(queue, ask, ask) == [["1"], ["1"]]
    assert Place.objects.count() == 1


def test_one_customer_in_two_tabs_gets_one_place(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    fan = queue.world.member()
    asks = [queue.ask(fan), queue.ask(fan)]
    meet_before_deciding(monkeypatch)
    assert sorted(at_once(queue, *asks)) == [["1"], ["OVER_LIMIT"]]


def test_twin_without_lock_and_claim_a_customer_gets_two(
    broken_world: World, monkeypatch: pytest.MonkeyPatch, unguarded: Unguarded
) -> None:
    queue, fan = Queue(broken_world), broken_world.member()
    asks = [queue.ask(fan), queue.ask(fan)]
    without_lock(monkeypatch)
    unguarded("place_number_once", "place_one_claim")
    meet_before_deciding(monkeypatch)
    assert at_once(queue, *asks) == [["1"], ["1"]]
    assert "places_within_the_limit" in broken_world.breaches()


# --- supply against withdrawal, and two suppliers ---


def test_supply_against_withdrawal_leaves_no_order_behind(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    (place,) = queue.come(1)
    MeetingPoint().before(monkeypatch, (supply, "order_called"), (withdraw, "cancel"))
    found = together(lambda: queue.supply(1), lambda: queue.withdraw(place))
    assert found[1] == "WITHDRAWN"
    queue.call()
    assert queue.states() in ("W", "X")


def test_twin_without_calling_first_a_place_given_up_becomes_an_order(
    broken_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As it would be if one only read who is next: what `_call` writes down is thrown away.
    queue = Queue(broken_world)
    (place,) = queue.come(1)
    monkeypatch.setattr(supply, "_call", lambda *_: None)
    monkeypatch.setattr(supply, "_CALLED", supply._CALLED.replace("state = 3", "state = 2"))
    real = supply.place

    def give_up_first(*args: object, **how: object) -> object:
        assert queue.withdraw(place) == "WITHDRAWN"
        return real(*args, **how)

    monkeypatch.setattr(supply, "place", give_up_first)
    queue.supply(1)
    assert Order.objects.count() == 1
    assert "programmes_orders_are_their_places" in broken_world.breaches()


@pytest.mark.parametrize("alone", [True, False])
def test_two_suppliers_at_once_make_each_order_once(queue: Queue, monkeypatch: pytest.MonkeyPatch, alone: bool) -> None:
    queue.come(6)
    if not alone:  # the advisory lock only spares work: without it all is as right
        monkeypatch.setattr(supply, "_ADVISORY", "SELECT true OR %s = %s")
    MeetingPoint().before(monkeypatch, (supply, "place"))
    ids = [new_id(), new_id()]
    together(lambda: queue.supply(2, ids[0]), lambda: queue.supply(3, ids[1]))
    queue.call()
    assert queue.states() == "OOOOOS"
    assert Order.objects.count() == 5


def test_one_supply_sent_twice_at_once_is_booked_once(queue: Queue) -> None:
    queue.come(6)
    id = new_id()
    together(lambda: queue.supply(2, id), lambda: queue.supply(2, id))
    queue.call()
    assert queue.states() == "OOSSSS"


# --- a deposit's lapse against its payment ---


def test_a_deposit_is_paid_or_lapses(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    queue = Queue(world, deposit_amount=10_000)
    (place,) = queue.come(1)
    world.now = Place.objects.get().deposit_by
    MeetingPoint().before(monkeypatch, (deposits, "_judge"))
    found = together(lambda: queue.deposit(place), lambda: deposits.lapse(now=world.now))
    assert (found, queue.states()) in [(["PAID", 0], "S"), (["REFUND", 1], "L")]


def test_twin_without_the_lock_money_is_held_for_a_place_that_has_ended(
    broken_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = Queue(broken_world, deposit_amount=10_000)
    (place,) = queue.come(1)
    broken_world.now = Place.objects.get().deposit_by
    monkeypatch.setattr(deposits, "_LOCK_PROGRAMMES", "SELECT %(places)s::uuid[]")
    monkeypatch.setattr(deposits, "_PLACES", deposits._PLACES.replace("FOR NO KEY UPDATE OF place", ""))
    lapsing, real = [], deposits._judge

    def lapse_first(*args: object) -> object:
        answer = real(*args)
        lapsing.extend(together(lambda: deposits.lapse(now=broken_world.now)))
        return answer

    monkeypatch.setattr(deposits, "_judge", lapse_first)
    assert (queue.deposit(place), lapsing, queue.states()) == ("PAID", [1], "L")
