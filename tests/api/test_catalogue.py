"""The range as the API tells it: the same as the pages show."""

from django.test import Client

from setaria.goods.catalog.models import Companion, Kind, Picture, Variant
from tests.api.conftest import App
from tests.world import HOUR, World


def test_the_store_says_where_one_is(store: World, guest: App) -> None:
    said = guest.get("")
    assert [(market["code"], market["sells"]) for market in said["markets"]] == [("cn", True), ("us", False)]
    assert said["languages"] == ["zh-hans", "en"]


def test_a_product_says_what_its_page_says(store: World, guest: App) -> None:
    phone = store.thing("phone", price=10_000, stock=3)
    Variant.objects.create(product=phone.product, sku="PHONE-6", name={"en": "Six"}, pack_units=6, position=1)
    store.thing("phone-sold", price=12_000, product=phone.product)
    case = store.thing("case", stock=9)
    Companion.objects.create(product=phone.product, other=case.product)
    Picture.objects.create(product=phone.product, path="store/icon.svg", alt={"en": "A phone"})
    drop = store.drop({phone: 1}, opens_at=store.now + HOUR)
    said = guest.get("/cn/products/phone")
    assert (said["name"], said["currency"], said["maker"], said["drop"]) == ("phone", "CNY", "own", drop.slug)
    by_sku = {variant["sku"]: variant for variant in said["variants"]}
    assert (by_sku["PHONE"]["price"], by_sku["PHONE"]["stock"], by_sku["PHONE"]["left"]) == (10_000, "few", 2)
    assert (by_sku["PHONE-SOLD"]["price"], by_sku["PHONE-SOLD"].get("stock", "out")) == (12_000, "out")
    assert "price" not in by_sku["PHONE-6"]
    assert [other["slug"] for other in said["goes_with"]] == ["case"]


def test_a_listing_is_narrowed_sorted_and_turned_over_as_on_the_web(store: World, guest: App, visitor: Client) -> None:
    for number in range(30):
        store.thing(f"thing-no-{number}", price=100 + number, stock=number % 2)
    first = guest.get("/cn/products?kind=thing&sort=dear")
    assert (first["total"], first["page"], first["pages"]) == (30, 1, 2)
    assert [p["price"] for p in first["products"]][:3] == [129, 128, 127]
    page = visitor.get("/kinds/thing/?sort=dear").content.decode()
    assert [page.index(f">{p['name']}<") for p in first["products"]] == sorted(
        page.index(f">{p['name']}<") for p in first["products"]
    )
    assert len(guest.get("/cn/products?kind=thing&page=2")["products"]) == 6
    few = guest.get("/cn/products?kind=thing&price.max=1.05&in_stock=true")
    assert sorted(p["price"] for p in few["products"]) == [101, 103, 105]
    assert guest.get("/cn/products")["total"] == 30
    assert guest.ask("GET", "/cn/products?kind=none").code == "NOT_FOUND"


def test_kinds_are_counted(store: World, guest: App) -> None:
    store.thing("phone")
    Kind.objects.create(slug="empty", name={"en": "Empty"})
    assert guest.get("/cn/kinds") == {"kinds": [{"slug": "thing", "name": "Things", "products": 1}]}


def test_what_is_unpublished_is_gone_at_once(store: World, guest: App) -> None:
    phone = store.thing("phone", stock=5)
    guest.put("PHONE")
    phone.product.published = False
    phone.product.save()
    assert guest.ask("GET", "/cn/products/phone").code == "NOT_FOUND"
    assert guest.ask("PUT", "/cn/basket/PHONE", {"quantity": 2}).code == "UNKNOWN_ITEM"
    assert guest.get("/cn/basket")["lines"][0]["gone"] is True
    assert guest.ask("POST", "/cn/quote", {}).code == "UNKNOWN_ITEM"
