"""From basket to order: one order whatever one clicks, and every refusal in words."""

import re
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import psycopg
import pytest
from django.db import connection
from django.test import Client

from setaria.channels.storefront import refusals
from setaria.goods.pricing.price import set_price
from setaria.kernel.ids import new_id
from setaria.people.members.models import Address, Member
from setaria.trade.orders.models import Destination, Line, Order
from setaria.trade.orders.place import place
from setaria.trade.orders.requests import Code, Refused
from setaria.trade.purchases import buy
from tests.storefront.conftest import ADDRESS
from tests.storefront.test_basket import look, put
from tests.world import SECOND, World


def hidden(client: Client) -> dict[str, object]:
    """What the checkout page would send: its hidden fields."""
    response = client.get("/checkout/")
    assert response.status_code == 200
    return fields_of(response.content.decode())


def fields_of(page: str) -> dict[str, object]:
    """The hidden fields of a checkout page, and an address."""
    found = re.findall(r'<input type="hidden" name="(order|channel|line|seen|delivery)" value="([^"]+)">', page)
    fields: dict[str, object] = {name: value for name, value in found if name != "line"}
    return fields | {"line": [value for name, value in found if name == "line"]} | ADDRESS


def test_a_basket_becomes_an_order(store: World, fan: Client, member: Member) -> None:
    phone = store.thing("phone", price=10_000, stock=5)
    put(fan, phone, 2)
    put(fan, store.thing("case", price=500, stock=5))
    sent = hidden(fan)
    response = fan.post("/checkout/", sent)
    assert response.status_code == 302
    assert response["Location"] == f"/orders/{sent['order']}/"
    order = Order.objects.get()
    assert (order.pk, order.customer_id, order.total) == (UUID(str(sent["order"])), member.pk, 20_500)
    assert store.stock(phone) == (5, 2)
    assert Destination.objects.get().city == "Beijing"
    assert (Address.objects.get().member_id, Address.objects.get().country) == (member.pk, "CN")
    assert "Your basket is empty" in look(fan)


def test_the_latest_address_is_filled_in(store: World, fan: Client) -> None:
    for city in ("Beijing", "Chengdu"):
        put(fan, store.thing(stock=1))
        fan.post("/checkout/", hidden(fan) | {"city": city})
        store.later(SECOND)
    put(fan, store.thing(stock=1))
    assert 'value="Chengdu"' in fan.get("/checkout/").content.decode()
    assert Address.objects.count() == 2


def test_sending_it_again_gives_the_same_order(store: World, fan: Client) -> None:
    phone = store.thing("phone", stock=5)
    put(fan, phone)
    sent = hidden(fan)
    first, second = fan.post("/checkout/", sent), fan.post("/checkout/", sent)
    assert first["Location"] == second["Location"]
    assert Order.objects.count() == Destination.objects.count() == Address.objects.count() == 1
    assert store.stock(phone) == (5, 1)


def test_a_double_click_gives_one_order(store: World, fan: Client, member: Member) -> None:
    put(fan, store.thing("phone", stock=5))
    sent = hidden(fan)

    def click(_: int) -> str:
        try:
            client = Client(headers={"accept-language": "en"})
            client.cookies = fan.cookies
            return client.post("/checkout/", sent)["Location"]
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as clicks:
        assert set(clicks.map(click, range(4))) == {f"/orders/{sent['order']}/"}
    assert Order.objects.count() == Line.objects.count() == Address.objects.count() == 1


def test_a_changed_price_is_shown_and_asked_again(store: World, fan: Client) -> None:
    phone = store.thing("phone", price=10_000, stock=5)
    put(fan, phone)
    sent = hidden(fan)
    set_price(phone.pk, store.cn.pk, 12_000, since=store.now + SECOND, now=store.now)
    store.later(2 * SECOND)
    response = fan.post("/checkout/", sent)
    page = response.content.decode()
    assert response.status_code == 422
    assert "The price of phone · phone has changed" in page
    assert "¥</span>100</span> before" in page
    assert Order.objects.count() == 0
    assert f"{phone.pk}:1:12000" in page
    assert str(sent["order"]) in page
    assert 'value="Qinghe 68"' in page
    fan.post("/checkout/", fields_of(page) | {"line": [f"{phone.pk}:1:12000"]})
    assert Order.objects.get().total == 12_000


def test_sold_out_is_told_and_the_basket_kept(store: World, fan: Client) -> None:
    phone = store.thing("phone", stock=1)
    put(fan, phone)
    sent = hidden(fan)
    store.placed(phone)
    response = fan.post("/checkout/", sent)
    page = response.content.decode()
    assert response.status_code == 422
    assert "There are not enough of phone · phone left" in page
    assert "Back to the basket" in page
    assert "phone" in look(fan)


def test_an_order_of_somebody_else_under_the_same_id_is_refused(store: World, fan: Client) -> None:
    phone = store.thing("phone", stock=5)
    theirs = store.placed(phone)
    put(fan, phone)
    page = fan.post("/checkout/", hidden(fan) | {"order": str(theirs.id)}).content.decode()
    assert "already sent with other contents" in page
    assert Order.objects.count() == 1
    assert Destination.objects.count() == 0


def test_an_address_that_is_wrong_is_asked_again_and_nothing_ordered(store: World, fan: Client) -> None:
    put(fan, store.thing("phone", stock=5))
    sent = hidden(fan)
    response = fan.post("/checkout/", sent | {"city": "", "phone": "<call me>", "street": "x" * 200})
    assert response.status_code == 422
    page = response.content.decode()
    assert "Write a telephone number" in page
    assert 'aria-invalid="true"' in page
    assert str(sent["order"]) in page
    assert Order.objects.count() == 0


@pytest.mark.parametrize(
    "wrong",
    [{"order": "x"}, {"order": ""}, {"line": []}, {"line": ["1:1"]}, {"line": ["1:1:-5"]}, {"line": ["NaN:1:1"]},
     {"line": ["9999999999:1:1"]}, {"line": ["4294967296:1:1"]}, {"line": ["1:1:1"] * 60}, {"channel": "x"},
     {"channel": ""}, {"line": ["1:99999:1"]}, {"line": ["1:0:1"]}, {"line": ["1:1:999999999999999"]},
     {"line": ["1:1:1", "1:1:1"]}, {"line": ["١:1:1"]}, {"recipient": "\x00"}],
)  # fmt: skip
def test_nonsense_is_refused_in_words_and_nothing_ordered(store: World, fan: Client, wrong: dict[str, object]) -> None:
    put(fan, store.thing("phone", stock=5))
    response = fan.post("/checkout/", hidden(fan) | wrong, follow=True)
    assert response.status_code in (200, 422)
    assert "note--error" in response.content.decode() or "field__error" in response.content.decode()
    assert Order.objects.count() == 0
    assert "phone" in look(fan)


def test_a_market_changed_in_another_window_orders_nothing(store: World, fan: Client) -> None:
    put(fan, store.thing("phone", stock=5))
    sent = hidden(fan)
    fan.cookies["market"] = "us"
    page = fan.post("/checkout/", sent, follow=True).content.decode()
    assert "The market was changed in another window" in page
    assert Order.objects.count() == 0


def test_an_informing_market_has_no_checkout(store: World, fan: Client) -> None:
    put(fan, store.thing("phone", stock=5))
    fan.cookies["market"] = "us"
    assert fan.get("/checkout/")["Location"] == "/basket/"


def test_one_may_sign_in_first_and_keeps_the_basket(store: World, visitor: Client) -> None:
    put(visitor, store.thing("phone", stock=5))
    assert "/accounts/login/?next=/checkout/" in visitor.get("/checkout/").content.decode()
    member = Member.objects.create_user("mi@example.org", "millet-and-rifles")
    sent = {"login": member.email, "password": "millet-and-rifles"}
    assert visitor.post("/accounts/login/?next=/checkout/", sent)["Location"] == "/checkout/"
    assert "phone" in visitor.get("/checkout/").content.decode()


def test_an_empty_basket_has_no_checkout(store: World, fan: Client) -> None:
    assert fan.get("/checkout/")["Location"] == "/basket/"


def test_a_lost_connection_is_looked_up_before_it_is_answered(
    store: World, fan: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(fan, store.thing("phone", stock=5))
    sent = hidden(fan)

    def lost(*args: object, **kwargs: object) -> None:
        raise psycopg.OperationalError("the connection is lost")

    monkeypatch.setattr(buy, "place", lost)
    page = fan.post("/checkout/", sent).content.decode()
    assert "it will not be placed twice" in page
    assert str(sent["order"]) in page

    losing = [True]

    def committed_then_lost(*args: object, **kwargs: object) -> object:
        answers = place(*args, **kwargs)  # type: ignore[arg-type]
        if losing and losing.pop():
            lost()
        return answers

    monkeypatch.setattr(buy, "place", committed_then_lost)
    assert fan.post("/checkout/", sent)["Location"] == f"/orders/{sent['order']}/"


@pytest.mark.parametrize("code", list(Code))
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_refusal_has_words_in_both_languages(code: Code, language: str) -> None:
    from django.utils import translation

    with translation.override(language):
        said = refusals.in_words(Refused(new_id(), code), {})
    assert said
    assert "%" not in said
    assert any("一" <= letter <= "鿿" for letter in said) == (language == "zh-hans")
