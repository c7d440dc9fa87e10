"""An account with a passkey, in a browser that has an authenticator: made, left, come back into."""

import re
import time

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


def authenticator(page: Page) -> None:
    """Give the browser an authenticator that confirms its owner at once."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
               "isUserVerified": True, "automaticPresenceSimulation": True}  # fmt: skip
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def code_for(shop, contact: str) -> str:
    """Return the code that the sandbox post office has for somebody."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        for file in sorted((shop.home / "messages").glob("*.txt"), reverse=True):
            text = file.read_text(encoding="utf-8")
            if text.startswith(f"To: {contact}\n") and (found := re.search(r"(?<!\d)\d{6}(?!\d)", text)):
                return found[0]
        time.sleep(0.1)
    raise AssertionError(f"no code for {contact}")


@pytest.mark.parametrize(
    "contact, kept, phone, language",
    [("passkey@example.org", "passkey@example.org", False, "en"), ("138 0013 8001", "+8613800138001", True, "zh")],
)
def test_sign_up_out_and_in_with_a_passkey(
    visitor, shop, contact: str, kept: str, phone: bool, language: str
) -> None:  # fmt: skip
    page = visitor(phone=phone, language=language)
    here = shop.url.replace("127.0.0.1", "localhost")  # browsers make no passkeys for bare addresses
    authenticator(page)
    page.goto(f"{here}/accounts/signup/")
    page.get_by_role("link", name=re.compile("passkey|通行密钥")).click()
    page.locator("input[name=contact]").fill(contact)
    page.locator("main form button[type=submit]").click()
    page.locator("input[name=code]").fill(code_for(shop, kept))
    page.locator("main form button[type=submit]").first.click()
    page.wait_for_url("**/2fa/webauthn/signup/")
    page.locator("#mfa_webauthn_signup").click()
    page.wait_for_url("**/account/")

    page.locator("form[action='/accounts/logout/'] button").first.click()
    page.goto(f"{here}/account/")
    page.wait_for_url("**/accounts/login/**")
    page.locator("#passkey_login").click()
    page.wait_for_url("**/account/")
    expect(page.locator("main")).to_contain_text(kept if "@" in kept else "138 0013 8001")
