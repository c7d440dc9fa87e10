"""One story from end to end, as a newcomer lives it: search, compare, basket, an account with a passkey, buy, follow."""

import re
from random import choices
from string import ascii_lowercase

import pytest
from playwright.sync_api import Page, expect

from tests.acceptance.conftest import Shop, Visitors
from tests.acceptance.test_passkey import authenticator, code_for
from tests.acceptance.test_purchase import pay_in_sandbox
from tests.acceptance.test_shopping import WAYS, check_out

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("phone", "language"), WAYS, ids=["phone-zh", "desk-en", "phone-en", "desk-zh"])
def test_search_compare_basket_sign_up_with_a_passkey_buy_and_follow(
    visitor: Visitors, shop: Shop, phone: bool, language: str
) -> None:
    page = visitor(phone=phone, language=language)
    # Browsers make no passkeys for bare addresses.
    here = shop.url.replace("127.0.0.1", "localhost")
    authenticator(page)
    page.goto(here)

    search_here(page, here, "手机" if language == "zh" else "phone")
    boxes = page.locator("input[form=compare]:not(:disabled)")
    boxes.nth(0).check()
    boxes.nth(1).check()
    page.locator("[data-tray] .button").click()
    page.wait_for_url("**/compare/?*")
    expect(page.locator(".compare thead th")).to_have_count(2)

    name = page.locator(".compare__name").first.inner_text()
    page.locator(".compare__name").first.click()
    page.locator("form[action$='/basket/add'] button[type=submit]").click()
    page.wait_for_url("**/basket/")

    # Signing up leads back to where one was, with what was in the basket.
    page.locator("#basket a[href*='/accounts/login/']").click()
    page.get_by_role("link", name=re.compile("Make an account|注册")).click()
    page.get_by_role("link", name=re.compile("passkey|通行密钥")).click()
    contact = f"{''.join(choices(ascii_lowercase, k=12))}@example.org"  # no figures: one looks for the code's
    page.locator("input[name=contact]").fill(contact)
    page.locator("main form button[type=submit]").click()
    page.locator("input[name=code]").fill(code_for(shop, contact))
    page.locator("main form button[type=submit]").first.click()
    page.wait_for_url("**/2fa/webauthn/signup/**")
    page.locator("#mfa_webauthn_signup").click()
    page.wait_for_url("**/basket/")
    expect(page.locator("#basket .split .line")).to_have_count(1)
    expect(page.locator("#basket")).to_contain_text(name)

    page.locator("a[href$='/checkout/']").click()
    check_out(page)
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("Your order is placed|订单已提交|已下单"))
    page.locator("form[action$='/pay'] button").first.click()
    pay_in_sandbox(page)
    address = page.url[len(here) :]
    steps = page.locator(".life li")
    assert steps.count() >= 3
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")

    # Tomorrow, with the key: the order is in the account, and says how it stands.
    page.goto(f"{here}/account/")
    page.locator("form[action='/accounts/logout/'] button").first.click()
    page.goto(f"{here}{address}")
    page.wait_for_url("**/accounts/login/**")
    page.locator("#passkey_login").click()
    page.wait_for_url(f"**{address}")
    expect(page.locator("main")).to_contain_text(name)


def search_here(page: Page, here: str, text: str) -> None:
    """Search as somebody would on this width."""
    if page.locator(".head__find").is_visible():
        page.locator(".head__find").click()
        page.wait_for_url("**/search/")
    field = page.locator("input[name=q]").locator("visible=true").first
    field.fill(text)
    field.press("Enter")
    page.wait_for_url("**/search/?*q=*")
    expect(page.locator(".card").first).to_be_visible()
