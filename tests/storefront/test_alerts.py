"""Being told, on the pages: asked where it is sold out, confirmed by a button, stopped by a link; bad input in words."""

import re

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client

from setaria.channels.storefront.alerts import path_of
from setaria.people.members.models import Member
from setaria.people.notices.send import send_due
from setaria.trade.alerts.models import Alert
from setaria.trade.alerts.tell import due_back, due_drops, tell_some
from tests.world import HOUR, World


def wanted(client: Client, **fields: str) -> str:
    return client.post("/alerts/want", fields, follow=True).content.decode()


def link() -> str:
    return re.search(r"http://127.0.0.1:8000(/alerts/\S+)", str(mail.outbox[-1].body)).group(1)  # type: ignore[union-attr]


def test_from_sold_out_to_the_message(store: World, visitor: Client) -> None:
    phone = store.thing("phone")
    page = visitor.get("/products/phone/").content.decode()
    assert "Tell me when it is back" in page
    assert "We have sent a message to A@b.example" in wanted(visitor, sku="PHONE", email="A@b.example")
    send_due(store.now)
    assert "Shall we tell you about phone?" in mail.outbox[0].subject
    page = visitor.get(link()).content.decode()
    assert "Without your word we do not" in page
    assert Alert.objects.get().confirmed_at is None  # looking says nothing
    assert "Noted." in visitor.post(link(), {"confirm": "1"}, follow=True).content.decode()
    store.receive(phone, 1)
    assert "Tell me when it is back" not in visitor.get("/products/phone/").content.decode()
    tell_some(due_back(store.now), "alert_back", path_of, now=store.now)
    send_due(store.now)
    assert mail.outbox[1].subject == "phone is back"
    assert "/products/phone/?sku=PHONE" in mail.outbox[1].body
    assert "It was the only one" in visitor.get(link()).content.decode()


def test_where_only_some_is_sold_out_it_says_what(store: World, visitor: Client) -> None:
    shirt = store.thing("shirt", stock=1)
    for sku in ("white", "green"):
        store.thing(sku, product=shirt.product)
        page = visitor.get("/products/shirt/").content.decode()
        said = (
            "Sold out: white. Tell me when it is back"
            if sku == "white"
            else "Some are sold out. Tell me when one is back"
        )
        assert said in page


def test_a_member_whose_address_is_proven_is_not_asked(store: World, fan: Client, member: Member) -> None:
    store.thing("phone")
    assert "We have sent a message" in wanted(fan, sku="PHONE", email="other@example.org")
    EmailAddress.objects.create(user=member, email=member.email, verified=True, primary=True)
    assert "Noted." in wanted(fan, sku="PHONE")
    alert = Alert.objects.get()
    assert (alert.email, alert.member_id, alert.confirmed_at) == (member.email, member.pk, store.now)


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_a_drop_that_comes_is_told_of_in_ones_language_and_its_own_time(store: World, language: str) -> None:
    store.drop({store.thing(stock=5): 5}, slug="night", opens_at=store.now + HOUR)
    client = Client(headers={"accept-language": language})
    assert 'name="drop" value="night"' in client.get("/drops/night/").content.decode()
    wanted(client, drop="night", email="a@b.example")
    Alert.objects.update(confirmed_at=store.now)
    store.later(HOUR)
    tell_some(due_drops(store.now - 1 * HOUR / 4), "alert_drop", path_of, now=store.now)
    send_due(store.now - 1 * HOUR / 60) or send_due(store.now)
    subject = mail.outbox[-1].subject
    assert "night" in subject
    assert any("一" <= letter <= "鿿" for letter in subject) == (language == "zh-hans")


def test_a_program_unsubscribes_with_one_click(store: World) -> None:
    for sku in ("phone", "case"):
        store.thing(sku)
    program = Client(enforce_csrf_checks=True)
    visitor = Client()
    for sku in ("PHONE", "CASE"):
        wanted(visitor, sku=sku, email="a@b.example")
    send_due(store.now)
    assert program.post(link(), {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert Alert.objects.count() == 0
    assert visitor.get(link()).status_code == 404


def test_only_this_one_is_stopped(store: World, visitor: Client) -> None:
    for sku in ("phone", "case"):
        store.thing(sku)
        wanted(visitor, sku=sku.upper(), email="a@b.example")
    send_due(store.now)
    visitor.post(link(), {"stop": "1"})
    assert Alert.objects.count() == 1


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"sku": "PHONE", "email": ""}, "Write an email address"), ({"sku": "PHONE", "email": "x"}, "Write an email address"),
        ({"sku": "PHONE", "email": "a@b.example\nBcc: c@d.example"}, "Write an email address"),
        ({"sku": "PHONE", "email": "a@" + "b" * 300 + ".example"}, "Write an email address"),
        ({"sku": "NOTHING", "email": "a@b.example"}, "There is no such product"), ({"sku": "\x00", "email": "a@b.example"}, "There is no such product"),
        ({"sku": "CASE", "email": "a@b.example"}, "It is in stock right now"), ({}, "There is no such sale"),
        ({"drop": "\x00", "email": "a@b.example"}, "There is no such sale"), ({"drop": "open", "email": "a@b.example"}, "has opened already"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_said_and_nothing_noted(
    store: World, visitor: Client, fields: dict[str, str], said: str
) -> None:
    store.thing("phone")
    case = store.thing("case", stock=9)
    store.drop({case: 1}, slug="open")
    assert said in wanted(visitor, **fields)
    assert Alert.objects.count() == 0


def test_where_nothing_is_sold_nothing_is_waited_for(store: World, visitor: Client) -> None:
    store.thing("phone")
    visitor.cookies["market"] = "us"
    assert "Tell me when" not in visitor.get("/products/phone/").content.decode()
    assert "There is no such product" in wanted(visitor, sku="PHONE", email="a@b.example")


@pytest.mark.parametrize("token", ["x", "A" * 43, "A" * 44, "é", "A" * 3_000])
def test_a_made_up_link_shows_and_does_nothing(store: World, visitor: Client, token: str) -> None:
    store.thing("phone")
    wanted(visitor, sku="PHONE", email="a@b.example")
    assert visitor.get(f"/alerts/{token}/").status_code == 404
    assert visitor.post(f"/alerts/{token}/", {"all": "1"}).status_code == 404
    assert Alert.objects.count() == 1
