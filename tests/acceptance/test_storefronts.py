"""The curated store, from looking around to a paid order, on the stock and prices of the first one."""

import re

import pytest
from playwright.sync_api import expect

from tests.acceptance.conftest import FAN
from tests.acceptance.test_purchase import pay_in_sandbox

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("phone", "language"), [(True, "zh"), (False, "en")])
def test_the_second_storefront_has_its_own_name_and_look(visitor, phone, language) -> None:
    page = visitor(phone=phone, language=language)
    page.goto("/")
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.goto("/grain-rain/")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != ground
    expect(page.locator(".brand")).to_contain_text("谷雨集" if language == "zh" else "Grain Rain")
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    expect(page.locator("main a[href='/grain-rain/products/yutian-umbrella/']").first).to_be_visible()


def test_bought_in_the_second_storefront_is_gone_from_the_first(visitor) -> None:
    fan = visitor(FAN)
    fan.goto("/grain-rain/kinds/wine/")
    fan.locator(".card__name a").first.click()
    fan.wait_for_url("**/grain-rain/products/helan-red/**")
    # Every case of six there is.
    case = fan.locator("input[type=radio][value=HELAN-RED-6]")
    case.check()
    fan.locator("#quantity").fill("160")
    fan.get_by_role("button", name="Add to basket").click()
    fan.wait_for_url("**/grain-rain/basket/")
    fan.get_by_role("link", name="Check out").click()
    fan.get_by_role("button", name="Place order").click()
    fan.wait_for_url("**/grain-rain/orders/**")
    fan.get_by_role("button", name=re.compile("^Pay ")).click()
    pay_in_sandbox(fan)

    other = visitor()
    for home in ("/", "/grain-rain/"):
        other.goto(f"{home}products/helan-red/")
        expect(other.locator("input[type=radio][value=HELAN-RED-6]")).to_be_disabled()
        expect(other.locator("input[type=radio][value=HELAN-RED-1]")).to_be_enabled()


def test_pictures_enlarge_by_keyboard_and_without_scripts(visitor) -> None:
    page = visitor()
    page.goto("/grain-rain/products/tuyao-teapot/")
    opener = page.locator(".gallery__open").first
    opener.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#zoom-1")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#zoom-1")).to_be_hidden()


def test_an_informing_market_says_where_to_buy(visitor) -> None:
    page = visitor()
    page.goto("/grain-rain/en-de/products/tuyao-teapot/")
    expect(page.locator("main")).to_contain_text("authorised retailers")
    expect(page.get_by_role("button", name="Add to basket")).to_have_count(0)
    expect(page.get_by_role("button", name="Put the set in the basket")).to_have_count(0)
