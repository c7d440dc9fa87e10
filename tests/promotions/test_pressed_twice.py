"""Pressing "order" twice, at once or after a crash: what the first press set aside is the second one's, too."""

import threading

import pytest

from setaria.kernel.ids import new_id
from setaria.markets.models import Channel
from setaria.trade.orders.models import Order
from setaria.trade.orders.place import place
from setaria.trade.orders.requests import Line, Outcome, Placed, Request
from setaria.trade.promotions.models import Code
from setaria.trade.purchases.buy import Agreed, Answer, Changed, buy
from setaria.trade.quotes.queries import Choice, price
from tests.points.test_points import earned, has, programme
from tests.promotions.test_spend import promotion, used
from tests.races.together import MeetingPoint, together
from tests.world import World


def agreed(world: World, choice: Choice, fan: int) -> Agreed:
    """What somebody agrees to who has seen what it costs with their points, or their code."""
    lines = (Line(world.thing(price=1_000, stock=5).pk, 1, 1_000),)
    mark = price(lines, world.cn, choice, customer_id=fan, now=world.now).mark
    return Agreed(new_id(), fan, True, world.cn, Channel.objects.get(code="web").pk, lines, choice, mark)


def with_points(world: World) -> Agreed:
    programme(world)
    fan = world.member()
    earned(world, fan, 100)
    return agreed(world, Choice(points=True), fan)


def with_a_code_for_one(world: World) -> Agreed:
    Code.objects.create(promotion=promotion(world, per_customer=1, budget_uses=1), text="ONE", uses_max=1)
    return agreed(world, Choice(codes=("ONE",)), world.member())


WAYS = pytest.mark.parametrize("wish", [with_points, with_a_code_for_one])


@WAYS
def test_who_presses_again_after_a_crash_pays_what_was_agreed(world: World, wish) -> None:
    asked = wish(world)

    def dead(_request: Request, _at: object) -> Outcome | None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        buy(asked, now=world.now, door=dead)
    answer = buy(asked, now=world.now)
    assert isinstance(answer, Placed), answer
    assert answer.total == 900
    assert Order.objects.filter(pk=asked.order_id).count() == 1


@WAYS
def test_two_presses_at_once_are_one_order_and_both_are_told_so(world: World, wish) -> None:
    asked, door, first_is_there = wish(world), MeetingPoint(), threading.Event()

    def at_the_door(request: Request, now) -> Outcome | None:
        first_is_there.set()
        door.wait()  # what was quoted is set aside, and nothing is placed yet
        return place([request], now=now)[0]

    def press() -> Answer:
        return buy(asked, now=world.now, door=at_the_door)

    def press_again() -> Answer:
        first_is_there.wait()
        return press()

    answers = together(press, press_again)
    assert [type(answer) for answer in answers] == [Placed, Placed], answers
    assert door.all_met
    assert {answer.total for answer in answers} == {900}


def test_what_another_order_set_aside_is_not_theirs(world: World) -> None:
    first = with_points(world)
    second = Agreed(new_id(), *(getattr(first, name) for name in Agreed.__struct_fields__[1:]))
    assert isinstance(buy(first, now=world.now), Placed)
    assert isinstance(buy(second, now=world.now), Changed)
    assert has(first.customer_id) == 0


def test_a_code_that_another_order_used_is_used(world: World) -> None:
    first = with_a_code_for_one(world)
    second = Agreed(new_id(), *(getattr(first, name) for name in Agreed.__struct_fields__[1:]))
    assert isinstance(buy(first, now=world.now), Placed)
    assert isinstance(buy(second, now=world.now), Changed)
    assert used(Code.objects.get().promotion) == (1, 100)
