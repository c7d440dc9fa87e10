"""A promotion used at once by more than it allows, by one order twice, and while it is being given back."""

import psycopg
import pytest
from django.db import IntegrityError

from setaria.kernel.ids import new_id
from setaria.trade.aftersales.take_back import Taken, take_back
from setaria.trade.aftersales.take_back import Wish as Returning
from setaria.trade.orders.models import Order
from setaria.trade.orders.place import place
from setaria.trade.promotions import spend
from setaria.trade.promotions.models import Code, Promotion, Tally, Use
from setaria.trade.promotions.spend import RESERVED_FOR, Wish, follow_returns, give_back, heal, reserve
from tests.guards import Unguarded
from tests.promotions.test_spend import bought, discounted, promotion, used
from tests.races.together import MeetingPoint, together
from tests.world import SECOND, World

ROW_LOCK = "FOR NO KEY UPDATE"


@pytest.fixture
def meet(monkeypatch: pytest.MonkeyPatch) -> MeetingPoint:
    """Where two meet that have read what is left, and have set nothing aside."""
    return MeetingPoint().before(monkeypatch, (spend, "_use"))


@pytest.fixture
def without_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ROW_LOCK in spend._LOCK
    monkeypatch.setattr(spend, "_LOCK", spend._LOCK.replace(ROW_LOCK, ""))


def both(world: World, wish: Wish) -> list[object]:
    now = world.now
    return together(*[lambda: reserve(new_id(), world.member(), [wish], now=now)] * 2)


def test_the_last_use_goes_to_one_of_two(world: World, meet: MeetingPoint) -> None:
    one = promotion(world, budget_uses=1)
    assert sorted(both(world, Wish(one.pk, 10)), key=str) == [None, "USED_UP"]
    assert (meet.all_met, used(one)) == (False, (1, 10))


def test_the_last_of_the_money_goes_to_one_of_two(world: World, meet: MeetingPoint) -> None:
    one = promotion(world, budget_amount=19)
    assert sorted(both(world, Wish(one.pk, 10)), key=str) == [None, "USED_UP"]
    assert used(one) == (1, 10)


def test_twin_without_the_lock_the_database_still_refuses(world: World, without_lock: None, meet: MeetingPoint) -> None:
    one = promotion(world, budget_uses=1)
    answers = both(world, Wish(one.pk, 10))
    assert meet.all_met
    assert [type(answer) for answer in answers if answer is not None] == [IntegrityError]
    assert used(one) == (1, 10)


def test_twin_without_lock_and_constraint_it_is_used_twice(
    broken_world: World, without_lock: None, meet: MeetingPoint, unguarded: Unguarded
) -> None:
    unguarded("promotion_within_uses")
    one = promotion(broken_world, budget_uses=1)
    assert both(broken_world, Wish(one.pk, 10)) == [None, None]
    assert meet.all_met
    assert "promotions_are_their_uses" in broken_world.breaches()


def test_one_code_for_one_order_goes_to_one_of_two(world: World, meet: MeetingPoint) -> None:
    one = promotion(world)
    code = Code.objects.create(promotion=one, text="ONCE", uses_max=1)
    assert set(both(world, Wish(one.pk, 10, code.pk))) == {None, "CODE_USED"}
    assert used(one) == (1, 10)


def test_one_order_in_two_windows_sets_aside_once(world: World, meet: MeetingPoint) -> None:
    one, order, fan = promotion(world), new_id(), world.member()
    now = world.now
    assert together(*[lambda: reserve(order, fan, [Wish(one.pk, 10)], now=now)] * 2) == [None, None]
    assert used(one) == (1, 10)


# --- a slow order against the sweep that gives back what it had ---


def slow(world: World) -> tuple[object, object]:
    """Place an order in the same instant in which what was set aside for it is given back."""
    one = promotion(world, budget_uses=1)
    ask = discounted(world, one)
    reserve(ask.id, ask.customer_id, [Wish(one.pk, 10)], now=world.now)
    late = world.now + RESERVED_FOR + SECOND
    placed, _ = together(lambda: place([ask], now=world.now), lambda: heal(now=late))
    return placed, one


def test_a_discount_is_kept_or_given_back_and_the_order_follows(world: World) -> None:
    for _ in range(5):
        placed, one = slow(world)
        if isinstance(placed, psycopg.errors.CheckViolation):
            assert used(one) == (0, 0)  # type: ignore[arg-type]
        else:
            assert used(one) == (1, 10)  # type: ignore[arg-type]
    assert Order.objects.count() == Use.objects.filter(state=2).count()


def test_twin_without_the_trigger_an_order_keeps_what_was_given_back(broken_world: World, unguarded: Unguarded) -> None:
    unguarded("promotions_keep")
    one = promotion(broken_world, budget_uses=1)
    ask = discounted(broken_world, one)
    reserve(ask.id, ask.customer_id, [Wish(one.pk, 10)], now=broken_world.now)
    give_back([ask.id], now=broken_world.now)
    broken_world.place(ask)
    assert "discounts_have_their_uses" in broken_world.breaches()


def returned(world: World) -> Promotion:
    one = promotion(world, budget_uses=1)
    order = bought(world, one)
    world.pay(order)
    assert isinstance(take_back(Returning(new_id(), order.id, {0: 1}, "broken", "ada"), now=world.now), Taken)
    return one


def test_two_that_follow_returns_give_a_use_back_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    one, now = returned(world), world.now
    meet = MeetingPoint().before(monkeypatch, (spend, "_give_back"))
    assert sorted(together(*[lambda: follow_returns(now=now)] * 2)) == [0, 1]
    assert meet.all_met
    assert used(one) == (0, 0)


def test_twin_without_looking_at_the_state_a_use_comes_back_twice(
    broken_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, now = returned(broken_world), broken_world.now
    spend_of = spend._GIVE_BACK.replace("AND state = ANY (%(states)s)", "AND state = ANY (%(states)s || 5)")
    assert spend_of != spend._GIVE_BACK
    monkeypatch.setattr(spend, "_GIVE_BACK", spend_of)
    Promotion.objects.update(used_uses=2, used_amount=20, budget_uses=2)  # another use beside it
    Tally.objects.update(used=2)
    meet = MeetingPoint().before(monkeypatch, (spend, "_give_back"))
    assert together(*[lambda: follow_returns(now=now)] * 2) == [1, 1]
    assert meet.all_met
    assert used(one) == (0, 0)  # the other's use is gone too
