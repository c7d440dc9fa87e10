"""Choosing by what to pay, the page on which one pays, and the one for when the provider does not answer."""

from typing import Any

import pytest
from django.test import Client

from setaria.people.members.models import Member
from setaria.trade.orders.requests import Placed
from setaria.trade.payments.models import Payment
from tests.stripe.conftest import FakeStripe
from tests.world import HOUR, SECOND, World

BOTH = [("stripe", frozenset()), ("sandbox", frozenset({"cn"})), ("sandbox", frozenset({"us"}))]


@pytest.fixture
def order(store: World, member: Member) -> Placed:
    return store.placed((store.thing("phone", price=10_000, stock=5), 2), by=member.pk)


def test_the_buyer_chooses_where_there_is_a_choice(
    store: World,
    fan: Client,
    order: Placed,
    stripe: FakeStripe,
    settings: Any,
) -> None:
    settings.PAYMENT_PROVIDERS = BOTH
    page = fan.get(f"/orders/{order.id}/").content.decode()
    assert page.count('type="radio"') == 2
    for wish in ({}, {"provider": "nobody"}):
        answer = fan.post(f"/orders/{order.id}/pay", wish, follow=True)
        assert "Choose how you want to pay" in answer.content.decode()
    assert Payment.objects.count() == 0
    assert fan.post(f"/orders/{order.id}/pay", {"provider": "sandbox"}).status_code == 302
    assert Payment.objects.get().provider == "sandbox"


def test_the_card_form_is_stripes_and_only_its_page_lets_it_run(
    store: World,
    fan: Client,
    order: Placed,
    stripe: FakeStripe,
) -> None:
    answer = fan.post(f"/orders/{order.id}/pay", {"provider": "stripe"}, follow=True)
    page = answer.content.decode()
    payment = Payment.objects.get()
    assert payment.reference in page
    assert "sk_test" not in page
    assert f"script-src 'self' {stripe.url}" in answer.headers["Content-Security-Policy"]
    assert stripe.url not in fan.get(f"/orders/{order.id}/").headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"].startswith("max-age=0")


def test_a_provider_that_does_not_answer_gets_a_page(
    store: World,
    fan: Client,
    order: Placed,
    stripe: FakeStripe,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SETARIA_STRIPE_API_URL", "http://127.0.0.1:9")
    answer = fan.post(f"/orders/{order.id}/pay", follow=True)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "10"
    page = answer.content.decode()
    assert "Nothing was charged" in page
    payment = Payment.objects.get()
    assert f"/payments/{payment.pk}/" in page
    monkeypatch.setenv("SETARIA_STRIPE_API_URL", stripe.url)
    assert fan.get(f"/payments/{payment.pk}/").status_code == 200
    assert Payment.objects.count() == 1


def test_somebody_elses_payment_does_not_exist(store: World, fan: Client, visitor: Client, order: Placed) -> None:
    fan.post(f"/orders/{order.id}/pay")
    payment = Payment.objects.get()
    stranger = Client(headers={"accept-language": "en"})
    stranger.force_login(Member.objects.get(pk=store.member()))
    for path in ("", "back"):
        assert stranger.get(f"/payments/{payment.pk}/{path}").status_code == 404
        assert "/accounts/login/" in visitor.get(f"/payments/{payment.pk}/{path}")["Location"]
        assert fan.post(f"/payments/{payment.pk}/{path}").status_code == 405


def test_back_from_paying_the_worker_asks_at_once(store: World, fan: Client, order: Placed) -> None:
    fan.post(f"/orders/{order.id}/pay")
    store.later(SECOND)
    payment = Payment.objects.get()
    assert fan.get(f"/payments/{payment.pk}/back")["Location"] == f"/orders/{order.id}/"
    assert Payment.objects.get().ask_at == store.now


def test_what_can_no_longer_be_paid_leads_back(store: World, fan: Client, order: Placed) -> None:
    fan.post(f"/orders/{order.id}/pay")
    payment = Payment.objects.get()
    store.later(HOUR)
    assert fan.get(f"/payments/{payment.pk}/")["Location"] == f"/orders/{order.id}/"
