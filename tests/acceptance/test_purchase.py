"""A newcomer's five minutes: sign in, join the running drop, buy, pay, and see the wall move."""

import re
import time

import httpx
import pytest
from playwright.sync_api import expect

from tests.acceptance.conftest import FAN, FRIEND, STAFF

pytestmark = pytest.mark.browser


def pay_in_sandbox(page) -> None:
    """Take the bank's first button, and wait until the order's page knows."""
    page.wait_for_url("**/bank/**")
    page.get_by_role("button", name=re.compile("^(Pay now|立即付款)")).click()
    page.wait_for_url("**/orders/**")
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("Paid|已付款|付款"), timeout=30_000)


def figure(page, place: str) -> float:
    """Read a figure of the wall."""
    return float(re.sub(r"[^0-9.]", "", page.locator(place).inner_text()))


def test_a_fan_buys_in_the_running_drop_and_the_wall_moves(visitor) -> None:
    wall = visitor(STAFF)
    wall.goto("/wall/cn/")
    expect(wall.locator("#paid-orders")).to_have_text(re.compile(r"\d"))
    orders, amount = figure(wall, "#paid-orders"), figure(wall, "#amount")

    fan = visitor(FAN, phone=True)
    fan.goto("/drops/open-now/")
    fan.locator("[data-sku=BAND2-BLK] [data-more]").click()
    fan.locator("#buy").click()
    expect(fan.locator("#own")).to_be_visible()
    fan.locator("#owed-pay").click()
    pay_in_sandbox(fan)

    expect(wall.locator("#paid-orders")).to_have_text(f"{orders + 1:.0f}")
    assert figure(wall, "#amount") == amount + 149


def test_a_double_click_in_a_drop_makes_one_order(visitor, shop) -> None:
    page = visitor(FRIEND)
    page.goto("/account/")
    orders = page.locator('main a[href^="/orders/"]').count()
    page.goto("/drops/open-now/")
    page.locator("[data-sku=MIX2-BLK-6-64] [data-toggle]").click()
    page.locator("#buy").dblclick()
    expect(page.locator("#own")).to_be_visible()
    page.goto("/account/")
    expect(page.locator('main a[href^="/orders/"]')).to_have_count(orders + 1)


def test_what_was_just_bought_is_what_the_thumb_pays(visitor) -> None:
    page = visitor(FRIEND, phone=True)
    page.goto("/drops/open-now/")
    for sku in ("[data-sku=BAND2-BLK]", "[data-sku=HJ-NOODLE-12]"):  # the first waits, and lapses sooner
        page.locator(f"{sku} [data-more]").click()
        page.locator("#buy").click()
        expect(page.locator("#owed")).to_be_visible()
    bought = page.locator("[data-order]", has_text=re.compile("noodle", re.IGNORECASE)).first
    expect(page.locator("#owed-pay")).to_have_attribute("form", f"pay-{bought.get_attribute('data-order')}")
    page.reload()  # and then the one that lapses first
    expect(page.locator("#owed-pay")).not_to_have_attribute("form", f"pay-{bought.get_attribute('data-order')}")


def test_a_basket_becomes_an_order_and_is_paid(visitor) -> None:
    page = visitor(FAN)
    page.goto("/products/mi-phone-1/")
    page.get_by_role("button", name="Add to basket").click()
    page.goto("/basket/")
    page.get_by_role("link", name="Check out").click()
    page.get_by_role("button", name="Place order").click()
    page.wait_for_url("**/orders/**")
    page.get_by_role("button", name=re.compile("^Pay ")).click()
    pay_in_sandbox(page)


def test_somebody_elses_order_does_not_exist(visitor) -> None:
    fan = visitor(FAN)
    fan.goto("/account/")
    address = fan.locator('main a[href^="/orders/"]').first.get_attribute("href")
    friend = visitor(FRIEND)
    assert friend.goto(address).status == 404
    stranger = visitor()
    response = stranger.goto(address)
    assert response.status == 404 or "/accounts/login/" in stranger.url


def test_an_informing_market_shows_and_does_not_sell(visitor) -> None:
    page = visitor()
    page.goto("/products/mi-phone-1/")
    token = page.locator("input[name=csrfmiddlewaretoken]").first.input_value()
    page.request.post(
        "/choose/market", form={"market": "us", "next": "/", "csrfmiddlewaretoken": token},
        headers={"referer": page.url},
    )  # fmt: skip
    page.goto("/products/mi-phone-1/")
    expect(page.get_by_role("button", name="Add to basket")).to_have_count(0)


def test_the_store_reads_in_chinese(visitor) -> None:
    page = visitor(phone=True, language="zh")
    page.goto("/")
    assert page.locator("html").get_attribute("lang").startswith("zh")
    expect(page.locator("header")).to_contain_text("购物车")


def test_the_wall_is_for_staff(visitor, shop) -> None:
    page = visitor(FAN)
    assert page.goto("/wall/cn/").status in (403, 404)
    assert httpx.get(f"{shop.url}/wall/cn/figures").status_code in (403, 404)


def test_nothing_is_broken_afterwards(shop) -> None:
    deadline = time.monotonic() + 20
    while (audit := shop.setaria("audit", "--json")).returncode and time.monotonic() < deadline:
        time.sleep(1)
    assert audit.returncode == 0, audit.stdout + audit.stderr
