"""Who comes in at a storefront is written to in its name, and led back to its own address."""

import re

import pytest
from django.core import mail
from django.test import Client

from setaria.channels.storefront.models import Presence, Storefront
from setaria.goods.inventory.models import Source
from setaria.markets.models import Channel
from setaria.people.members.models import Member
from setaria.people.notices.models import Message
from setaria.people.notices.send import send_due
from setaria.site.check import unreachable_storefronts, unsafe_settings
from tests.people.conftest import PASSWORD, Post
from tests.people.test_guests import buy
from tests.world import World

FAIR = {"code": "fair", "name": {"en": "The Fair", "zh-hans": "集市"}, "line": {"en": "."}}


@pytest.fixture
def at_its_domain(store: World, settings) -> Client:
    """A visitor of a storefront that has a domain."""
    settings.ALLOWED_HOSTS = ["testserver", "fair.example"]
    Storefront.objects.create(**FAIR, domain="fair.example")
    return Client(headers={"accept-language": "en", "host": "fair.example"}, enforce_csrf_checks=True)


def token(client: Client, path: str) -> dict[str, str]:
    found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', client.get(path).content.decode())
    assert found
    return {"csrfmiddlewaretoken": found[1]}


def ask_for_a_code(client: Client, contact: str, path: str = "/accounts/login/code/") -> None:
    sent = token(client, path) | {"contact": contact}
    assert client.post(path, sent, headers={"origin": "http://fair.example"}).status_code == 302


def test_a_mail_names_the_storefront_and_its_domain(at_its_domain: Client, account: Member) -> None:
    ask_for_a_code(at_its_domain, "mi@example.org")
    [sent] = mail.outbox
    assert "The Fair\nhttp://fair.example/" in sent.body
    assert "Setaria" not in sent.body + sent.subject


def test_one_without_an_account_is_written_to_in_the_same_name(at_its_domain: Client) -> None:
    ask_for_a_code(at_its_domain, "nobody@example.org")
    [sent] = mail.outbox
    assert "The Fair" in sent.body
    assert "http://fair.example/" in sent.body
    assert "Setaria" not in sent.body


def test_a_text_names_the_storefront(at_its_domain: Client, phone_account: Member, post: Post) -> None:
    ask_for_a_code(at_its_domain, "+86 138 0000 0000")
    assert "at The Fair" in post.texts()[0]


def test_at_a_path_the_mail_leads_there(store: World, account: Member) -> None:
    Storefront.objects.create(**FAIR, path="fair")
    Client(headers={"accept-language": "zh-CN"}).post("/fair/accounts/login/code/", {"contact": "mi@example.org"})
    assert "集市\nhttp://testserver/fair/" in mail.outbox[0].body


def test_one_signs_in_and_buys_at_the_domain(at_its_domain: Client, account: Member) -> None:
    sent = token(at_its_domain, "/accounts/login/") | {"login": "mi@example.org", "password": PASSWORD}
    answer = at_its_domain.post("/accounts/login/", sent, headers={"origin": "http://fair.example"})
    assert answer["Location"] == "/account/"
    refused = at_its_domain.post("/accounts/logout/", sent, headers={"origin": "http://evil.example"})
    assert refused.status_code == 403


def test_a_guests_link_leads_to_the_domain(store: World, settings, post: Post) -> None:
    settings.ALLOWED_HOSTS = ["testserver", "fair.example"]
    settings.BASE_URL = "https://shop.example"
    fair = Storefront.objects.create(**FAIR, domain="fair.example")
    channel = Channel.objects.create(code="fair", name={"en": "Fair"}, market=store.cn, kind="web")
    Presence.objects.create(channel=channel, storefront=fair)
    Source.objects.create(channel=channel, location=store.warehouse)
    buy(store, Client(headers={"accept-language": "en", "host": "fair.example"}))
    send_due(now=store.now)
    [sent] = mail.outbox
    assert "The Fair" in sent.body
    assert f"https://fair.example{Message.objects.get().payload['path']}" in sent.body


def told(settings, **changed: object) -> list[str]:
    for name, value in changed.items():
        setattr(settings, name, value)
    return [finding.msg for finding in [*unsafe_settings(), *unreachable_storefronts()]]


def test_check_says_which_storefront_nobody_can_reach(store: World, settings) -> None:
    Storefront.objects.create(**FAIR, domain="fair.example")
    hosts = ["shop.example"]
    found = told(settings, ALLOWED_HOSTS=hosts, BASE_URL="https://shop.example", PASSKEY_DOMAIN="shop.example")
    assert any("does not name fair.example" in one for one in found)
    assert any("not good at fair.example" in one for one in found)
    found = told(settings, ALLOWED_HOSTS=[*hosts, "fair.example"], PASSKEY_DOMAIN="")
    assert not any("fair.example" in one for one in found)


def test_check_says_when_the_store_itself_is_not_admitted(store: World, settings) -> None:
    found = told(settings, ALLOWED_HOSTS=["localhost"], BASE_URL="https://shop.example")
    assert any("does not name shop.example" in one for one in found)
    assert not any("does not name" in one for one in told(settings, ALLOWED_HOSTS=[".example"]))
