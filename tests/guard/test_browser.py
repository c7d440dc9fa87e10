"""The proof of work in a real browser: the page's worker solves what Django asks, under the page's own policy."""

import pytest
from django.http import HttpResponse
from playwright.sync_api import BrowserContext, Route

from setaria.trade.guard import grant, queries
from tests.drop.test_browser import CHROMIUM, Gate, Shop, phone, placed
from tests.world import World

__all__ = ["phone"]
pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")]


class GuardedShop(Shop):
    """Hands on what the page posts, too."""

    def __call__(self, route: Route) -> None:
        self._body = route.request.post_data or ""
        super().__call__(route)

    def _answer(self, method: str, path: str) -> HttpResponse:
        return self._client.generic(
            method, path, self._body, "application/x-www-form-urlencoded", headers={"accept-language": "en"}
        )


def test_the_page_does_the_work_and_buys(today: World, phone: BrowserContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # the browser's driver runs a loop on this thread
    drop = today.drop({today.thing("band", price=14900, stock=9): 9}, limit=2)
    grant.guard(drop.pk, [], tries_min=20, tries_max=40, tries_hard=60)
    gate = Gate(drop, {"BAND": 14900}, placed())
    gate.shop = GuardedShop(today)
    phone.route("http://localhost/**", gate.shop)  # a secure context, as https is
    phone.route(f"**/rush/{drop.slug}", gate.state)
    phone.route(f"**/rush/{drop.slug}/orders", gate.orders)
    page = phone.new_page()
    page.goto(f"http://localhost/drops/{drop.slug}/")
    page.click("#buy")
    page.wait_for_selector("[data-order]:not(template *)", state="attached")
    assert len(gate.sent) == 1
    assert gate.sent[0]["pass"]
    assert page.is_hidden("#work")
    assert {told.outcome: told.number for told in queries.outcomes(drop.pk)} == {"work": 1, "passed": 1}


def test_a_refusal_is_said_plainly(today: World, phone: BrowserContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    drop = today.drop({today.thing("band", price=14900, stock=9): 9}, limit=2)
    young = {"name": "young", "measure": "account_age_seconds", "below": 10**9, "then": "refuse"}
    grant.guard(drop.pk, [young])
    gate = Gate(drop, {"BAND": 14900}, placed())
    gate.shop = GuardedShop(today)
    phone.route("http://localhost/**", gate.shop)
    phone.route(f"**/rush/{drop.slug}", gate.state)
    page = phone.new_page()
    page.goto(f"http://localhost/drops/{drop.slug}/")
    page.wait_for_selector("text=We took this for a robot")
    assert gate.sent == []
