"""From a search to an order one follows, on a phone and at a desk, in both languages; and the small helps on the way."""

import re
import time

import pytest
from playwright.sync_api import Page, expect

from tests.acceptance.conftest import FAN, FRIEND
from tests.acceptance.test_purchase import pay_in_sandbox

pytestmark = pytest.mark.browser

WAYS = [(True, "zh"), (False, "en"), (True, "en"), (False, "zh")]


def search(page: Page, text: str) -> None:
    """Type into the search there is on this width; a fresh instance may still be indexing."""
    deadline = time.monotonic() + 20
    page.goto("/search/")
    while True:
        field = page.locator("main input[name=q], header input[name=q]").locator("visible=true").first
        field.fill(text)
        field.press("Enter")
        page.wait_for_url("**/search/?*q=*")
        if page.locator(".card").count() >= 2:
            return
        assert time.monotonic() < deadline, page.content()
        page.wait_for_timeout(500)


def add_to_basket(page: Page, slug: str) -> None:
    page.goto(f"/products/{slug}/")
    page.locator("form[action$='/basket/add'] button[type=submit]").click()
    page.wait_for_url("**/basket/")


def check_out(page: Page) -> None:
    """Fill in what is still empty of the address, and order."""
    page.wait_for_url("**/checkout/**")
    for field, value in {"recipient": "Fan", "phone": "13800000000", "city": "北京", "street": "清河 68"}.items():
        empty = page.locator(f"input[name={field}]")
        if empty.count() and not empty.input_value():
            empty.fill(value)
    province = page.locator("select[name=region]")
    if province.count() and not province.input_value():
        province.select_option(index=1)
    page.locator("main form[data-once] button[type=submit]:not([name=look])").first.click()
    page.wait_for_url("**/orders/**")


@pytest.mark.parametrize(("phone", "language"), WAYS, ids=["phone-zh", "desk-en", "phone-en", "desk-zh"])
def test_search_compare_basket_sign_in_buy_follow(visitor, phone: bool, language: str) -> None:
    # At home, signed in, something is in the basket already.
    add_to_basket(visitor(FAN), "mi-band-2")

    page = visitor(phone=phone, language=language)
    search(page, "手机" if language == "zh" else "phone")
    boxes = page.locator("input[form=compare]")
    kind = boxes.first.get_attribute("data-kind")
    same = page.locator(f"input[form=compare][data-kind='{kind}']:not(:disabled)")
    same.nth(0).check()
    same.nth(1).check()
    page.locator("[data-tray] .button").click()
    page.wait_for_url("**/compare/?*")
    expect(page.locator(".compare thead th")).to_have_count(2)
    expect(page.locator(".compare__differs").first).to_be_visible()

    name = page.locator(".compare__name").first.inner_text()
    page.locator(".compare__name").first.click()
    page.locator("form[action$='/basket/add'] button[type=submit]").click()
    page.wait_for_url("**/basket/")
    expect(page.locator("#basket")).to_contain_text(name)

    page.locator("#basket a[href*='/accounts/login/']").click()
    page.locator("input[name=login]").fill(FAN[0])
    page.locator("input[name=password]").fill(FAN[1])
    page.locator("main form button[type=submit]").first.click()
    page.wait_for_url("**/basket/")
    expect(page.locator("#basket .split .line")).to_have_count(2)
    expect(page.locator("#basket")).to_contain_text(name)

    page.locator("a[href$='/checkout/']").click()
    check_out(page)
    page.locator("form[action$='/pay'] button").first.click()
    pay_in_sandbox(page)
    address = page.url
    page.goto("/account/")
    expect(page.locator(f"main a[href='{address[address.index('/orders/') :]}']").first).to_be_visible()
    page.goto("/basket/")
    expect(page.locator("#basket .line")).to_have_count(0)


def test_quantities_change_without_leaving_the_page(visitor) -> None:
    page = visitor(phone=True)
    add_to_basket(page, "mi-band-2")
    page.evaluate("window.stayed = true")
    page.locator("input[name=quantity]").fill("3")
    page.locator("input[name=quantity]").press("Tab")
    expect(page.locator(".head .count")).to_have_text("3")
    expect(page.locator(".sums__total dd")).to_have_text(re.compile("447"))
    page.locator("form[action$='/basket/later'] button").click()
    expect(page.locator("section[aria-labelledby=later] .line")).to_have_count(1)
    assert page.evaluate("window.stayed")


def test_what_is_ticked_on_one_page_is_ticked_after_a_look_elsewhere(visitor) -> None:
    page = visitor()
    page.goto("/kinds/phone/")
    page.locator("input[form=compare]").first.check()
    page.goto("/kinds/wristband/")
    expect(page.locator("input[form=compare]:checked")).to_have_count(0)
    page.goto("/kinds/phone/?sort=dear")
    expect(page.locator("input[form=compare]:checked")).to_have_count(1)
    expect(page.locator(".tray__chosen li")).to_have_count(1)
    page.locator(".tray__out").click()
    expect(page.locator("input[form=compare]:checked")).to_have_count(0)


def test_it_all_works_without_a_script(chromium, shop) -> None:
    context = chromium.new_context(base_url=shop.url, java_script_enabled=False, locale="en-GB")
    try:
        page = context.new_page()
        add_to_basket(page, "mi-band-2")
        page.locator("input[name=quantity]").fill("2")
        page.get_by_role("button", name="Change").click()
        expect(page.locator(".sums__total dd")).to_have_text(re.compile("298"))
        page.get_by_role("button", name="Make a link").click()
        page.locator(".shares__link").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("A shared basket")
        page.goto("/kinds/phone/")
        for number in (0, 1):
            page.locator("input[form=compare]").nth(number).check()
        page.get_by_role("button", name="Compare", exact=True).click()
        expect(page.locator(".compare thead th")).to_have_count(2)
        page.goto("/products/mi-band-2/")
        page.get_by_role("button", name="Put on the wish list", exact=True).click()
        page.goto("/wishes/")
        expect(page.locator(".card")).to_have_count(1)
    finally:
        context.close()


def test_who_waits_is_told_when_it_is_back(visitor, shop) -> None:
    # Somebody takes all there are.
    friend = visitor(FRIEND)
    friend.goto("/products/mi-phone-1/")
    friend.locator("#quantity").fill("9999")
    friend.locator("form[action$='/basket/add'] button[type=submit]").click()
    friend.wait_for_url("**/basket/")
    friend.get_by_role("button", name=re.compile("Take the .* left")).click()
    friend.locator("a[href$='/checkout/']").click()
    check_out(friend)

    page = visitor(phone=True)
    page.goto("/products/mi-phone-1/")
    page.locator("#tell-email").fill("waits@example.org")
    page.locator(".tell button").click()
    expect(page.locator(".notes")).to_contain_text("waits@example.org")
    question = mail_to(shop, "waits@example.org", 1)
    page.goto(re.search(r"http://\S+/alerts/\S+", question).group())  # type: ignore[union-attr]
    page.get_by_role("button", name="Yes, tell me").click()
    expect(page.locator(".notes")).to_contain_text("Noted.")

    friend.locator("form[action$='/cancel'] button").click()
    assert "/products/mi-phone-1/" in mail_to(shop, "waits@example.org", 2)


def mail_to(shop, address: str, number: int) -> str:
    """Return the newest message to an address once there are so many."""
    folder = shop.home / "messages"
    deadline = time.monotonic() + 30
    while True:
        found = [text for file in sorted(folder.glob("*.txt")) if address in (text := file.read_text())]
        if len(found) >= number:
            return found[-1]
        assert time.monotonic() < deadline, found
        time.sleep(0.5)
