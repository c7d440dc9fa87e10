"""A guest is forgotten by whoever has proven the contact, and by nobody else; the books stay."""

import re

import pytest
from django.core import mail
from django.test import Client

from setaria.people.members.guests import guest_of
from setaria.people.members.models import Guest, Member
from setaria.people.notices.models import Message
from setaria.people.notices.send import send_due
from setaria.trade.alerts.models import Alert
from setaria.trade.orders.models import Destination, Order
from tests.people.conftest import Post
from tests.people.test_guests import buy, stranger
from tests.world import DAY, World

GUEST = "guest@example.org"


def ask(store: World, contact: str = GUEST, client: Client | None = None) -> str:
    """Ask to be forgotten; return the path in the message, if any."""
    client = client or stranger()
    before = set(Message.objects.values_list("pk", flat=True))
    answer = client.post("/forget/", {"contact": contact}, follow=True)
    assert "We have sent a message" in answer.content.decode()
    send_due(now=store.now)
    return str(Message.objects.exclude(pk__in=before).get().payload["path"])


def test_a_guest_is_forgotten_and_the_books_stay(store: World, visitor: Client, post: Post) -> None:
    order = buy(store, visitor)
    visitor.post(f"/orders/{order.pk}/cancel")
    path = ask(store)
    assert path in mail.outbox[-1].body
    client = stranger()
    page = client.get(path).content.decode()
    assert "one order was placed" in page
    assert Guest.objects.get().contact == GUEST  # looking changes nothing
    assert client.post(path).status_code == 422  # not sure
    assert client.post(path, {"sure": "yes"})["Location"] == "/"
    assert Guest.objects.get().contact is None
    went = Destination.objects.get()
    assert (went.recipient, went.phone, went.street) == ("", "", "")
    assert Order.objects.get().total == order.total
    assert not Message.objects.filter(recipient=GUEST).exists()
    assert store.breaches() == {}
    assert visitor.get(f"/orders/{order.pk}/").status_code != 500
    assert client.get(path).status_code == 404  # used up
    assert guest_of(GUEST) != order.customer_id  # the next order is somebody new's


def test_everybody_hears_the_same_and_gets_a_message(store: World, visitor: Client, post: Post) -> None:
    buy(store, visitor)
    said = []
    for contact in (GUEST, "nobody@example.org"):
        page = stranger().post("/forget/", {"contact": contact}, follow=True).content.decode()
        said.append(re.sub(r'value="\w{64}"|data-now="\d+"', "", page.replace(contact, "X")))
    assert said[0] == said[1]
    send_due(now=store.now)
    assert ask(store, "nobody@example.org") == ""
    [told] = [one for one in mail.outbox if one.to == ["nobody@example.org"]][-1:]
    assert "nothing was kept" in told.body


def test_a_number_gets_a_text(store: World, visitor: Client, post: Post) -> None:
    order = buy(store, visitor, "138 0013 8000")
    visitor.post(f"/orders/{order.pk}/cancel")
    path = ask(store, "+86 138 0013 8000")
    assert path in post.texts()[0]
    assert stranger().post(path, {"sure": "yes"})["Location"] == "/"


def test_what_is_under_way_comes_first_and_can_be_reached(store: World, visitor: Client) -> None:
    order = buy(store, visitor)
    path, client = ask(store), stranger()
    assert f'href="/orders/{order.pk}/"' in client.get(path).content.decode()
    assert client.get(f"/orders/{order.pk}/").status_code == 200  # the contact is proven
    assert client.post(path, {"sure": "yes"}).status_code == 409
    assert Guest.objects.get().contact == GUEST


@pytest.mark.parametrize("change", [lambda p: p[:-3] + "x/", lambda p: "/forget/x/", lambda p: p.upper()])
def test_a_link_that_is_not_ours_is_nothing(store: World, visitor: Client, change) -> None:
    buy(store, visitor)
    assert stranger().get(change(ask(store))).status_code == 404
    assert stranger().post(change(ask(store)), {"sure": "yes"}).status_code == 404


def test_a_link_is_good_for_a_day(store: World, visitor: Client) -> None:
    buy(store, visitor)
    path = ask(store)
    store.later(DAY)
    assert stranger().get(path).status_code == 404


def test_the_account_of_the_same_address_stays(store: World, visitor: Client, account: Member) -> None:
    order = buy(store, visitor, "other@example.org")
    visitor.post(f"/orders/{order.pk}/cancel")
    assert stranger().post(ask(store, "other@example.org"), {"sure": "yes"})["Location"] == "/"
    account.refresh_from_db()
    assert account.email == "mi@example.org"
    assert not Alert.objects.exists()


@pytest.mark.parametrize("contact", ["", "x", "@", "\x00", "a@b\x00.org", "1" * 300, "😀"])
def test_nonsense_is_asked_again(store: World, contact: str) -> None:
    answer = stranger().post("/forget/", {"contact": contact})
    assert answer.status_code == 422
    assert Message.objects.count() == 0


def test_asking_too_often_is_refused(store: World, visitor: Client) -> None:
    codes = [stranger().post("/forget/", {"contact": GUEST}).status_code for _ in range(7)]
    assert codes[-1] == 429
