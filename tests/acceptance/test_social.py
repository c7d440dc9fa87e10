"""Signing in with an account elsewhere, at a real OpenID Connect provider: made, left, come back into, and not taken over."""

import re

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.acceptance.conftest import FAN

pytestmark = pytest.mark.browser


def known_there(provider: str, sub: str, **claims: object) -> None:
    """Let the provider know somebody."""
    httpx.put(f"{provider}/users/{sub}", json=claims).raise_for_status()


def come_in(page: Page, provider: str, sub: str) -> None:
    """Sign in by the provider's button, and say there who one is."""
    page.goto("/accounts/login/")
    page.get_by_role("link", name="Millet ID").click()
    if not page.url.startswith(provider):
        page.locator("main form button[type=submit]").first.click()  # "Continue"
    page.wait_for_url(f"{provider}/**")
    page.locator("input[name=sub]").fill(sub)
    page.get_by_role("button", name="Authorize").click()


@pytest.mark.parametrize(("phone", "language"), [(True, "zh"), (False, "en")])
def test_sign_up_out_and_in_with_an_account_elsewhere(visitor, provider: str, phone: bool, language: str) -> None:
    sub, email = f"mi-{language}", f"mi-{language}@elsewhere.example"
    known_there(provider, sub, email=email, email_verified=True, name="小米粒")
    page = visitor(phone=phone, language=language)
    come_in(page, provider, sub)
    page.wait_for_url("**/account/")
    expect(page.locator("main")).to_contain_text(email)
    page.locator("form[action='/accounts/logout/'] button").first.click()
    page.wait_for_url(re.compile("/$"))
    come_in(page, provider, sub)
    page.wait_for_url("**/account/")
    expect(page.locator("main")).to_contain_text(email)


def test_an_address_that_has_an_account_here_is_not_taken_over(visitor, provider: str) -> None:
    known_there(provider, "impostor", email=FAN[0], email_verified=True)
    page = visitor()
    come_in(page, provider, "impostor")
    page.wait_for_url("**/accounts/**")  # it looks as if a code had been sent, so that nothing is learnt either
    page.goto("/account/")
    assert "/accounts/" in page.url
    expect(page.locator("header")).to_contain_text("Sign in")


def test_who_changes_their_mind_is_back_where_they_were(visitor, provider: str) -> None:
    page = visitor()
    page.goto("/accounts/login/")
    page.get_by_role("link", name="Millet ID").click()
    if not page.url.startswith(provider):
        page.locator("main form button[type=submit]").first.click()
    page.wait_for_url(f"{provider}/**")
    page.get_by_role("button", name="Deny").click()
    page.wait_for_url("**/accounts/**")
    expect(page.locator("main h1")).to_be_visible()
    expect(page.locator("header .brand")).to_be_visible()
