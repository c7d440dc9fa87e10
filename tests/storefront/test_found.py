"""How pages are found: read as machines read them, by extruct, an XML parser and the standard robots parser."""

import os
import struct
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.robotparser import RobotFileParser
from xml.etree import ElementTree

import extruct
import pytest
from django.contrib.staticfiles import finders
from django.test import Client
from lxml import html

from setaria.channels.storefront import share_picture
from setaria.channels.storefront.models import Listed, Presence, Storefront
from setaria.goods.catalog.models import Picture, Product, Variant
from setaria.goods.inventory.models import Source
from setaria.markets.models import Channel
from tests.world import World

BASE = "https://shop.example"
SITEMAP = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9", "x": "http://www.w3.org/1999/xhtml"}


@pytest.fixture(autouse=True)
def address(settings: Any) -> None:
    settings.BASE_URL = BASE


class Page:
    """A page as a machine reads it."""

    def __init__(self, client: Client, path: str) -> None:
        response = client.get(path)
        assert response.status_code == 200, path
        self.html = response.content.decode()
        read = extruct.extract(self.html, base_url=BASE + path, syntaxes=["json-ld", "opengraph"], errors="strict")
        self.facts = {each["@type"]: each for each in read["json-ld"]}
        self.shared = dict(read["opengraph"][0]["properties"]) if read["opengraph"] else {}
        links = html.fromstring(self.html.encode()).findall(".//link")
        self.canonical = next((link.get("href") for link in links if link.get("rel") == "canonical"), None)
        self.alternates = {link.get("hreflang"): link.get("href") for link in links if link.get("hreflang")}


def kettle(store: World) -> Variant:
    variant = store.thing("kettle", price=19900, stock=2)
    Product.objects.filter(pk=variant.product_id).update(text={"en": 'It boils. </script><script>alert("&")'})
    Picture.objects.create(product=variant.product, path="demo/mijia-kettle.svg", alt={"en": "A kettle"})
    return variant


def test_a_product_tells_its_facts(store: World, visitor: Client) -> None:
    variant = kettle(store)
    page = Page(visitor, "/products/kettle/")
    product = page.facts["Product"]
    assert product["name"] == "kettle"
    assert product["description"] == 'It boils. </script><script>alert("&")'
    assert "<script>" not in page.html
    assert product["brand"] == {"@type": "Brand", "name": "Setaria"}
    assert product["image"] == [f"{BASE}/products/kettle/picture.png"]
    assert product["sku"] == "KETTLE"
    assert product["offers"] == {
        "@type": "Offer", "sku": "KETTLE", "name": "kettle", "url": f"{BASE}/products/kettle/?sku=KETTLE",
        "price": "199.00", "priceCurrency": "CNY", "availability": "https://schema.org/InStock",
        "itemCondition": "https://schema.org/NewCondition", "seller": {"@type": "Organization", "name": "Setaria"},
    }  # fmt: skip
    assert "aggregateRating" not in product  # there are no reviews to count yet
    store.placed((variant, 2))
    assert Page(visitor, "/products/kettle/").facts["Product"]["offers"]["availability"].endswith("/OutOfStock")


def test_variants_are_offers_of_their_own(store: World, visitor: Client) -> None:
    big = kettle(store)
    store.thing("kettle-small", price=9900, product=big.product)
    offers = Page(visitor, "/products/kettle/").facts["Product"]["offers"]
    assert (offers["@type"], offers["lowPrice"], offers["highPrice"], offers["offerCount"]) == (
        "AggregateOffer", "99.00", "199.00", 2,
    )  # fmt: skip
    assert {each["sku"]: each["availability"].rsplit("/")[-1] for each in offers["offers"]} == {
        "KETTLE": "InStock", "KETTLE-SMALL": "OutOfStock",
    }  # fmt: skip


def test_an_informing_market_offers_nothing(store: World, visitor: Client) -> None:
    kettle(store)
    assert "offers" not in Page(visitor, "/en-us/products/kettle/").facts["Product"]


def test_crumbs_lead_to_pages(store: World, visitor: Client) -> None:
    kettle(store)
    for path, steps in (("/products/kettle/", 3), ("/kinds/thing/", 2), ("/en-cn/kinds/thing/", 2)):
        crumbs = Page(visitor, path).facts["BreadcrumbList"]["itemListElement"]
        assert [step["position"] for step in crumbs] == list(range(1, steps + 1))
        for step in crumbs:
            assert visitor.get(step["item"].removeprefix(BASE)).status_code == 200


def test_the_front_says_what_it_is_and_how_to_search(store: World, visitor: Client) -> None:
    kettle(store)
    facts = Page(visitor, "/").facts
    assert facts["Organization"]["name"] == "Setaria"
    target = facts["WebSite"]["potentialAction"]["target"]["urlTemplate"]
    assert visitor.get(target.removeprefix(BASE).replace("{search_term_string}", "kettle")).status_code == 200


def test_a_page_has_one_address_and_the_others_know_each_other(store: World, visitor: Client) -> None:
    kettle(store)
    for path in ("", "kinds/thing/", "products/kettle/"):
        plain, named = Page(visitor, f"/{path}"), Page(visitor, f"/en-us/{path}")
        assert plain.canonical == f"{BASE}/{path}"
        assert named.canonical == f"{BASE}/en-us/{path}"
        assert plain.alternates == named.alternates
        assert set(plain.alternates) == {"zh-Hans-CN", "en-CN", "zh-Hans-US", "en-US", "x-default"}
        for language, url in plain.alternates.items():
            page = Page(visitor, url.removeprefix(BASE))
            assert page.canonical == url
            assert language == "x-default" or f'<html lang="{language[:-3].lower()}"' in page.html
    assert Page(visitor, "/kinds/thing/?sort=cheap&in_stock=true").canonical == f"{BASE}/kinds/thing/"


def fair(store: World, *shown: Variant) -> Storefront:
    made = Storefront.objects.create(
        code="fair", name={"en": "Fair"}, line={"en": "Chosen."}, path="fair", assortment="chosen", position=5,
        theme={"light": {"sunk": "#ddeeff"}},
    )  # fmt: skip
    channel = Channel.objects.create(code="fair", name={"en": "Fair"}, market=store.cn, kind="web")
    Presence.objects.create(channel=channel, storefront=made)
    Source.objects.create(channel=channel, location=store.warehouse)
    for variant in shown:
        Listed.objects.create(storefront=made, product=variant.product)
    return made


def test_a_product_on_two_storefronts_has_its_home_on_the_first(store: World, visitor: Client) -> None:
    fair(store, kettle(store))
    page = Page(visitor, "/fair/products/kettle/")
    assert page.canonical == f"{BASE}/products/kettle/"
    assert Page(visitor, "/fair/").canonical == f"{BASE}/fair/"
    assert Page(visitor, "/fair/en-cn/kinds/thing/").canonical == f"{BASE}/fair/en-cn/kinds/thing/"


def test_what_is_shared_has_words_and_a_picture(store: World, visitor: Client) -> None:
    kettle(store)
    shared = Page(visitor, "/products/kettle/").shared
    assert shared["og:title"] == "kettle"
    assert shared["og:type"] == "product"
    assert shared["og:url"] == f"{BASE}/products/kettle/"
    assert shared["og:site_name"] == "Setaria"
    png = visitor.get(urlsplit(shared["og:image"]).path)
    assert png["Content-Type"] == "image/png"
    assert png.content[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", png.content[16:24]) == (1200, 630)
    assert finders.find("demo/mijia-kettle.svg")


@pytest.fixture
def kept(tmp_path: Path, settings: Any) -> Path:
    settings.PICTURES_KEPT = tmp_path / "pictures"
    return settings.PICTURES_KEPT


def test_a_shared_picture_is_drawn_once_for_all_processes(store: World, visitor: Client, kept: Path) -> None:
    kettle(store)
    first = visitor.get("/products/kettle/picture.png").content
    (file,) = kept.iterdir()
    assert file.read_bytes() == first
    file.write_bytes(b"drawn before")
    assert visitor.get("/products/kettle/picture.png").content == b"drawn before"


def test_no_more_is_kept_than_there_is_room_for(
    store: World, visitor: Client, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kettle(store)
    kept.mkdir()
    for number in range(30):
        (kept / f"{number}.png").touch()
        os.utime(kept / f"{number}.png", (number, number))
    monkeypatch.setattr(share_picture, "KEPT_FILES_MAX", 30)
    visitor.get("/products/kettle/picture.png")
    assert len(list(kept.iterdir())) == 28
    assert not any((kept / f"{number}.png").exists() for number in range(3))


def test_one_at_a_time_is_drawn_and_who_waits_too_long_is_told_to_come_again(
    store: World, visitor: Client, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kettle(store)
    monkeypatch.setattr(share_picture, "WAIT_SECONDS_MAX", 0.05)
    with share_picture._drawing:
        answer = visitor.get("/products/kettle/picture.png")
    assert (answer.status_code, "Retry-After" in answer) == (503, True)
    assert visitor.get("/products/kettle/picture.png").status_code == 200
    with share_picture._drawing:  # what is drawn already waits for nobody
        assert visitor.get("/products/kettle/picture.png").status_code == 200


@pytest.mark.parametrize("path", ["demo/nowhere.svg", "../../etc/passwd"])
def test_a_picture_that_is_missing_is_not_found(store: World, visitor: Client, path: str) -> None:
    product = store.thing("bare", stock=1).product
    assert visitor.get("/products/bare/picture.png").status_code == 404
    Picture.objects.create(product=product, path=path, alt={"en": "?"})
    assert visitor.get("/products/bare/picture.png").status_code in (400, 404)
    assert visitor.get("/products/nonesuch/picture.png").status_code == 404


def test_the_sitemap_lists_every_page_in_every_place(
    store: World, visitor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("setaria.channels.storefront.sitemaps.Pages.limit", 2)
    kettle(store)
    fair(store, store.thing("cup", stock=1))
    store.thing("unpriced", price=None)
    index = ElementTree.fromstring(visitor.get("/sitemap.xml").content)
    parts = [loc.text or "" for loc in index.iterfind(".//s:loc", SITEMAP)]
    assert len(parts) == 2
    listed = {}
    for part in parts:
        address = urlsplit(part)
        tree = ElementTree.fromstring(visitor.get(f"{address.path}?{address.query}").content)
        for url in tree.iterfind("s:url", SITEMAP):
            listed[url.findtext("s:loc", "", SITEMAP)] = [link.get("href") for link in url.iterfind("x:link", SITEMAP)]
    assert set(listed) == {f"{BASE}/", f"{BASE}/kinds/thing/", f"{BASE}/products/kettle/", f"{BASE}/products/cup/"}
    for others in listed.values():
        assert len(others) == 5
        for url in others:
            assert visitor.get(str(url).removeprefix(BASE)).status_code == 200
    assert b"/fair/products/cup/" in visitor.get("/fair/sitemap-pages.xml?p=2").content
    assert b"kettle" not in visitor.get("/fair/sitemap-pages.xml?p=2").content
    for wrong in ("?p=99", "?p=x", "?p="):
        assert visitor.get(f"/sitemap-pages.xml{wrong}").status_code == 404
    assert visitor.get("/sitemap-nonesuch.xml").status_code == 404


def test_robots_are_told_what_is_private_and_where_the_lists_are(store: World, visitor: Client) -> None:
    fair(store)
    robots = RobotFileParser()
    robots.parse(visitor.get("/robots.txt").content.decode().splitlines())
    for path in ("/", "/products/kettle/", "/fair/kinds/thing/", "/en-us/"):
        assert robots.can_fetch("*", BASE + path)
    for path in (
        "/basket/",
        "/checkout/",
        "/fair/basket/",
        "/account/",
        "/orders/1/",
        "/accounts/login/",
        "/search/?q=x",
    ):
        assert not robots.can_fetch("*", BASE + path)
    assert robots.site_maps() == [f"{BASE}/sitemap.xml", f"{BASE}/fair/sitemap.xml"]
