"""Buying without an account: seen by the browser that bought and by its link, and an account's once proven."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core import mail
from django.core.cache import cache
from django.db import connection
from django.test import Client

from setaria.channels.storefront.guest import page_of
from setaria.people.members.guests import guest_of
from setaria.people.members.models import Guest, Member
from setaria.people.notices.models import Message
from setaria.people.notices.send import send_due
from setaria.trade.news.tell import tell
from setaria.trade.orders.models import Destination, Order, Status
from setaria.trade.payments.models import Payment
from tests.people.conftest import PASSWORD, Post
from tests.storefront.test_basket import put
from tests.storefront.test_checkout import hidden
from tests.world import DAY, World


def buy(store: World, client: Client, contact: str = "guest@example.org") -> Order:
    put(client, store.thing(price=1_000, stock=5))
    answer = client.post("/checkout/", hidden(client) | {"contact": contact})
    assert answer.status_code == 302, answer.content.decode()
    tell(page_of, now=store.now)
    return Order.objects.get(pk=answer["Location"].split("/")[2])


def link() -> str:
    return str(Message.objects.latest("made_at").payload["path"])


def stranger() -> Client:
    return Client(headers={"accept-language": "en"})


@pytest.mark.parametrize(
    "contact, kept", [("Guest@Example.org", "guest@example.org"), ("138 0013 8000", "+8613800138000")]
)
def test_a_guest_buys_pays_and_follows_the_link(
    store: World, visitor: Client, post: Post, contact: str, kept: str
) -> None:
    order = buy(store, visitor, contact)
    assert Guest.objects.get().contact == kept
    assert Destination.objects.get().order_id == order.pk
    page = f"/orders/{order.pk}/"
    assert visitor.get(page).status_code == 200
    bank = visitor.post(page + "pay")["Location"]
    assert visitor.get(bank, follow=True).status_code == 200
    assert "login" in stranger().get(bank)["Location"]

    send_due(now=store.now)
    path = link()
    assert path in "".join(post.texts()) + "".join(str(one.body) for one in mail.outbox)
    other = stranger()
    assert other.get(page).status_code == 302
    assert other.get(path)["Location"] == page
    assert other.get(page).status_code == 200
    assert other.post(page + "cancel").status_code == 302
    order.refresh_from_db()
    assert order.status == Status.CANCELLED


def test_a_link_that_is_changed_or_old_opens_nothing(store: World, visitor: Client) -> None:
    buy(store, visitor)
    path = link()
    for wrong in (path[:-6] + "AAAA" + path[-2:], path[:-2] + "x/", "/orders/open/x/"):
        assert stranger().get(wrong).status_code == 404
    store.later(91 * DAY)
    assert stranger().get(path).status_code == 404


def test_a_typed_address_shows_nothing_of_its_other_orders(store: World, visitor: Client) -> None:
    first = buy(store, visitor)
    other = stranger()
    second = buy(store, other)
    assert first.customer_id == second.customer_id  # one customer, for limits
    assert other.get(f"/orders/{second.pk}/").status_code == 200
    assert other.get(f"/orders/{first.pk}/").status_code == 302


def test_an_orders_number_is_no_key_to_it(store: World, visitor: Client) -> None:
    """Who knows number, address and contents sends them again from elsewhere, and learns nothing."""
    put(visitor, store.thing(stock=5))
    sent = hidden(visitor) | {"contact": "guest@example.org"}
    order = visitor.post("/checkout/", sent)["Location"]
    other = stranger()
    put(other, store.thing(stock=1))
    assert other.post("/checkout/", sent)["Location"] == "/checkout/"
    assert other.get(order).status_code == 302


def test_sending_it_twice_gives_one_order_and_one_message(store: World, visitor: Client) -> None:
    put(visitor, store.thing(stock=5))
    sent = hidden(visitor) | {"contact": "guest@example.org"}
    assert visitor.post("/checkout/", sent)["Location"] == visitor.post("/checkout/", sent)["Location"]
    for _ in range(2):
        tell(page_of, now=store.now)
    assert Order.objects.count() == Message.objects.count() == Guest.objects.count() == 1


def test_a_double_click_makes_one_guest(store: World) -> None:
    def click(_: int) -> int:
        try:
            return guest_of("guest@example.org")
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(click, range(8)))) == 1
    assert Member.objects.count() == 1


def test_an_address_with_an_account_is_answered_alike_and_the_account_gets_nothing_unproven(
    store: World, account: Member, visitor: Client
) -> None:
    order = buy(store, visitor, "mi@example.org")
    assert order.customer_id != account.pk
    sign_in(stranger(), "mi@example.org")
    order.refresh_from_db()
    assert order.customer_id == account.pk  # its address is proven, and it signed in
    assert visitor.get(f"/orders/{order.pk}/").status_code == 302  # no guest's any more
    assert stranger().get(link())["Location"] == f"/orders/{order.pk}/"


def sign_in(client: Client, contact: str) -> None:
    assert client.post("/accounts/login/", {"login": contact, "password": PASSWORD}).status_code == 302


def test_an_account_made_afterwards_gets_the_orders_once_its_address_is_proven(
    store: World, visitor: Client, post: Post
) -> None:
    order = buy(store, visitor)
    visitor.post(f"/orders/{order.pk}/pay")
    visitor.post("/accounts/signup/", {"contact": "guest@example.org", "password1": PASSWORD})
    order.refresh_from_db()
    guest = Guest.objects.get().pk
    assert order.customer_id == guest  # typing it is not enough
    visitor.post("/accounts/confirm-email/", {"code": post.code()})
    order.refresh_from_db()
    made = Member.objects.get(email="guest@example.org")
    assert order.customer_id == made.pk
    assert Payment.objects.get().customer_id == made.pk
    assert str(order.pk) in visitor.get("/account/").content.decode()


def test_wrong_contacts_are_told_so(store: World, visitor: Client) -> None:
    put(visitor, store.thing(stock=5))
    sent = hidden(visitor)
    for contact in ("", "nobody", "12", "a@b", "x" * 300):
        answer = visitor.post("/checkout/", sent | {"contact": contact})
        assert answer.status_code == 422
        assert "field__error" in answer.content.decode()
    assert Order.objects.count() == Guest.objects.count() == 0


def test_a_guest_cannot_sign_in_or_come_into_a_drop(store: World, visitor: Client) -> None:
    buy(store, visitor)
    cache.clear()
    assert visitor.post("/accounts/login/", {"login": "guest@example.org", "password": ""}).status_code == 200
    drop = store.drop({store.thing(stock=5): 1})
    assert visitor.post(f"/drops/{drop.slug}/pass").status_code in (302, 401, 403)
    assert not re.search("sessionid=;", str(visitor.cookies))


@pytest.mark.parametrize(
    "country, postcode, phone, good",
    [("CN", "100085", "138 0000 0000", True), ("CN", "", "138 0000 0000", True), ("CN", "1000", "138 0000 0000", False),
     ("CN", "100085", "123", False), ("IN", "560001", "081234 56789", True), ("IN", "", "081234 56789", False),
     ("US", "95014-1234", "+1 201 555 0123", True), ("US", "ABC", "+1 201 555 0123", False)],
)  # fmt: skip
def test_an_address_is_as_its_country_writes_it(country: str, postcode: str, phone: str, good: bool) -> None:
    from setaria.channels.storefront.forms import AddressForm
    from setaria.people.members.countries import form_of

    region = next(iter(form_of(country).regions))
    form = AddressForm(
        country, {"recipient": "Mi", "phone": phone, "region": region, "city": "X", "street": "1", "postcode": postcode}
    )
    assert form.is_valid() == good, form.errors


def test_a_region_is_one_of_the_countrys(store: World, fan: Client) -> None:
    put(fan, store.thing(stock=5))
    assert fan.post("/checkout/", hidden(fan) | {"region": "Atlantis"}).status_code == 422
