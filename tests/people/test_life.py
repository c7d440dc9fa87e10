"""An order's steps in time, and what a fan's level opens."""

from django.test import Client

from setaria.channels.storefront.early import coming
from setaria.channels.storefront.life import Step, life_of
from setaria.people.members.levels import LEVELS, standing
from setaria.people.members.models import Member
from setaria.trade.admission.lanes import Lane
from setaria.trade.orders.models import Event, Order
from setaria.trade.payments import refund
from setaria.trade.payments.models import Payment, Refund
from setaria.trade.payments.start import start
from tests.world import HOUR, MINUTE, World


def steps(store: World, order_id) -> list[str]:
    order = Order.objects.get(pk=order_id)
    found = life_of(
        order, Event.objects.filter(order_id=order_id), Payment.objects.filter(order_id=order_id),
        Refund.objects.filter(order_id=order_id), store.now,
    )  # fmt: skip
    times = [each.at for each in found if not each.coming]
    assert times == sorted(times)
    return [each.step.value for each in found]


def test_each_way_an_order_can_go(store: World, member: Member) -> None:
    paid, left, given_up = (store.placed(store.thing(stock=3), by=member.pk) for _ in range(3))
    assert steps(store, paid.id) == [Step.PLACED, Step.PAY_NEXT]
    store.later(MINUTE)
    start(paid.id, member.pk, "sandbox", store.now)
    assert steps(store, paid.id) == [Step.PLACED, Step.PAYING, Step.PAY_NEXT]
    store.later(MINUTE)
    store.pay(paid)
    assert steps(store, paid.id) == [Step.PLACED, Step.PAYING, Step.PAID, Step.SEND_NEXT]
    store.cancel(given_up)
    assert steps(store, given_up.id) == [Step.PLACED, Step.CANCELLED]
    store.later(HOUR)
    assert steps(store, left.id) == [Step.PLACED]
    store.expire()
    assert steps(store, left.id) == [Step.PLACED, Step.EXPIRED]
    store.settle(store.money(left, amount=99))
    assert refund.collect(now=store.now) == 1
    assert steps(store, left.id) == [Step.PLACED, Step.EXPIRED, Step.REFUND_DUE, Step.REFUND_NEXT]
    Refund.objects.update(sent_at=store.now)
    assert steps(store, left.id)[-1] == Step.REFUND_SENT


def test_the_page_tells_it(store: World, fan: Client, member: Member) -> None:
    order = store.placed(store.thing(stock=3), by=member.pk)
    page = fan.get(f"/orders/{order.id}/").content.decode()
    assert "To be paid by" in page
    assert "China Standard Time" in page
    store.pay(order)
    assert "Next: packed and sent" in fan.get(f"/orders/{order.id}/").content.decode()


def test_levels_are_reached_by_points() -> None:
    assert [standing(points).level for points in (0, 99, 100, 499, 2_000, 10**6)] == [
        LEVELS[0], LEVELS[0], LEVELS[1], LEVELS[1], LEVELS[3], LEVELS[3],
    ]  # fmt: skip
    assert (standing(300).missing, standing(300).percent) == (200, 50)
    assert (standing(5_000).missing, standing(5_000).percent) == (0, 100)


def test_the_account_tells_what_a_level_opens(store: World, fan: Client, member: Member) -> None:
    lanes = [Lane("fans", store.now, points_min=100), Lane("everyone", store.now + 10 * MINUTE)]
    store.programme(10, lanes=lanes)
    [opening] = coming(member, store.now)
    assert (opening.opens_at, opening.early, opening.better_points) == (store.now + 10 * MINUTE, False, 100)
    assert "Earlier from 100 points on." in fan.get("/account/").content.decode()
    member.fan_points = 100
    member.save()
    [opening] = coming(member, store.now)
    assert (opening.opens_at, opening.early, opening.better_points) == (store.now, True, 0)
    assert "In ear" in fan.get("/account/").content.decode()
    store.programme(10)  # open to everybody alike: nothing a level opens
    assert len(coming(member, store.now)) == 1
