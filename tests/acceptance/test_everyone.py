"""For everyone: what axe finds on every main page, buying by keyboard alone, and a store without a network."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.acceptance.conftest import FAN, Shop, Visitors

pytestmark = pytest.mark.browser

OPEN = ["/", "/kinds/phone/", "/products/hejian-noodles/", "/search/?q=phone", "/search/?q=zzzz", "/basket/",
        "/accounts/login/", "/accounts/signup/", "/drops/open-now/", "/nowhere", "/offline/", "/design/"]  # fmt: skip
OWN = ["/account/", "/checkout/", "/wishes/", "/account/messages", "/account/leave", "/accounts/2fa/", "/accounts/sessions/",
       "/drops/by-number/", "/drops/among-friends/", "/programmes/first-phone/", "/compare/?p=xiaomi-14-pro&p=mi-mix-2",
       "/search/?q=noodels", "/grain-rain/"]  # fmt: skip


def troubles(page: Page, path: str) -> list[str]:
    """What axe calls serious or critical, with the first place each."""
    page.goto(path)
    found: list[dict[str, Any]] = Axe().run(page).response["violations"]
    return [
        f"{path}: {one['id']}: {one['nodes'][0]['html'][:160]}"
        for one in found
        if one["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("phone", [True, False], ids=["phone", "desktop"])
def test_axe_finds_nothing_serious(visitor: Visitors, phone: bool, scheme: str) -> None:
    page = visitor(FAN, phone=phone, language="zh" if phone else "en")
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    assert [trouble for path in OWN for trouble in troubles(page, path)] == []
    stranger = visitor(phone=phone)
    stranger.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    assert [trouble for path in OPEN for trouble in troubles(stranger, path)] == []


def tab_to(page: Page, selector: str, most: int = 90) -> None:
    """Press Tab until the focus is there, and see that it can be seen."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            style = page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle")
            assert style != "none", selector
            return
    raise AssertionError(f"{selector} is not reached by Tab")


def test_a_product_is_bought_by_keyboard_alone(visitor: Visitors) -> None:
    page = visitor(FAN)
    page.goto("/products/hejian-noodles/")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    tab_to(page, "form[action$='basket/add'] .button--big")
    page.keyboard.press("Enter")
    page.wait_for_url("**/basket/")
    tab_to(page, "main a.button, main button.button")
    page.keyboard.press("Enter")
    page.wait_for_url("**/checkout/")
    tab_to(page, "main form button.button--big, main form button.button--wide")
    page.keyboard.press("Enter")
    page.wait_for_url("**/orders/**")


def test_without_a_network_what_was_seen_is_shown_and_marked(visitor: Visitors, shop: Shop) -> None:
    page = visitor()
    page.goto("/")
    page.evaluate("() => navigator.serviceWorker.ready.then(() => true)")
    page.reload()  # now through the worker
    page.goto("/products/hejian-noodles/")
    page.goto("/basket/")
    page.wait_for_function(
        "async () => !!(await (await caches.open('seen')).match(location.origin + '/products/hejian-noodles/'))"
    )
    page.context.set_offline(True)
    page.goto("/products/hejian-noodles/")
    expect(page.locator("[data-seen-note]")).to_be_visible()
    expect(page.locator("[data-seen-note] time")).not_to_be_empty()
    expect(page.locator("form[action$='basket/add'] .button--big")).to_be_disabled()
    page.goto("/basket/")
    expect(page.get_by_role("heading", name="You are offline")).to_be_visible()
    expect(page.locator("[data-seen-pages] a").first).to_be_visible()
    page.context.set_offline(False)
