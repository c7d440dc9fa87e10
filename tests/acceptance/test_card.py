"""By card, from the basket to a refund in part, in a real shop before a real (fake) Stripe that tells it by webhook."""

import re
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.acceptance.conftest import FAN, STAFF, Shop, Visitors, running
from tests.stripe.conftest import SECRET, FakeStripe, localstripe

pytestmark = pytest.mark.browser

__all__ = ["localstripe"]
MUST_CONFIRM = "4000002500003155"  # a card whose bank asks its owner


@pytest.fixture(scope="module")
def card_shop(tmp_path_factory: pytest.TempPathFactory, localstripe: FakeStripe) -> Iterator[Shop]:
    """A shop that takes cards, and is told by webhook."""
    variables = {
        "SETARIA_PAYMENTS": "stripe sandbox", "SETARIA_STRIPE_SECRET_KEY": "sk_test_12345",
        "SETARIA_STRIPE_PUBLISHABLE_KEY": "pk_test_12345", "SETARIA_STRIPE_WEBHOOK_SECRET": SECRET,
        "SETARIA_STRIPE_API_URL": localstripe.url, "SETARIA_STRIPE_SCRIPT_URL": f"{localstripe.url}/js.stripe.com/v3/",
    }  # fmt: skip
    with running(tmp_path_factory.mktemp("card-shop") / "home", variables) as shop:
        localstripe.call("POST", "/_config/webhooks/shop", url=f"{shop.url}/payments/stripe/notify", secret=SECRET)
        yield shop


@pytest.fixture
def people(chromium: Browser, card_shop: Shop) -> Iterator[Visitors]:
    visitors = Visitors(chromium, card_shop)
    yield visitors
    for context in visitors.contexts:
        context.close()


def books(shop: Shop, number: str, until: str) -> str:
    """The order's story, once it tells of what it should."""
    deadline = time.monotonic() + 60
    while until not in (story := shop.setaria("books", "order", number).stdout):
        assert time.monotonic() < deadline, story
        time.sleep(1)
    return story


def test_from_the_basket_by_card_to_a_refund_in_part(people, card_shop, localstripe) -> None:
    page = people(FAN)
    page.goto("/products/mi-band-2/")
    page.get_by_role("button", name="Add to basket").click()
    page.goto("/checkout/")
    page.get_by_role("button", name="Place order").click()
    page.wait_for_url("**/orders/**")
    number = page.url.rstrip("/").rpartition("/")[2]
    page.get_by_text("Card", exact=True).click()
    page.get_by_role("button", name=re.compile("^Pay ")).click()
    page.wait_for_url("**/payments/**")
    intent = page.locator("#card-form").get_attribute("data-secret").partition("_secret_")[0]
    # The fake's script asks the owner, and nothing else of the card form: the card is filled in at its API.
    localstripe.fill_in_intent(intent, MUST_CONFIRM)
    page.locator("#card-form button[type=submit]").click()
    page.get_by_text("Complete authentication").click()
    page.wait_for_url("**/orders/**")
    expect(page.get_by_role("heading", level=1)).to_have_text("Paid. Thank you.", timeout=40_000)

    clerk = people(STAFF)
    clerk.goto(f"/money/orders/{number}/")
    clerk.locator("[name=units-0]").fill("1")
    clerk.locator("#reason").fill("The glass was broken")
    clerk.get_by_role("button", name="Refund").click()
    expect(clerk.get_by_text("goes back to the buyer")).to_be_visible()

    page.goto(f"/orders/{number}/")
    expect(page.get_by_text("The glass was broken")).to_be_visible()
    assert sent_back(page)
    story = books(card_shop, number, "Refund sent")
    told = [what for what in ("Payment received", "Sale", "Sale taken back", "Refund sent") if what in story]
    assert told == ["Payment received", "Sale", "Sale taken back", "Refund sent"], story
    sent = localstripe.call("GET", f"/v1/refunds?payment_intent={intent}")["data"]
    assert len(sent) == 1
    assert sent[0]["metadata"]["order"] == number


def sent_back(page) -> bool:
    """Look again until the order's page says that the refund was sent."""
    deadline = time.monotonic() + 30
    while not (sent := page.get_by_text("was sent back to you on").count()) and time.monotonic() < deadline:
        time.sleep(1)
        page.reload()
    return bool(sent)


def test_nothing_is_broken_afterwards(card_shop) -> None:
    deadline = time.monotonic() + 30
    while (audit := card_shop.setaria("audit", "--json")).returncode and time.monotonic() < deadline:
        time.sleep(1)
    assert audit.returncode == 0, audit.stdout + audit.stderr
    assert card_shop.setaria("payments", "cases").returncode == 0
