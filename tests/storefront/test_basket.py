"""The basket: what is put in stays, what changed is said, nonsense changes nothing."""

from collections.abc import Callable

import pytest
from django.test import Client

from setaria.goods.catalog.models import Product, Variant
from setaria.goods.pricing.price import set_price
from setaria.trade.orders.requests import ORDER_LINES_MAX
from tests.world import SECOND, World


def put(client: Client, variant: Variant, quantity: object = 1) -> str:
    return client.post("/basket/add", {"sku": variant.sku, "quantity": quantity}, follow=True).content.decode()


def look(client: Client) -> str:
    response = client.get("/basket/")
    assert response.status_code == 200
    return response.content.decode()


def test_what_is_put_in_stays_and_adds_up(store: World, visitor: Client) -> None:
    phone = store.thing("phone", price=10_000, stock=5)
    assert "phone · phone is in your basket." in put(visitor, phone)
    put(visitor, phone, 2)
    page = look(visitor)
    assert 'value="3"' in page
    assert "300</span></dd>" in page
    assert 'class="count" aria-hidden="true">3<' in page
    assert "Check out" in page


def test_a_line_is_changed_and_removed(store: World, visitor: Client) -> None:
    phone = store.thing("phone", stock=5)
    put(visitor, phone)
    visitor.post("/basket/change", {"sku": "PHONE", "quantity": "4"})
    assert 'value="4"' in look(visitor)
    visitor.post("/basket/change", {"sku": "PHONE", "remove": "1"})
    assert "Your basket is empty" in look(visitor)
    put(visitor, phone)
    visitor.post("/basket/change", {"sku": "PHONE", "quantity": "0"})
    assert "Your basket is empty" in look(visitor)


@pytest.mark.parametrize("quantity", ["-1", "0.5", "NaN", "1e9", "", "abc", "10001", "9" * 400, "١", "\x00", "１"])
def test_a_quantity_that_is_none_changes_nothing(store: World, visitor: Client, quantity: str) -> None:
    phone = store.thing("phone", stock=5)
    assert "A quantity is a whole number" in put(visitor, phone, quantity)
    assert "Your basket is empty" in look(visitor)
    put(visitor, phone, 2)
    page = visitor.post("/basket/change", {"sku": "PHONE", "quantity": quantity}, follow=True).content.decode()
    assert "A quantity is a whole number" in page
    assert 'value="2"' in page


@pytest.mark.parametrize("sku", ["", "NO-SUCH", "phone", "\x00", "x" * 5000, "'; --", "<b>"])
def test_an_unknown_sku_changes_nothing(store: World, visitor: Client, sku: str) -> None:
    store.thing("phone", stock=5)
    page = visitor.post("/basket/add", {"sku": sku, "quantity": "1"}, follow=True).content.decode()
    assert "There is no such product any more" in page
    page = visitor.post("/basket/change", {"sku": sku, "quantity": "1"}, follow=True).content.decode()
    assert "not in your basket" in page


@pytest.mark.parametrize("path", ["/basket/add", "/basket/change", "/choose/market", "/choose/theme"])
def test_buttons_are_not_links(store: World, visitor: Client, path: str) -> None:
    assert visitor.get(path).status_code == 405


def test_a_changed_price_is_told_beside_the_one_seen(store: World, visitor: Client) -> None:
    phone = store.thing("phone", price=10_000, stock=5)
    put(visitor, phone)
    set_price(phone.pk, store.cn.pk, 12_000, since=store.now + SECOND, now=store.now)
    store.later(2 * SECOND)
    page = look(visitor)
    assert "The price changed" in page
    assert "¥</span>100</span> when you put it in" in page
    assert "¥</span>120</span> now" in page
    visitor.post("/basket/change", {"sku": "PHONE", "quantity": "1"})
    assert "The price changed" not in look(visitor)


def test_a_line_that_ran_short_is_told_and_stops_the_checkout(store: World, visitor: Client) -> None:
    phone = store.thing("phone", stock=3)
    put(visitor, phone, 3)
    order = store.placed((phone, 2))
    assert "Only 1 is left" in look(visitor)
    assert "/checkout/" not in look(visitor)
    store.placed(phone)
    assert "Sold out since you put it in" in look(visitor)
    store.cancel(order)
    assert "Only 2 are left" in look(visitor)


def test_what_is_no_longer_published_is_taken_out_and_said(store: World, visitor: Client) -> None:
    put(visitor, store.thing("phone", stock=3))
    Product.objects.update(published=False)
    page = look(visitor)
    assert "PHONE is no longer sold" in page
    assert "no longer sold" not in look(visitor)


def test_sold_out_cannot_be_put_in(store: World, visitor: Client) -> None:
    assert "cannot be bought here" in put(visitor, store.thing("phone"))


def test_a_basket_holds_as_many_lines_as_an_order(store: World, visitor: Client) -> None:
    things = [store.thing(f"t{n}", stock=1) for n in range(ORDER_LINES_MAX + 1)]
    for thing in things[:-1]:
        visitor.post("/basket/add", {"sku": thing.sku, "quantity": "1"})
    assert f"at most {ORDER_LINES_MAX} different things" in put(visitor, things[-1])
    assert look(visitor).count('class="line__form"') == ORDER_LINES_MAX


def test_a_basket_goes_along_to_another_market_but_sells_nothing_there(store: World, visitor: Client) -> None:
    put(visitor, store.thing("phone", stock=3))
    visitor.cookies["market"] = "us"
    page = look(visitor)
    assert "Not sold in United States" in page
    assert "/checkout/" not in page
    visitor.cookies["market"] = "cn"
    assert "/checkout/" in look(visitor)


def test_a_session_with_rubbish_in_it_is_an_empty_basket(store: World, visitor: Client) -> None:
    put(visitor, store.thing("phone", stock=3))
    session = visitor.session
    for rubbish in ["x", ["PHONE"], {"PHONE": 3}, {"PHONE": {"quantity": -1}}, {"PHONE": {"quantity": "2"}}]:
        session["basket"] = rubbish
        session.save()
        assert "Your basket is empty" in look(visitor)


def test_the_basket_takes_as_many_queries_whatever_is_in_it(
    store: World, visitor: Client, queries_of: Callable[[Client, str], int]
) -> None:
    put(visitor, store.thing(stock=1))
    look(visitor)
    few = queries_of(visitor, "/basket/")
    for _ in range(12):
        visitor.post("/basket/add", {"sku": store.thing(stock=1).sku, "quantity": "1"})
    look(visitor)
    assert queries_of(visitor, "/basket/") == few <= 10
