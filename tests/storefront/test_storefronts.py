"""Several storefronts on one core: who is meant by an address, what each shows, and that stock and price are one."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from setaria.channels.storefront.models import Listed, Presence, Storefront
from setaria.goods.catalog.models import Variant
from setaria.goods.inventory.models import Source
from setaria.goods.pricing.price import set_price
from setaria.goods.search.refresh import refresh
from setaria.markets.models import Channel
from setaria.trade.orders.models import Order
from tests.storefront.test_checkout import fields_of
from tests.world import SECOND, World

THEME = {"both": {"r-l": "0"}, "light": {"paper": "#eef"}, "dark": {"paper": "#112"}}


class Second:
    """A curated store under /fair/, which sells from the first one's warehouse through a channel of its own."""

    def __init__(self, store: World, **fields: object) -> None:
        what = {"path": "fair", "assortment": "chosen", "theme": THEME} | fields
        self.storefront = Storefront.objects.create(
            code="fair", name={"en": "The Fair"}, line={"en": "Chosen one by one."}, position=1, **what
        )
        self.channel = Channel.objects.create(code="fair", name={"en": "Fair"}, market=store.cn, kind="web")
        Presence.objects.create(channel=self.channel, storefront=self.storefront)
        Source.objects.create(channel=self.channel, location=store.warehouse)

    def lists(self, *variants: Variant) -> None:
        for variant in variants:
            Listed.objects.create(storefront=self.storefront, product=variant.product)


@pytest.fixture
def fair(store: World) -> Second:
    return Second(store)


def text(client: Client, path: str, status: int = 200, **how: object) -> str:
    response = client.get(path, **how)
    assert response.status_code == status, (path, response.status_code)
    return response.content.decode()


def test_each_storefront_has_its_name_look_and_goods(store: World, fair: Second, visitor: Client) -> None:
    both, _only_first, only_fair = (
        store.thing("both", stock=3),
        store.thing("plain", stock=3),
        store.thing("fine", stock=3),
    )
    fair.lists(both, only_fair)
    first = Storefront.objects.create(code="first", name={"en": "Maker"}, line={"en": "We make."})
    Listed.objects.create(storefront=first, product=only_fair.product)

    page = text(visitor, "/")
    assert "<title>Maker</title>" in page
    assert "/theme-" not in page
    assert "/products/both/" in page
    assert "/products/plain/" in page
    assert "/products/fine/" not in page

    page = text(visitor, "/fair/")
    assert "<title>The Fair</title>" in page
    assert '"/fair/products/both/"' in page
    assert '"/fair/products/fine/"' in page
    assert "products/plain/" not in page
    sheet = page.split('href="/fair/theme-')[1].split('"')[0]
    css = visitor.get(f"/fair/theme-{sheet}")
    assert "--paper:#112" in css.content.decode()
    assert "immutable" in css["Cache-Control"]
    assert visitor.get("/fair/theme-old.css")["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("path", ["kinds/thing/", "search/?q=plain", "search/suggest?q=plain", "products/plain/"])
def test_nothing_leaks_from_another_assortment(store: World, fair: Second, visitor: Client, path: str) -> None:
    store.thing("plain", stock=1)
    refresh()
    assert b"products/plain/" in visitor.get(f"/{path}").content or path.startswith("products")
    assert b"/fair/products/plain/" not in visitor.get(f"/fair/{path}").content


def test_a_product_of_another_storefront_leads_there(store: World, fair: Second, visitor: Client) -> None:
    plain, fine = store.thing("plain", stock=1), store.thing("fine", stock=1)
    fair.lists(fine)
    first = Storefront.objects.create(code="first", name={"en": "Maker"}, line={"en": "We make."})
    Listed.objects.create(storefront=first, product=fine.product)
    assert visitor.get("/products/fine/?sku=FINE")["Location"] == "/fair/products/fine/?sku=FINE"
    assert visitor.get("/fair/products/plain/")["Location"] == "/products/plain/"
    plain.product.published = False
    plain.product.save()
    text(visitor, "/fair/products/plain/", status=404)


def test_stock_and_price_are_one(store: World, fair: Second, fan: Client) -> None:
    """R-066: sold in one, gone from both; a new price is the price of both."""
    last = store.thing("last", price=4900, stock=1)
    fair.lists(last)
    set_price(last.id, store.cn.id, 3900, since=store.now + SECOND, now=store.now)
    store.later(SECOND)
    for home in ("/", "/fair/"):
        page = text(fan, f"{home}products/last/")
        assert "</span>39</span>" in page
        assert "Add to basket" in page
    fan.post("/fair/basket/add", {"sku": last.sku, "quantity": "1"})
    answer = fan.post("/fair/checkout/", fields_of(text(fan, "/fair/checkout/")))
    order = Order.objects.get()
    assert answer["Location"] == f"/fair/orders/{order.pk}/"
    assert order.channel_id == fair.channel.pk
    assert store.stock(last) == (1, 1)
    for home in ("/", "/fair/"):
        assert "Add to basket" not in text(fan, f"{home}products/last/")
        assert "Sold out" in text(fan, f"{home}kinds/thing/")


def test_the_basket_is_one(store: World, fair: Second, visitor: Client) -> None:
    one, other = store.thing("one", stock=1), store.thing("other", stock=1)
    fair.lists(other)
    visitor.post("/basket/add", {"sku": one.sku, "quantity": "1"})
    assert visitor.post("/fair/basket/add", {"sku": other.sku, "quantity": "1"})["Location"] == "/fair/basket/"
    for path in ("/basket/", "/fair/basket/"):
        assert len(visitor.get(path).context["lines"]) == 2


def test_a_storefront_is_in_its_markets_only(store: World, fair: Second, visitor: Client) -> None:
    assert [m.code for m in visitor.get("/fair/").context["markets"]] == ["cn"]
    assert [m.code for m in visitor.get("/").context["markets"]] == ["cn", "us"]
    assert visitor.get("/").context["channel"] == store.web
    visitor.cookies["market"] = "us"
    assert visitor.get("/fair/").context["market"] == store.cn


def test_a_domain_goes_before_a_path(store: World, visitor: Client, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["testserver", "fair.example"]
    Second(store, path="", domain="fair.example")
    assert "<title>The Fair</title>" in text(visitor, "/", headers={"host": "fair.example:8000"})
    assert "<title>The Fair</title>" not in text(visitor, "/")
    text(visitor, "/fair/", status=404)


def test_a_storefronts_languages_are_its_own(store: World, visitor: Client) -> None:
    Second(store, languages=["zh-hans"])
    assert '<html lang="zh-hans"' in text(visitor, "/fair/")
    assert '<html lang="en"' in text(visitor, "/")


@pytest.mark.parametrize(
    ("path", "status"),
    [("/fair", 301), ("/fairy/", 404), ("/fair/nowhere/", 404), ("/fair//", 404), ("/fair/fair/", 404)],
)
def test_addresses_nearly_right(store: World, fair: Second, visitor: Client, path: str, status: int) -> None:
    assert visitor.get(path).status_code == status


def test_an_address_may_name_language_and_market(store: World, fair: Second, visitor: Client) -> None:
    store.thing("unpriced", price=None)
    page = text(visitor, "/zh-hans-us/")
    assert '<html lang="zh-hans"' in page
    assert visitor.get("/zh-hans-us/").context["market"] == store.us
    assert '"/zh-hans-us/products/unpriced/"' in page
    assert '<html lang="zh-hans"' in text(visitor, "/fair/zh-hans-cn/")
    text(visitor, "/fair/zh-hans-us/", status=404)
    text(visitor, "/xx-cn/", status=404)


def test_a_choice_counts_where_the_address_named_another(store: World, visitor: Client) -> None:
    page = visitor.get("/zh-hans-us/kinds/thing/?sort=new")
    assert page.context["here"] == "/kinds/thing/?sort=new"
    visitor.post("/zh-hans-us/i18n/setlang/", {"language": "en", "next": page.context["here"]})
    after = visitor.get("/kinds/thing/")
    assert after.context["market"] == store.us
    assert '<html lang="en"' in after.content.decode()
    visitor.post("/zh-hans-us/choose/market", {"market": "cn", "next": "/"})
    after = visitor.get("/")
    assert after.context["market"] == store.cn
    assert '<html lang="zh-hans"' in after.content.decode()


def test_pages_of_a_storefront_take_no_query_more(
    store: World, fair: Second, visitor: Client, queries_of: Callable[[Client, str], int]
) -> None:
    fair.lists(*(store.thing(f"t{n}", stock=1) for n in range(3)))
    for page in ("", "kinds/thing/", "products/t1/"):
        assert queries_of(visitor, f"/fair/{page}") <= queries_of(visitor, f"/{page}")


@pytest.mark.parametrize(
    "theme",
    [{"light": {"paper": "red;} body{display:none"}}, {"light": {"paper": "</style>"}}, {"light": {"nonsense": "#fff"}},
     {"night": {}}, {"light": []}, {"light": {"paper": 1}}, ["paper"], {"light": {"paper": "url(x)\\"}}, {"light": {"paper": ""}}],
)  # fmt: skip
def test_a_theme_is_values_of_tokens_and_nothing_else(store: World, theme: object) -> None:
    with pytest.raises(ValidationError):
        Second(store, theme=theme).storefront.full_clean()


def test_what_could_never_be_reached_is_refused(store: World, fair: Second) -> None:
    fair.storefront.full_clean()
    for wrong in ({"path": "basket"}, {"domain": "Fair.Example"}, {"languages": ["tlh"]}, {"mark": '"><script>'}):
        with pytest.raises(ValidationError):
            Storefront(code="x", name={"en": "X"}, line={"en": "X"}, **{"path": "x"} | wrong).full_clean()
    with pytest.raises(ValidationError):
        Storefront(code="x", name={"en": "X"}, line={"en": "X"}, path="fair").full_clean()


def test_what_only_another_storefront_has_is_found_there(store: World, fair: Second, visitor: Client) -> None:
    both, plain = store.thing("both", stock=1), store.thing("plain", stock=1)
    fair.lists(both)
    Storefront.objects.create(code="first", name={"en": "Maker"}, line={"en": "We make."})
    while refresh():
        pass
    page = text(visitor, "/fair/search/?q=plain")
    assert "Maker has it: 1 product." in page
    assert 'href="/search/?q=plain"' in page
    assert f"/products/{plain.product.slug}/" in text(visitor, "/search/?q=plain")
    for path in ("/fair/search/?q=both", "/fair/search/?q=unheard", "/search/?q=plain", "/fair/search/?q="):
        assert "has it:" not in text(visitor, path), path


def test_what_another_storefront_does_not_show_either_is_not_promised(
    store: World, fair: Second, visitor: Client
) -> None:
    hidden, apart = store.thing("hidden", stock=1), store.thing("apart", stock=1)
    hidden.product.published = False
    hidden.product.save()
    fair.lists(apart)
    while refresh():
        pass
    assert "has it:" not in text(visitor, "/fair/search/?q=hidden")
    Presence.objects.all().delete()
    Channel.objects.filter(pk=fair.channel.pk).update(market=store.us)
    Presence.objects.create(channel=fair.channel, storefront=fair.storefront)
    first = Storefront.objects.create(code="first", name={"en": "Maker"}, line={"en": "We make."})
    Listed.objects.create(storefront=first, product=apart.product)
    # The Fair is in another market only.
    assert "has it:" not in text(visitor, "/search/?q=apart")
