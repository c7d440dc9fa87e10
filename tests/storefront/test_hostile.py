"""Whatever an address says, the answer is well-formed, says nothing of it unescaped, and takes no more queries."""

from collections.abc import Callable
from html.parser import HTMLParser
from urllib.parse import quote

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from setaria.goods.catalog.models import Kind
from tests.storefront.test_basket import put
from tests.world import World

EVIL = "<script>alert(1)</script>"
# As they stand in an address, percent-encoded where they are not text at all.
GARBAGE = {
    "nothing": "", "huge": "9" * 8_000, "zero": "%00", "half a letter": "%ED%A0%80", "no letter": "%FF%FE",
    "markup": quote(EVIL), "sql": quote("' OR 1=1; DROP TABLE x; --"), "template": quote("{{ settings }}{% debug %}"),
    "not a number": "NaN", "beyond": "1e309", "right to left": quote("\u202eمرحبا\u202c"), "lines": "%0d%0aSet-Cookie:%20a=b",
    "zalgo": quote("z" + "\u0301" * 500), "tsquery": quote("&|!():*<->'\\"),
}  # fmt: skip
PLACES = [
    "/kinds/thing/?page={}", "/kinds/thing/?sort={}", "/kinds/thing/?maker={}", "/kinds/thing/?in_stock={}",
    "/kinds/thing/?price.min={}", "/kinds/thing/?price.max={}", "/kinds/thing/?spec.weight.min={}",
    "/kinds/thing/?spec.colour={}", "/kinds/thing/?spec.nonesuch={}", "/kinds/thing/?p={}", "/kinds/thing/?{}=1",
    "/kinds/{}/", "/search/?q={}", "/search/?q=phone&sort={}", "/search/?q=phone&page={}", "/search/suggest?q={}",
    "/compare/?p={}", "/compare/?p=phone&p={}", "/compare/?p=phone&only={}", "/products/{}/", "/products/phone/?sku={}",
    "/baskets/{}/", "/alerts/{}/", "/codes/{}/", "/forget/{}/", "/orders/open/{}/", "/drops/{}/", "/programmes/{}/",
    "/theme-{}.css", "/sitemap-{}.xml", "/en-{}/", "/{}/",
]  # fmt: skip
VOID = {"meta", "link", "img", "input", "br", "hr", "path", "circle", "use", "source", "wbr"}
# Whose end HTML lets one leave out; we do not, but browsers' rules are these.


class Shape(HTMLParser):
    """Sees that every element that is opened is closed, and what scripts stand in the page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.handlers: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handlers += [name for name, _ in attrs if name.startswith("on")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


def shape(html: str) -> list[str]:
    """What is not as it should be in a page."""
    found = Shape()
    found.feed(html)
    return [*found.wrong, *found.open, *found.handlers]


@pytest.fixture
def shop(store: World) -> World:
    """A kind with a specification, and something to find."""
    fields = [
        {"key": "weight", "name": {"en": "Weight"}, "type": "number", "unit": "g"},
        {"key": "colour", "name": {"en": "Colour"}, "type": "text"},
    ]
    Kind.objects.filter(slug="thing").update(fields=fields)
    for number, slug in enumerate(("phone", "case", "band")):
        product = store.thing(slug, stock=3).product
        product.specification = {"weight": 100 + number, "colour": "red"}
        product.save()
    return store


@pytest.mark.parametrize("garbage", GARBAGE.values(), ids=list(GARBAGE))
def test_garbage_in_an_address_is_answered_like_any_other(shop: World, visitor: Client, garbage: str) -> None:
    for place in PLACES:
        path, _, query = place.format(garbage).partition("?")
        with CaptureQueriesContext(connection) as seen:
            answer = visitor.get(path, QUERY_STRING=query)
        html = answer.content.decode()
        assert answer.status_code in (200, 301, 302, 400, 404), (place, answer.status_code)
        assert len(seen) <= 30, place
        assert len(html) < 120_000, place
        assert EVIL not in html, place
        assert "Set-Cookie" not in answer.headers.get("Location", ""), place
        if answer.get("Content-Type", "").startswith("text/html"):
            assert shape(html) == [], place


@pytest.mark.parametrize(
    "query",
    [
        "&".join(f"spec.f{n}=x" for n in range(10_000)),
        "&".join(["spec.colour=x"] * 10_000),
        "&".join(f"spec.colour=v{n}" for n in range(190)),
        "&".join(f"p=s{n}" for n in range(190)),
        "page=1&page=2&sort=new&sort=cheap&price.min=1&price.min=2",
        "&" * 5_000,
        "=" * 5_000,
        ";".join(["a=b"] * 500),
    ],
    ids=["10,000 facets", "10,000 values", "190 values", "190 slugs", "twice", "ands", "equals", "semicolons"],
)
@pytest.mark.parametrize("path", ["/kinds/thing/", "/search/", "/compare/", "/products/phone/", "/wishes/", "/"])
def test_ten_thousand_facets_are_no_work(shop: World, visitor: Client, path: str, query: str) -> None:
    with CaptureQueriesContext(connection) as seen:
        answer = visitor.get(path, QUERY_STRING=query)
    assert answer.status_code in (200, 400)
    assert len(seen) <= 30
    assert len(answer.content) < 120_000
    assert shape(answer.content.decode()) == []


POSTS: list[tuple[str, Callable[[str], dict[str, str]]]] = [
    ("/wishes/change", lambda g: {"product": g}),
    ("/wishes/change", lambda g: {"product": "phone", "next": g}),
    ("/wishes/change", lambda g: {"product": "phone", "off": g}),
    ("/basket/add", lambda g: {"sku": g, "quantity": "1"}),
    ("/basket/add", lambda g: {"sku": "PHONE", "quantity": g}),
    ("/basket/change", lambda g: {"sku": g, "quantity": g}),
    ("/basket/later", lambda g: {"sku": g}),
    ("/basket/unshare", lambda g: {"share": g}),
    ("/baskets/x/take", lambda g: {"any": g}),
    ("/alerts/want", lambda g: {"sku": g, "email": g}),
    ("/alerts/want", lambda g: {"drop": g}),
    ("/choose/market", lambda g: {"market": g, "next": g}),
    ("/choose/theme", lambda g: {"theme": g, "next": g}),
    ("/seen/forget", lambda g: {"any": g}),
]
TEXTS = ["", "9" * 8_000, "\x00", EVIL, "' OR 1=1 --", "-1", "NaN", "\u202eمرحبا", "//evil.example/", "javascript:alert(1)", "\ud800"]  # fmt: skip


@pytest.mark.parametrize("text", TEXTS, ids=[repr(text[:12]) for text in TEXTS])
def test_garbage_in_a_form_changes_nothing_and_leads_nowhere(shop: World, visitor: Client, text: str) -> None:
    put(visitor, shop.thing("kept", stock=3))
    for path, fields in POSTS:
        sent = "&".join(f"{name}={quote(value, errors='surrogatepass')}" for name, value in fields(text).items())
        answer = visitor.post(path, sent, content_type="application/x-www-form-urlencoded")
        assert answer.status_code in (200, 204, 302, 400, 404, 422), (path, answer.status_code)
        assert answer.get("Location", "/").startswith("/"), path
        assert not answer.get("Location", "/").startswith("//"), path
    page = visitor.get("/basket/").content.decode()
    assert "kept" in page
    assert EVIL not in page


@pytest.mark.parametrize("cookie", ["visitor", "seen", "market", "theme", "sessionid", "csrftoken", "django_language"])
def test_garbage_in_a_cookie_is_no_cookie(shop: World, visitor: Client, cookie: str) -> None:
    for text in ("", "9" * 4_000, "\x00", EVIL, "0.phone.phone.phone", "a" * 16 + ".x", "../x", "é"):
        visitor.cookies[cookie] = text
        for path in ("/", "/kinds/thing/", "/products/phone/", "/wishes/", "/basket/"):
            answer = visitor.get(path)
            assert answer.status_code == 200, (path, text)
            assert EVIL not in answer.content.decode()


def test_a_host_that_is_none_of_ours_is_refused_plainly(shop: World) -> None:
    for host in ("evil.example", "127.0.0.1,evil.example", "a b", "[::1", "evil.example:80"):
        answer = Client(headers={"host": host}).get("/")
        assert answer.status_code == 400, host
        assert "evil.example" not in answer.content.decode()


def test_no_cache_that_people_share_keeps_a_page(shop: World, visitor: Client, fan: Client) -> None:
    paths = ["/", "/kinds/thing/", "/products/phone/", "/search/?q=phone", "/basket/", "/wishes/", "/accounts/login/",
             "/nowhere", "/search/suggest?q=p", "/app.webmanifest"]  # fmt: skip
    for client in (visitor, fan):
        for path in paths:
            assert "private" in client.get(path)["Cache-Control"], path
    assert "no-store" in fan.get("/account/")["Cache-Control"]
