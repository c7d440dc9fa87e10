"""Places taken, given up, called and passed on."""

from datetime import date, timedelta

import pytest

from setaria.goods.inventory.move import NotEnough
from setaria.goods.pricing.price import LEAD, set_price
from setaria.kernel.ids import new_id
from setaria.trade.admission.lanes import Lane
from setaria.trade.orders.models import Order
from setaria.trade.preorders import supply as supplying
from setaria.trade.preorders.models import Notice, Place, Programme, Supply, Week
from setaria.trade.preorders.prepare import Unsound
from setaria.trade.preorders.requests import BATCH_PLACES_MAX, Refused
from setaria.trade.preorders.rules import week_of
from setaria.trade.preorders.supply import Conflict, supply
from setaria.trade.preorders.take import take
from setaria.trade.preorders.weeks import promised, slip
from setaria.trade.preorders.withdraw import Answer, withdraw
from tests.preorders.conftest import Queue
from tests.world import DAY, HOUR, MICROSECOND, SECOND, World

WINDOW = timedelta(days=3)
MONDAY = date(2031, 12, 1)

# --- taking ---


def test_numbers_are_given_by_arrival_until_the_promise_is_full(queue: Queue) -> None:
    assert queue.codes(*[queue.ask() for _ in range(4)]) == ["1", "2", "3", "4"]
    assert queue.codes(*[queue.ask() for _ in range(8)]) == ["5", "6", "7", "8", "9", "10", "FULL", "FULL"]
    assert queue.states() == "S" * 10


def test_the_same_pass_again_gets_the_first_answer(queue: Queue) -> None:
    ask = queue.ask()
    (first,) = queue.take(ask)
    assert queue.take(ask, ask) == [first, first]
    assert queue.codes(queue.ask(id=ask.id)) == ["ID_CONFLICT"]
    queue.come(9)
    assert queue.take(ask) == [first]  # also when it is full
    queue.withdraw(ask)
    assert queue.take(ask) == [first]  # and when it was given up: what was answered stays so


def test_a_customer_has_one_place_unless_more_are_allowed(world: World) -> None:
    queue, fan = Queue(world, limit_per_customer=2), world.member()
    asks = [queue.ask(fan) for _ in range(3)]
    assert queue.codes(*asks) == ["1", "2", "OVER_LIMIT"]
    assert queue.codes(asks[2]) == ["OVER_LIMIT"]
    queue.withdraw(asks[0])
    assert queue.codes(asks[2], queue.ask(fan)) == ["3", "OVER_LIMIT"]
    assert Queue(world).codes(queue.ask(fan, programme=queue.programme.pk + 1)) == ["1"]


def test_every_refusal(world: World) -> None:
    soon = Queue(world, lanes=[Lane("everyone", world.now + SECOND)])
    queue = Queue(world)
    assert soon.codes(soon.ask()) == ["NOT_OPEN"]
    assert queue.codes(
        queue.ask(programme=987_654), queue.ask(by=987_654_321), queue.ask(by=-1), queue.ask(programme=2**40)
    ) == ["UNKNOWN_PROGRAMME", "LANE_NOT_OPEN", "MALFORMED", "MALFORMED"]
    world.now += HOUR
    assert queue.codes(queue.ask()) == ["CLOSED"]
    assert Place.objects.count() == 0
    with pytest.raises(ValueError, match="at most"):
        take([queue.ask()] * (BATCH_PLACES_MAX + 1), now=world.now)


def test_lanes_open_one_after_the_other(world: World) -> None:
    old = world.now - 30 * DAY
    lanes = [
        Lane("old accounts", world.now, joined_before=old),
        Lane("fans", world.now + HOUR, points_min=500),
        Lane("everyone", world.now + 2 * HOUR),
    ]
    queue = Queue(world, lanes=lanes, lasts=DAY)
    veteran, fan, newcomer = (
        world.member(joined_at=old - MICROSECOND), world.member(joined_at=old, fan_points=500),
        world.member(joined_at=world.now),
    )  # fmt: skip
    asks = [queue.ask(newcomer), queue.ask(fan), queue.ask(veteran)]
    assert queue.codes(*asks) == ["LANE_NOT_OPEN", "LANE_NOT_OPEN", "1"]
    world.later(HOUR)
    assert queue.codes(*asks) == ["LANE_NOT_OPEN", "2", "1"]
    world.later(HOUR)
    assert queue.codes(*asks) == ["3", "2", "1"]


def test_a_programme_that_cannot_be_kept_is_not_made(world: World) -> None:
    sound: dict = {
        "places": 10, "price": 1000, "lanes": [Lane("everyone", world.now)], "weeks": [(1, 10, MONDAY)],
    }  # fmt: skip
    for change in (
        {"weeks": [(1, 5, MONDAY), (7, 10, MONDAY)]},
        {"weeks": [(2, 10, MONDAY)]},
        {"weeks": [(1, 9, MONDAY)]},
        {"weeks": [(1, 10, MONDAY + DAY)]},
        {"lasts": -HOUR},
    ):
        with pytest.raises(Unsound):
            world.programme(**{**sound, **change})
    assert Programme.objects.count() == 0


# --- supply ---


def test_supply_turns_places_into_orders_in_queue_order(queue: Queue) -> None:
    takes = queue.come(6)
    assert queue.supply(4) == 4
    assert queue.states() == "OOOOSS"
    assert {order.id for order in Order.objects.all()} == {one.id for one in takes[:4]}
    assert [queue.pay(one) for one in takes[:4]] == ["PAID"] * 4
    assert queue.supply(5) == 2  # more than wait: the rest stays in the pool
    assert queue.states() == "PPPPOO"
    queue.come(1)
    assert queue.call() == 1  # and the next one to come is served from it


def test_what_lapses_passes_on_to_the_next(queue: Queue) -> None:
    takes = queue.come(5)
    queue.supply(2)
    queue.pay(takes[0])
    queue.world.later(WINDOW)
    assert queue.world.expire() == 1
    assert queue.call() == 1
    assert queue.states() == "PEOSS"
    assert queue.codes(queue.ask(takes[1].customer_id)) == ["CLOSED"]
    # Paid late, while the next has the unit: the money goes back.
    assert queue.pay(takes[1]) == "REFUND"
    assert queue.call() == 0


def test_a_late_payment_takes_a_free_unit_before_the_next_is_called(queue: Queue) -> None:
    takes = queue.come(2)
    queue.supply(1)
    queue.world.later(WINDOW)
    queue.world.expire()
    assert queue.pay(takes[0]) == "PAID"
    assert (queue.call(), queue.states()) == (0, "PS")


def test_a_place_given_up_frees_room_and_never_becomes_an_order(queue: Queue) -> None:
    takes = queue.come(10)
    assert queue.codes(queue.ask()) == ["FULL"]
    assert [queue.withdraw(takes[1]), queue.withdraw(takes[1])] == ["WITHDRAWN", "WITHDRAWN"]
    assert queue.codes(queue.ask(), queue.ask()) == ["11", "FULL"]
    assert queue.supply(3) == 3
    assert queue.states() == "OWOOSSSSSSS"


def test_withdrawing_after_ones_turn_cancels_the_order_and_passes_on(queue: Queue) -> None:
    takes = queue.come(3)
    queue.supply(2)
    queue.pay(takes[1])
    assert [queue.withdraw(one) for one in takes] == ["WITHDRAWN", "NOT_WITHDRAWABLE", "WITHDRAWN"]
    assert queue.call() == 0
    assert queue.states() == "XPW"
    stranger = queue.world.member()
    assert withdraw(takes[0].id, stranger, now=queue.world.now) is Answer.UNKNOWN_PLACE
    assert withdraw(new_id(), stranger, now=queue.world.now) is Answer.UNKNOWN_PLACE


def test_the_same_supply_again_is_booked_once(queue: Queue) -> None:
    queue.come(5)
    id = new_id()
    assert [queue.supply(2, id), queue.supply(2, id)] == [2, 0]
    with pytest.raises(Conflict):
        supply(id, queue.programme, 3, now=queue.world.now)
    with pytest.raises(NotEnough):
        supply(new_id(), queue.programme, 10**6, now=queue.world.now)
    with pytest.raises(ValueError, match="at least one"):
        supply(new_id(), queue.programme, 0, now=queue.world.now)
    assert Supply.objects.count() == 1


@pytest.mark.parametrize("where", ["place", "_conclude", "_terms"])
def test_a_run_that_is_killed_anywhere_is_finished_by_the_next(
    queue: Queue, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    takes = queue.come(5)

    def killed(units: int) -> None:
        def die(*args: object, **how: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(supplying, where, die)
            with pytest.raises(KeyboardInterrupt):
                queue.supply(units)

    killed(3)
    assert queue.call() == 3
    assert queue.states() == "OOOSS"
    # One who withdraws between call and order is not given one behind their back.
    killed(1)
    assert queue.withdraw(takes[3]) == "WITHDRAWN"
    queue.call()
    assert queue.states() in ("OOOXO", "OOOWO")


def test_nobody_is_called_at_more_than_was_promised(queue: Queue) -> None:
    queue.come(2)
    reprice(queue, 200_000)
    assert (queue.supply(2), queue.states()) == (0, "SS")
    reprice(queue, 150_000)
    assert (queue.call(), Order.objects.first().total) == (2, 150_000)


def reprice(queue: Queue, amount: int) -> None:
    world = queue.world
    set_price(queue.programme.variant_id, world.cn.pk, amount, since=world.now + LEAD, now=world.now)
    world.later(LEAD)


def test_who_had_their_share_by_a_late_payment_is_not_given_more(queue: Queue) -> None:
    # Their order lapsed, a unit was free again, and they paid late, in the moment their second place was called: it
    # can only come to that where a customer may have more than one place than units, so we make it so.
    fan = queue.world.member()
    first = queue.ask(fan)
    queue.take(first)
    queue.supply(1)
    Programme.objects.update(limit_per_customer=2)
    second = queue.ask(fan)
    assert queue.codes(second) == ["2"]
    queue.supply(1)
    assert queue.states() == "OL"
    Programme.objects.update(limit_per_customer=1)


def test_a_programmes_drop_has_no_pass(queue: Queue, client: object) -> None:
    from setaria.people.members.models import Member
    from setaria.trade.admission.admit import NotAdmitted, admit

    member = Member.objects.get(pk=queue.world.member())
    assert admit(queue.programme.drop, member, queue.world.now) == NotAdmitted("NOT_ADMITTED")


# --- promised weeks ---


def test_a_slip_is_told_to_everyone_it_touches_and_who_still_waits(world: World) -> None:
    queue = Queue(world, weeks=[(1, 3, MONDAY), (4, 10, MONDAY + 7 * DAY)])
    takes = queue.come(6)
    queue.supply(1)
    queue.withdraw(takes[1])
    later = MONDAY + 28 * DAY
    assert slip(queue.programme, 1, later, {"en": "The glass came late."}, now=world.now) == 1
    assert slip(queue.programme, 4, later, {"en": "The glass came late."}, now=world.now) == 3
    assert set(Notice.objects.values_list("place_id", flat=True)) == {takes[n].id for n in (2, 3, 4, 5)}
    weeks = promised(queue.programme.pk)
    assert [(week_of(n, weeks).now, week_of(n, weeks).slip_days) for n in (1, 4)] == [(later, 28), (later, 21)]
    assert week_of(11, weeks) is None
    for first, monday, error in ((1, later, ValueError), (1, later + DAY, ValueError), (2, MONDAY, Week.DoesNotExist)):
        with pytest.raises(error):
            slip(queue.programme, first, monday, {"en": ""}, now=world.now)
    assert Notice.objects.count() == 4


def test_a_refusal_is_a_value(queue: Queue) -> None:
    (outcome,) = queue.take(queue.ask(programme=99))
    assert isinstance(outcome, Refused)
