"""What the store keeps in memory is what the database says: a price at once, stock within a second."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.template import Context, Template
from django.test import Client
from django.test.utils import CaptureQueriesContext

from setaria.channels.storefront.kept import Pieces
from setaria.goods.catalog.models import Kind, Picture, Product
from setaria.goods.inventory.models import Location
from setaria.goods.pricing.price import set_price
from setaria.site import settings as real
from tests.storefront.test_browse import fill, text
from tests.world import HOUR, SECOND, World

PAGES = ["/", "/kinds/thing/", "/products/phone/"]


@pytest.mark.parametrize("path", PAGES)
def test_a_price_is_seen_from_the_instant_at_which_it_begins(store: World, visitor: Client, path: str) -> None:
    phone = store.thing("phone", price=199_900, stock=1)
    assert "1,999" in text(visitor, path)
    set_price(phone.id, store.cn.id, 99_900, since=store.now + HOUR, now=store.now)
    assert "1,999" in text(visitor, path)
    store.later(HOUR - timedelta(milliseconds=1))
    assert "1,999" in text(visitor, path)
    store.later(timedelta(milliseconds=1))
    page = text(visitor, path)
    assert "999" in page
    assert "1,999" not in page


def test_without_the_version_an_old_price_would_stay(broken_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin: it is the version that proves what is remembered."""
    from setaria.kernel import clock

    store, visitor = broken_world, Client(headers={"accept-language": "en"})
    monkeypatch.setattr(clock, "now", lambda: store.now)
    phone = store.thing("phone", price=199_900, stock=1)
    text(visitor, "/kinds/thing/")
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE pricing_price DISABLE TRIGGER raise_terms_version")
        try:
            set_price(phone.id, store.cn.id, 99_900, since=store.now + SECOND, now=store.now)
            store.later(2 * SECOND)
            assert "1,999" in text(visitor, "/kinds/thing/")
        finally:
            cursor.execute("ALTER TABLE pricing_price ENABLE TRIGGER raise_terms_version")
    store.thing()
    assert "1,999" not in text(visitor, "/kinds/thing/")


@pytest.mark.parametrize("path", PAGES)
def test_a_sell_out_and_its_end_are_seen_at_once(store: World, visitor: Client, settings: Any, path: str) -> None:
    settings.STOREFRONT_STOCK_SECONDS = 3600.0
    phone = store.thing("phone", stock=1)
    assert "Sold out" not in text(visitor, path)
    order = store.placed(phone)
    assert "Sold out" in text(visitor, path)
    store.cancel(order)
    assert "Sold out" not in text(visitor, path)


def test_what_is_counted_by_stock_follows_within_a_second(store: World, visitor: Client, settings: Any) -> None:
    store.thing("other", stock=1)
    phone = store.thing("phone", stock=1)

    def in_stock() -> list[str]:
        listing = visitor.get("/kinds/thing/?in_stock=true").context["listing"]
        return [card.product.slug for card in listing.cards]

    settings.STOREFRONT_STOCK_SECONDS = 3600.0
    assert in_stock() == ["other", "phone"]
    store.placed(phone)
    assert in_stock() == ["other", "phone"]  # not looked at again yet, so that the test below says something
    settings.STOREFRONT_STOCK_SECONDS = 0.0
    assert in_stock() == ["other"]
    store.receive(phone, 1)
    assert in_stock() == ["other", "phone"]
    assert 2 * real.STOREFRONT_STOCK_SECONDS <= 1  # others go by the last look while one looks, up to twice that


def test_whatever_a_page_shows_is_seen_when_it_changes(store: World, visitor: Client) -> None:
    phone = store.thing("phone", stock=1)
    Picture.objects.create(product=phone.product, path="demo/one.svg", alt={"en": "x"})
    text(visitor, "/products/phone/")
    Picture.objects.update(path="demo/two.svg")
    assert "demo/two.svg" in text(visitor, "/products/phone/")
    Kind.objects.update(name={"en": "Telephones"})
    assert "Telephones" in text(visitor, "/products/phone/")
    Location.objects.filter(pk=store.warehouse.pk).update(name={"en": "Shed 9"})
    assert "Shed 9" in text(visitor, "/products/phone/")
    Product.objects.update(name={"en": "The phone"})
    assert "The phone" in text(visitor, "/kinds/thing/")
    Product.objects.update(published=False)
    assert visitor.get("/products/phone/").status_code == 404


def test_markets_keep_windows_of_their_own(store: World, visitor: Client) -> None:
    store.thing("unpriced", price=None)
    assert "/products/unpriced/" not in text(visitor, "/")
    visitor.cookies["market"] = "us"
    assert "/products/unpriced/" in text(visitor, "/")
    del visitor.cookies["market"]
    assert "/products/unpriced/" not in text(visitor, "/")


def test_a_change_costs_the_next_page_a_few_queries_whatever_the_catalogue(store: World, visitor: Client) -> None:
    def after_a_change() -> int:
        store.thing(stock=1)
        with CaptureQueriesContext(connection) as seen:
            text(visitor, "/kinds/thing/")
        return len(seen)

    fill(store, 3, "few")
    few = after_a_change()
    fill(store, 40, "many")
    assert after_a_change() == few <= 20


def test_pieces_are_kept_by_key_and_the_oldest_go_first() -> None:
    pieces, made = Pieces(bytes_max=1_000), []

    def piece(name: str) -> Callable[[], str]:
        return lambda: made.append(name) or name * 100

    assert pieces.get(("a",), piece("a")) == pieces.get(("a",), piece("x")) == "a" * 100
    for name in "bc":
        pieces.get((name,), piece(name))
    pieces.get(("c",), piece("c"))
    pieces.get(("a",), piece("a"))
    assert made == ["a", "b", "c", "a"]


def test_what_is_the_visitors_own_stands_in_holes() -> None:
    template = Template(
        '{% load store %}{% piece "outer" %}{% piece "form" %}<form>{% csrf_token %}</form>{% endpiece %}'
        '<a href="{% hole "here" %}">{{ asked }}</a>{% endpiece %}'
    )

    def rendered(token: str, here: str) -> str:
        return template.render(Context({"csrf_token": token, "here": here, "asked": "kept"}))

    first, second = rendered("one", "/?a=1&b"), rendered("another", "/<b>")
    assert 'value="one"' in first
    assert 'href="/?a=1&amp;b"' in first
    assert second == first.replace('"one"', '"another"').replace("/?a=1&amp;b", "/&lt;b&gt;")
    assert "\x00" not in first + second


def test_a_hole_that_somebody_writes_into_a_text_stays_text() -> None:
    template = Template('{% load store %}{% piece "said" text %}{{ text }}{% hole "here" %}{% endpiece %}')
    said = "\x000123456789abcdef:csrf_token\x00"
    assert template.render(Context({"text": said, "here": "/", "csrf_token": "secret"})) == said + "/"
