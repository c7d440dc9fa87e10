"""What is promised is nowhere called paid: to its buyer, the staff, other systems, and on the wall."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from setaria.kernel.ids import new_id
from setaria.people.members.models import Member
from setaria.people.notices.models import Message
from setaria.people.notices.readers import speak
from setaria.people.notices.send import send_due
from setaria.trade.aftersales.take_back import Taken, Wish, take_back
from setaria.trade.news import tell
from setaria.trade.payments import refund
from setaria.trade.payments.models import Payment
from setaria.trade.payments.promised import owed
from setaria.trade.webhooks import endpoints
from setaria.trade.webhooks.gather import gather
from setaria.trade.webhooks.models import Event
from tests.api.conftest import App, session_of
from tests.cash.test_cash import BY, back, handed, promised
from tests.cash.test_cash import cash as limits
from tests.news.test_tell import fan as reachable
from tests.news.test_tell import page_of
from tests.storefront.conftest import fan, member, store
from tests.wall.test_figures import figures, plan
from tests.world import MINUTE, SECOND, World

__all__ = ["fan", "limits", "member", "store"]


def shown(client: Client, path: str) -> str:
    return client.get(path).content.decode()


def test_its_buyer_reads_what_is_to_be_paid_until_it_is(store: World, fan: Client, member: Member) -> None:
    payment = promised(store, by=member.pk)
    order = f"/orders/{payment.order_id}/"
    for path in ("/account/", order):
        assert "To be paid at the door" in shown(fan, path)
        assert ">Paid<" not in shown(fan, path)
    assert "Ordered, to be paid at the door" in shown(fan, order)
    assert "Then: paid at the door" in shown(fan, order)
    store.later(MINUTE)
    handed(store, payment)
    for path in ("/account/", order):
        assert ">Paid<" in shown(fan, path)
        assert "To be paid at the door" not in shown(fan, path)
    assert "You paid at the door" in shown(fan, order)
    for untrue in ("packed and sent", "Cancel this order"):  # the parcel is there
        assert untrue not in shown(fan, order)


def test_what_is_taken_back_before_is_less_to_pay_and_no_money_back(store: World, fan: Client, member: Member) -> None:
    payment = promised(store, by=member.pk)
    back(store, payment, 1)
    page = shown(fan, f"/orders/{payment.order_id}/")
    assert "less at the door" in page
    assert "Less to pay at the door" in page
    assert "sent back" not in page.lower()
    handed(store, payment, 10_000)
    assert "less at the door" in shown(fan, f"/orders/{payment.order_id}/")
    answer = promised(store, by=member.pk)
    cancelled = fan.post(f"/orders/{answer.order_id}/cancel", follow=True).content.decode()
    assert "nothing to pay at the door" in cancelled
    assert "on its way back" not in cancelled
    assert ">Returned<" in shown(fan, "/account/")


def test_owed_is_one_query_however_many_orders(world: World) -> None:
    payments = [promised(world) for _ in range(3)]
    back(world, payments[1], 2)
    handed(world, payments[2])
    with CaptureQueriesContext(connection) as seen:
        found = owed([payment.order_id for payment in payments])
    assert found == {payments[0].order_id: 20_000, payments[1].order_id: 0}
    assert len(seen) == 1


def test_an_app_reads_what_is_to_be_paid_at_the_door(store: World, member: Member) -> None:
    payment = promised(store, by=member.pk)
    app = App(session_of(member))
    order = app.get(f"/orders/{payment.order_id}")
    assert (order["at_door"], [step["step"] for step in order["life"]][-2:]) == (20_000, ["send_next", "door_next"])
    handed(store, payment)
    assert "at_door" not in app.get(f"/orders/{payment.order_id}")


@pytest.mark.parametrize(("language", "subject"), [("zh-hans", "货到付款 ¥200"), ("en", "Pay ¥200 at the door")])
def test_it_is_told_as_confirmed_and_once(world: World, language: str, subject: str, mailoutbox: list) -> None:
    buyer = reachable(world)
    speak(buyer, language)
    payment = promised(world, by=buyer)
    tell.tell(page_of, now=world.now)
    send_due(world.now)
    assert [mail.subject for mail in mailoutbox if subject in mail.subject], [mail.subject for mail in mailoutbox]
    world.later(SECOND)
    handed(world, payment)
    for _ in range(3):
        world.later(MINUTE)
        tell.tell(page_of, now=world.now)
    assert set(Message.objects.values_list("template", flat=True)) == {"order_promised"}


def test_other_systems_hear_of_the_promise_and_of_the_money(world: World) -> None:
    staff = Member.objects.get(pk=world.member(is_staff=True))
    endpoints.add("https://erp.example.com/", by=staff, now=world.now - MINUTE)
    payment = promised(world)
    back(world, payment, 1)
    world.later(SECOND)
    handed(world, payment, 10_000)
    world.pay(world.placed(world.thing(stock=1)))
    gather(now=world.now)
    kinds = Event.objects.filter(order_id=payment.order_id).values_list("kind", flat=True)
    assert sorted(kinds) == ["order.paid_at_door", "order.placed", "order.promised"]
    assert Event.objects.filter(kind="order.paid").exclude(order_id=payment.order_id).count() == 1


def test_each_part_that_goes_back_is_told(world: World) -> None:
    tell.tell(page_of, now=world.now)
    world.later(SECOND)
    order = world.placed((world.thing(stock=2), 2), by=reachable(world))
    world.pay(order)
    for _ in range(2):
        assert isinstance(take_back(Wish(new_id(), order.id, {0: 1}, "broken", BY), now=world.now), Taken)
        assert refund.send_due(now=world.now) == 1
    tell.tell(page_of, now=world.now)
    assert Message.objects.filter(template="order_refunded").count() == 2


def test_the_wall_says_how_much_is_promised_beside_its_sum(world: World) -> None:
    plan(world, "festival")
    payment = promised(world)
    world.pay(world.placed(world.thing(price=500, stock=1)))
    world.later(MINUTE)
    seen = figures(world)
    assert (seen.paid_amount, seen.promised_amount) == (500, 20_000)
    back(world, payment, 1)
    assert figures(world).promised_amount == 10_000
    handed(world, payment, 10_000)
    seen = figures(world)
    assert (seen.paid_amount, seen.paid_orders, seen.paid_units, seen.promised_amount) == (10_500, 2, 2, 0)
    assert Payment.objects.get(pk=payment.pk).status == "succeeded"
