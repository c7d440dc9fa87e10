"""How a sandbox payment goes, and what the shop makes of it whenever and however often it hears of it."""

import hypothesis.strategies as st
import pytest
from django.conf import settings
from hypothesis import HealthCheck, given
from hypothesis import settings as examples

from setaria.kernel.ids import new_id
from setaria.trade.orders.models import Settlement
from setaria.trade.orders.requests import Placed
from setaria.trade.orders.settle import Money
from setaria.trade.payments import refund
from setaria.trade.payments.models import Refund
from setaria.trade.payments.notify import News, receive
from setaria.trade.payments.sandbox import notification
from setaria.trade.payments.sandbox.manners import Manner, course
from setaria.trade.payments.sandbox.tell import message
from tests.world import MINUTE, World

PAID = {Manner.NOW, Manner.LATE, Manner.THRICE, Manner.OUT_OF_ORDER}


@given(st.sampled_from(Manner), st.integers(1, 2**60))
def test_a_course_makes_sense(manner: Manner, amount: int) -> None:
    plan = course(manner, amount)
    assert plan.amount > 0
    assert (plan.amount != amount) is (manner is Manner.WRONG_AMOUNT)
    assert plan.succeeded is any(told.status == "succeeded" for told in plan.messages)
    assert list(plan.messages) == sorted(plan.messages, key=lambda told: told.after_seconds)


def news(order: Placed, manner: Manner) -> list[News]:
    """What the shop is told, read back from the very bytes that are posted to it."""
    payment, plan = new_id(), course(manner, order.total)
    key = notification.key_from(settings.SECRET_KEY)
    told = []
    for each in plan.messages:
        body, signature = message(payment, order.id, each.status, plan.amount, order.currency)
        found = notification.parse(key, body, signature)
        money = Money(found.order_id, found.payment_id, notification.NAME, found.amount, found.currency)
        told.append(News(money, found.status == "succeeded"))
    return told


@given(data=st.data())
@examples(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_in_any_order_and_any_number_of_times_the_order_ends_right(world: World, data: st.DataObject) -> None:
    band = world.thing(price=100, stock=1)
    order = world.placed(band)
    manner = data.draw(st.sampled_from(Manner))
    told = news(order, manner)
    repeated = data.draw(st.lists(st.sampled_from(told), max_size=4))
    for batch in data.draw(st.permutations([*told, *repeated]).map(lambda them: [them[:2], them[2:]])):
        receive(batch, now=world.now)
    assert world.status(order) == ("paid" if manner in PAID else "placed")
    assert Settlement.objects.filter(order_id=order.id).count() == (0 if manner is Manner.FAIL else 1)


@pytest.mark.parametrize(
    ("left", "status", "refunds"),
    [(1, "paid", 0), (0, "expired", 1)],
    ids=["there is stock still", "it is sold to somebody else meanwhile"],
)
def test_news_after_the_time_to_pay(world: World, left: int, status: str, refunds: int) -> None:
    band = world.thing(price=100, stock=1)
    order = world.placed(band)
    world.later(16 * MINUTE)
    world.expire()
    if not left:
        world.pay(world.placed(band))
    receive(news(order, Manner.LATE), now=world.now)
    refund.collect(now=world.now)
    assert (world.status(order), Refund.objects.count()) == (status, refunds)


def test_the_wrong_amount_goes_back_in_full(world: World) -> None:
    order = world.placed(world.thing(price=100, stock=1))
    receive(news(order, Manner.WRONG_AMOUNT), now=world.now)
    refund.collect(now=world.now)
    assert list(Refund.objects.values_list("order_id", "amount", "reason")) == [(order.id, 99, "wrong amount")]
    assert world.status(order) == "placed"


def test_a_declined_payment_can_be_followed_by_a_good_one(world: World) -> None:
    order = world.placed(world.thing(price=100, stock=1))
    receive(news(order, Manner.FAIL), now=world.now)
    receive(news(order, Manner.NOW), now=world.now)
    assert world.status(order) == "paid"
