"""The sandbox bank's page: whose payment it shows, what a press of a button writes."""

import re
from uuid import UUID

import pytest
from django.test import Client

from setaria.kernel.ids import new_id
from setaria.people.members.models import Member
from setaria.trade.orders.requests import Placed
from setaria.trade.payments.models import Payment, Refund
from setaria.trade.payments.sandbox.bank import Sandbox
from setaria.trade.payments.sandbox.manners import Manner, course
from setaria.trade.payments.sandbox.models import Charge, Notice
from setaria.trade.payments.start import start
from tests.world import World


def begun(world: World, client: Client) -> tuple[Placed, Payment]:
    """An order of the signed-in customer and a payment of it that has begun."""
    customer = world.member()
    client.force_login(Member.objects.get(pk=customer))
    order = world.placed(world.thing(price=14900, stock=2), by=customer)
    payment = start(order.id, customer, "sandbox", world.now)
    assert isinstance(payment, Payment)
    return order, payment


def queued() -> list[dict[str, object]]:
    return list(Notice.objects.order_by("id").values("status", "amount"))


def press(client: Client, payment: UUID, manner: str) -> object:
    return client.post(f"/bank/{payment}/", {"manner": manner})


def test_it_says_that_it_is_a_sandbox_and_what_is_to_pay(today: World, client: Client) -> None:
    order, payment = begun(today, client)
    html = client.get(f"/bank/{payment.id}/", headers={"accept-language": "en"}).content.decode()
    assert "No real money moves" in html
    assert "149.00" in html
    assert str(order.id) in html
    assert all(f'value="{manner.value}"' in html for manner in Manner)


@pytest.mark.parametrize("manner", Manner)
def test_a_press_writes_the_ledger_and_queues_the_news(today: World, client: Client, manner: Manner) -> None:
    order, payment = begun(today, client)
    answer = press(client, payment.id, manner.value)
    assert (answer.status_code, answer.headers["location"]) == (302, f"/orders/{order.id}/")
    plan = course(manner, order.total)
    charge = Charge.objects.get()
    assert (charge.payment_id, charge.amount, charge.succeeded) == (payment.id, plan.amount, plan.succeeded)
    assert [(job["status"], job["amount"]) for job in queued()] == [(m.status, plan.amount) for m in plan.messages]


def test_pressing_twice_takes_once_and_tells_once(today: World, client: Client) -> None:
    _, payment = begun(today, client)
    press(client, payment.id, "now")
    press(client, payment.id, "fail")
    assert Charge.objects.get().succeeded
    assert len(queued()) == 1
    assert 'name="manner"' not in client.get(f"/bank/{payment.id}/").content.decode()


def test_it_says_how_much_of_a_payment_was_sent_back(today: World, client: Client) -> None:
    order, payment = begun(today, client)
    press(client, payment.id, "now")
    for amount in (4900, 1000):
        about = {"payment_id": payment.id, "order_id": order.id, "amount": amount, "currency": "CNY"}
        Sandbox().refund(Refund(id=new_id(), **about), payment)
    html = client.get(f"/bank/{payment.id}/", headers={"accept-language": "en"}).content.decode()
    assert re.search(r"and \D*59\.00 of it has been sent back", html)


def test_another_customers_payment_is_not_there(today: World, client: Client) -> None:
    _, payment = begun(today, client)
    client.force_login(Member.objects.get(pk=today.member()))
    assert client.get(f"/bank/{payment.id}/").status_code == 404
    assert press(client, payment.id, "now").status_code == 404
    client.force_login(Member.objects.get(pk=today.member(is_staff=True)))
    assert client.get(f"/bank/{payment.id}/").status_code == 404
    assert (Charge.objects.count(), queued()) == (0, [])


def test_a_stranger_is_asked_to_sign_in(today: World, client: Client) -> None:
    _, payment = begun(today, client)
    client.logout()
    assert client.get(f"/bank/{payment.id}/").headers["location"] == f"/accounts/login/?next=/bank/{payment.id}/"
    assert press(client, payment.id, "now").status_code == 302
    assert Charge.objects.count() == 0


def test_nothing_else_is_there(today: World, client: Client) -> None:
    _, payment = begun(today, client)
    assert client.get(f"/bank/{new_id()}/").status_code == 404
    assert press(client, payment.id, "for-free").status_code == 400
    Payment.objects.update(provider="another")
    assert client.get(f"/bank/{payment.id}/").status_code == 404
    assert Charge.objects.count() == 0


def test_another_site_cannot_press_the_button(today: World) -> None:
    client = Client(enforce_csrf_checks=True)
    _, payment = begun(today, client)
    assert press(client, payment.id, "now").status_code == 403
