"""What one does not want to be told: chosen in the account, stopped by one click from a mail, and heeded to the last moment."""

from collections.abc import Callable
from email import message_from_bytes
from email.policy import default

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.db import IntegrityError
from django.test import Client
from django.urls import reverse

from setaria.people.members.guests import guest_of
from setaria.people.members.models import Member
from setaria.people.notices import preferences
from setaria.people.notices.models import Message, Reader, Refusal
from setaria.people.notices.preferences import ALL, choose, opened, refuse, refused_by, stop_path
from setaria.people.notices.send import send_due
from setaria.people.notices.write import Note, write
from setaria.trade.privacy.export import export
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)

PAYLOAD = {"title": "Our price pledge", "text": "It stays.", "brand": "Setaria", "path": "/"}
OFFERS_BY_MAIL = ("offers", "email")


def announced(world: World, to: int, *, kind: str = "announcement_offers", channel: str = "email") -> None:
    """A message of a topic that may be refused waits."""
    write([Note("event", channel, "fan@example.org", "en", kind, PAYLOAD, to)], now=world.now)


def posted(world: World) -> mail.EmailMessage:
    send_due(world.now)
    (sent,) = mail.outbox
    return sent


def link_in(sent: mail.EmailMessage) -> str:
    """The path of a mail's one click, read from the bytes that go over the line."""
    letter = message_from_bytes(sent.message().as_bytes(), policy=default)
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    address = str(letter["List-Unsubscribe"]).strip()
    assert address.startswith("<http://127.0.0.1:8000/stop/")
    assert address.endswith("/>")
    body = letter.get_content()
    assert address.strip("<>") in body  # and for who reads
    return address.strip("<>").removeprefix("http://127.0.0.1:8000")


# --- one click ---


@pytest.mark.parametrize("who", ["member", "guest"])
def test_one_click_in_a_real_mail_stops_it_without_signing_in(store: World, visitor: Client, who: str) -> None:
    person = store.member() if who == "member" else guest_of("guest@example.org")
    announced(store, person)
    path = link_in(posted(store))
    click = Client(enforce_csrf_checks=True)  # as a mail program: no page of ours, no cookie
    answer = click.post(path, "List-Unsubscribe=One-Click", content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 200
    assert refused_by(person) == {OFFERS_BY_MAIL}
    assert click.post(path, {"List-Unsubscribe": "One-Click"}).status_code == 200  # again changes nothing
    assert Refusal.objects.count() == 1


def test_looking_changes_nothing(store: World, visitor: Client) -> None:
    person = store.member()
    path = stop_path(person, *OFFERS_BY_MAIL)
    for ask in (visitor.get, visitor.head):
        assert ask(path).status_code == 200
    page = visitor.get(path).content.decode()
    assert "Stop “Offers and news”?" in page
    assert "noindex" in page
    assert Refusal.objects.count() == 0


def test_the_page_stops_one_or_all_and_takes_it_back(store: World, visitor: Client) -> None:
    person = store.member()
    path = stop_path(person, "drops", "email")
    assert "You are not told any more" in visitor.post(path, {"do": "stop"}).content.decode()
    assert refused_by(person) == {("drops", "email")}
    visitor.post(path, {"do": "all"})
    assert refused_by(person) == {*ALL}
    visitor.post(path, {"do": "again"})
    assert refused_by(person) == {*ALL} - {("drops", "email")}


@pytest.mark.parametrize("token", ["x", "A" * 36, "é" * 36])
def test_a_link_that_is_not_ours_stops_nothing(store: World, visitor: Client, token: str) -> None:
    announced(store, store.member())
    for path in (
        f"/stop/{token}/",
        stop_path(store.member(), *OFFERS_BY_MAIL)[:-2] + "x/",
        stop_path(10**9, "drops", "sms"),
    ):
        assert visitor.post(path).status_code == 404
    assert Refusal.objects.count() == 0


def test_the_address_in_mails_is_the_pages() -> None:
    assert reverse("store:stop", args=["token"]) == preferences.PATH.format("token")


def test_every_choice_has_a_link_of_its_own(store: World) -> None:
    person = store.member()
    for choice in ALL:
        path = stop_path(person, *choice)
        assert opened(path.removeprefix("/stop/").rstrip("/")) == (person, choice)


def test_orders_and_what_one_asked_for_have_no_such_link(store: World) -> None:
    write([Note("event", "email", "fan@example.org", "en", "order_paid", {}, store.member())], now=store.now)
    assert "List-Unsubscribe" not in posted(store).extra_headers


# --- heeded ---


def test_what_was_refused_meanwhile_does_not_go_out(store: World) -> None:
    person = store.member()
    announced(store, person)
    announced(store, person, kind="announcement_drops", channel="sms")
    refuse(person, [OFFERS_BY_MAIL], now=store.now)
    assert send_due(store.now) == 2
    assert mail.outbox == []
    told = {message.channel: (message.sent_at, message.trouble) for message in Message.objects.all()}
    assert told["email"] == (None, "Undeliverable('not wanted')")
    assert told["sms"][0] is not None


def test_orders_are_told_whatever_was_refused(store: World) -> None:
    person = store.member()
    refuse(person, ALL, now=store.now)
    write([Note("event", "email", "fan@example.org", "en", "order_paid", {}, person)], now=store.now)
    assert posted(store).to == ["fan@example.org"]


def test_a_batch_asks_twice_who_refused_and_for_orders_never(store: World, django_assert_num_queries: Callable) -> None:
    people = [store.member() for _ in range(9)]
    some = [
        Message(template="announcement_drops", member_id=one, channel="email", recipient=f"{one}@x") for one in people
    ]
    with django_assert_num_queries(2):
        preferences.unwanted(some)
    with django_assert_num_queries(0):
        preferences.unwanted([Message(template="order_paid", member_id=1, channel="email")])


def test_the_database_lets_nobody_refuse_their_orders(store: World) -> None:
    with pytest.raises(IntegrityError, match="refusal_of_what_may_be_refused"):
        Refusal.objects.create(member_id=store.member(), topic="orders", channel="email", at=store.now)


# --- the same person ---


def test_who_proved_an_address_refuses_as_its_guest_too(store: World) -> None:
    guest = guest_of("fan@example.org")
    person = store.member()
    EmailAddress.objects.create(user_id=person, email="fan@example.org", verified=True, primary=True)
    refuse(guest, [OFFERS_BY_MAIL], now=store.now)
    assert refused_by(person) == refused_by(guest) == {OFFERS_BY_MAIL}
    choose(person, ALL, now=store.now)
    assert refused_by(guest) == set()


# --- the account ---


def test_one_chooses_in_the_account(fan: Client, member: Member, queries_of: Callable[[Client, str], int]) -> None:
    page = fan.get("/account/messages").content.decode()
    assert page.count(" checked") == len(ALL)
    kept = fan.post("/account/messages", {"drops-email": "on", "offers-push": "on"}, follow=True).content.decode()
    assert "you are told what you chose" in kept
    assert refused_by(member.pk) == {*ALL} - {("drops", "email"), ("offers", "push")}
    assert fan.get("/account/messages").content.decode().count(" checked") == 2
    assert 'href="/account/messages"' in fan.get("/account/").content.decode()
    assert queries_of(fan, "/account/messages") <= 6


def test_a_stranger_signs_in_first(store: World, visitor: Client) -> None:
    assert "/accounts/login/" in visitor.get("/account/messages")["Location"]


def test_it_is_among_ones_data(store: World, member: Member) -> None:
    refuse(member.pk, [OFFERS_BY_MAIL], now=store.now)
    assert b"not_told.json" in export(member, store.now)


def test_where_one_looks_around_is_noted(store: World, fan: Client, member: Member) -> None:
    fan.post("/choose/market", {"market": "us"})
    assert Reader.objects.get(member=member).market == store.us
