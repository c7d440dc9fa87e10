"""The drop page's script in a real browser. The gate's answers are given by the test, so that it can be unkind.

Everything else the browser asks for is answered by Django on the test's own thread, without a server.
"""

import json
import os
import shutil
from collections.abc import Iterator
from contextvars import copy_context
from datetime import timedelta
from mimetypes import guess_type
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.contrib.staticfiles import finders
from django.db import connections
from django.http import HttpResponse
from django.test import Client
from playwright.sync_api import BrowserContext, Page, Route, sync_playwright

from setaria.channels.storefront.models import Storefront
from setaria.kernel import clock
from setaria.kernel.ids import new_id
from setaria.people.members.models import Member
from setaria.trade.drops.models import Drop
from tests.world import HOUR, MINUTE, World

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PHONE = {"width": 390, "height": 844}

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        CHROMIUM is None and not (os.environ.get("SETARIA_CI") or os.environ.get("CI")), reason="no Chromium here"
    ),
]


@pytest.fixture
def phone() -> Iterator[BrowserContext]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium.new_context(viewport=PHONE, locale="en-GB")
        chromium.close()
        connections.close_all()  # what was opened while the driver's loop ran is not the one pytest knows


class Gate:
    """Answers the page in the gate's place: what it is told to, in order, the last for ever."""

    def __init__(self, drop: Drop, prices: dict[str, int], *answers: tuple[int, dict[str, object]] | None) -> None:
        self.drop, self.prices, self.answers = drop, prices, list(answers)
        self.sent: list[dict[str, object]] = []
        self.shop: Shop | None = None

    def state(self, route: Route) -> None:
        items = [{"sku": sku, "price": price, "limit": 2, "sold_out": False} for sku, price in self.prices.items()]
        now = clock.now()
        state = "open" if now >= self.drop.opens_at else "before"
        route.fulfill(
            json={"now": now.isoformat(), "opens_at": self.drop.opens_at.isoformat(), "state": state, "items": items}
        )

    def orders(self, route: Route) -> None:
        self.sent.append(json.loads(route.request.post_data or ""))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer is None:
            route.abort()
        else:
            route.fulfill(status=answer[0], json=answer[1], headers={"retry-after": "0"})


PLACED = {"outcome": "placed", "id": str(new_id()), "total": 14900, "currency": "CNY"}


def placed() -> tuple[int, dict[str, object]]:
    return 201, {**PLACED, "pay_by": (clock.now() + 15 * MINUTE).isoformat()}


def refused(code: str, status: int = 409) -> tuple[int, dict[str, object]]:
    return status, {"code": code, "message": "in words"}


class Shop:
    """Answers the page in Django's place, to a member who is signed in."""

    def __init__(self, world: World) -> None:
        self._client = Client()
        self._client.force_login(Member.objects.get(pk=world.member()))
        # The browser's driver calls from contexts of its own, in which Django would open further connections.
        self._context = copy_context()
        self.passes = 0

    def __call__(self, route: Route) -> None:
        path = urlsplit(route.request.url).path
        if path.startswith("/static/"):
            file = Path(finders.find(path.removeprefix("/static/")))
            route.fulfill(body=file.read_bytes(), content_type=guess_type(file.name)[0])
            return
        self.passes += path.endswith("/pass")
        answer = self._context.run(self._answer, route.request.method, path)
        headers = {name: value for name, value in answer.headers.items() if name != "Content-Length"}
        route.fulfill(status=answer.status_code, headers=headers, body=answer.content)

    def _answer(self, method: str, path: str) -> HttpResponse:
        return self._client.generic(method, path, headers={"accept-language": "en"})


def visit(world: World, phone: BrowserContext, gate: Gate) -> Page:
    """Open the drop's page as a member who is signed in."""
    gate.shop = Shop(world)
    phone.route("http://shop.example/**", gate.shop)
    phone.route(f"**/rush/{gate.drop.slug}", gate.state)
    phone.route(f"**/rush/{gate.drop.slug}/orders", gate.orders)
    page = phone.new_page()
    page.goto(f"http://shop.example/drops/{gate.drop.slug}/")
    return page


@pytest.fixture
def band(today: World, monkeypatch: pytest.MonkeyPatch) -> Drop:
    """A drop of one thing, open."""
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # the browser's driver runs a loop on this thread
    return today.drop({today.thing("band", price=14900, stock=9): 9}, limit=2)


def test_an_unclear_answer_is_asked_for_again_with_the_same_pass(
    today: World, band: Drop, phone: BrowserContext
) -> None:
    gate = Gate(band, {"BAND": 14900}, refused("OVERLOADED", 503), None, refused("UNSURE", 503), placed())
    page = visit(today, phone, gate)
    page.click("#buy")
    page.wait_for_selector("text=cannot be made twice")
    assert page.is_disabled("#buy")
    page.wait_for_selector(f'[data-order="{PLACED["id"]}"]')
    assert len(gate.sent) == 4
    assert len({json.dumps(sent) for sent in gate.sent}) == 1
    assert gate.sent[0]["lines"] == [{"sku": "BAND", "quantity": 1, "price": 14900}]
    assert page.get_attribute("#own [data-pay]", "action") == f"/orders/{PLACED['id']}/pay"
    assert page.inner_text("#own [data-clock]").startswith("00:14:")


def test_a_reload_goes_on_with_the_order_that_had_no_answer(today: World, band: Drop, phone: BrowserContext) -> None:
    gate = Gate(band, {"BAND": 14900}, None)
    page = visit(today, phone, gate)
    page.click("#buy")
    page.wait_for_selector("text=cannot be made twice")
    gate.answers = [placed()]
    page.reload()
    page.wait_for_selector(f'[data-order="{PLACED["id"]}"]')
    assert len({sent["pass"] for sent in gate.sent}) == 1


def test_a_refusal_keeps_the_pass_and_only_a_further_order_asks_for_another(
    today: World, band: Drop, phone: BrowserContext
) -> None:
    gate = Gate(band, {"BAND": 14900}, refused("PRICE_CHANGED"), placed())
    page = visit(today, phone, gate)
    page.click("#buy")
    page.wait_for_selector("text=A price has changed")
    page.click("#buy")
    page.wait_for_selector(f'[data-order="{PLACED["id"]}"]')
    assert gate.shop.passes == 1
    page.click("[data-more]")
    with page.expect_response("**/rush/*/orders"):
        page.click("#buy")
    assert gate.shop.passes == 2
    first, second, third = (sent["pass"] for sent in gate.sent)
    assert first == second != third


def test_a_wrong_clock_at_home_opens_nothing_early(today: World, band: Drop, phone: BrowserContext) -> None:
    band.opens_at = clock.now() + HOUR / 2
    band.save()
    phone.add_init_script("const real = Date.now; Date.now = () => real() + 2 * 3600 * 1000;")
    page = visit(today, phone, Gate(band, {"BAND": 14900}, placed()))
    page.wait_for_selector("text=Opens in")
    assert page.is_disabled("#buy")


def test_it_opens_by_itself_and_not_before_the_server(today: World, band: Drop, phone: BrowserContext) -> None:
    band.opens_at = clock.now() + timedelta(seconds=4)
    band.save()
    page = visit(today, phone, Gate(band, {"BAND": 14900}, refused("NOT_OPEN"), placed()))
    assert page.is_disabled("#buy")
    page.wait_for_selector("#buy:enabled")
    assert clock.now() >= band.opens_at
    page.click("#buy")  # the server finds it a moment early; the page just asks again
    page.wait_for_selector(f'[data-order="{PLACED["id"]}"]')


def test_nothing_is_wider_than_the_phone(today: World, phone: BrowserContext, band: Drop) -> None:
    product = band.items.get().variant.product
    product.name = {"en": "Unbreakable" * 12}
    product.save()
    page = visit(today, phone, Gate(band, {"BAND": 1234567890123}, placed()))
    page.wait_for_timeout(300)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


@pytest.mark.parametrize("width", [320, 390, 768, 960, 1024, 1200, 1440])
def test_the_head_fits_every_window(today: World, phone: BrowserContext, band: Drop, width: int) -> None:
    Storefront.objects.update(name={"en": "Grain Rain"})
    page = visit(today, phone, Gate(band, {"BAND": 14900}, placed()))
    page.set_viewport_size({"width": width, "height": 844})
    page.evaluate(KINDS)
    page.wait_for_timeout(100)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    if width >= 960:  # on a telephone only the icons are to be seen
        cut = "[...document.querySelectorAll('.head__bar > .icon-link')].filter(e => e.scrollWidth > e.clientWidth).length"
        assert page.evaluate(cut) == 0
    if width in (320, 1440):
        Storefront.objects.update(name={"en": "Setaria"})
        page.reload()
        page.evaluate(
            "document.querySelector('.icon-link__icon').insertAdjacentHTML('beforeend', '<b class=count>9</b>')"
        )
        assert page.evaluate("document.querySelector('.brand span').offsetHeight") < 30  # one line


# As many kinds as a storefront shows, with names as long as the demo's.
KINDS = """
    for (const list of document.querySelectorAll(".head__nav ul, .strip ul")) {
        for (const name of ["Rice cookers", "Suitcases", "Backpacks", "Electric scooters", "Noodles"]) {
            const item = list.firstElementChild.cloneNode(true);
            item.querySelector("a").textContent = name;
            list.prepend(item);
        }
    }
"""


def test_a_drop_that_is_over_shows_nothing_chosen_and_no_total(today: World, band: Drop, phone: BrowserContext) -> None:
    gate = Gate(band, {"BAND": 14900}, placed())
    page = visit(today, phone, gate)
    page.wait_for_selector(".offer[data-chosen]")  # while it is open its one thing is chosen at once
    assert page.is_visible("#bar-total")
    Drop.objects.filter(pk=band.pk).update(opens_at=today.now - 2 * HOUR, closes_at=today.now - HOUR)
    page.reload()  # what was chosen before is remembered, and no more to be had
    page.wait_for_selector('#drop[data-state="closed"]')
    assert page.locator(".offer").count() == 1
    assert page.locator(".offer[data-chosen]").count() == 0
    assert not page.is_visible("#bar-total")
    assert page.inner_text("#bar-units") == ""
    assert page.locator(".offer button:visible").count() == 0
