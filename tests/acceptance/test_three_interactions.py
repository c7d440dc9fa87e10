"""Who has never seen the store finds a given product in three interactions, however they look for it.

Counted strictly, from the front page on: each tap or click is one, a text typed into a field is one, and so is Enter.
"""

import re
from typing import Literal

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.acceptance.conftest import Visitors

pytestmark = pytest.mark.browser

INTERACTIONS_MAX = 3
Language = Literal["zh", "en"]
WAYS = [(True, "zh"), (True, "en"), (False, "zh"), (False, "en")]
NAMES = ["phone-zh", "phone-en", "desk-zh", "desk-en"]

# product: its kind, and what somebody would type who looks for it, rightly or nearly
PRODUCTS: dict[str, tuple[str, dict[Language, tuple[str, str]]]] = {
    "mi-band-2": ("wristband", {"zh": ("小米手环", "手环2"), "en": ("Mi Band", "mi bnad")}),
    "hejian-noodles": ("noodles", {"zh": ("小米挂面", "挂面"), "en": ("millet noodles", "noodels")}),
    "xiaomi-su7": ("car", {"zh": ("su7", "小米汽车"), "en": ("SU7", "car")}),
    "mi-laser-projector": ("projector", {"zh": ("投影", "激光投影"), "en": ("projector", "projectr")}),
    "mijia-desk-lamp": ("lamp", {"zh": ("台灯", "米家台灯"), "en": ("desk lamp", "lampp")}),
}
# product: its kind, and something of its specification that not every one of the kind has
NARROWED = {"mi-6": ("phone", "spec.charging", "18"), "mi-mix-2": ("phone", "spec.charging", "18")}


class Newcomer:
    """Acts, and counts."""

    def __init__(self, page: Page, home: str = "/") -> None:
        self.page, self.count = page, 0
        page.goto(home)

    def tap(self, *candidates: Locator) -> None:
        """Tap the first of these that can be seen."""
        for one in candidates:
            seen = one.locator("visible=true")
            if seen.count():
                seen.first.click()
                self.count += 1
                return
        raise AssertionError(f"nothing of this is to be seen: {candidates}")

    def write(self, text: str) -> None:
        """Type into the search field there is, which first must be come to on a phone."""
        field = self.page.locator("input[name=q]").locator("visible=true")
        if not field.count():
            self.tap(self.page.locator(".head__find"))
            self.page.wait_for_url("**/search/")
        field.first.press_sequentially(text, delay=5)
        self.count += 1

    def arrives(self, slug: str) -> None:
        self.page.wait_for_url(f"**/products/{slug}/**")
        expect(self.page.locator("h1")).to_be_visible()
        assert self.count <= INTERACTIONS_MAX, self.count


@pytest.mark.parametrize(("phone", "language"), WAYS, ids=NAMES)
def test_by_a_suggestion(visitor: Visitors, phone: bool, language: Language) -> None:
    page = visitor(phone=phone, language=language)
    for slug, (_kind, texts) in PRODUCTS.items():
        for text in texts[language]:
            newcomer = Newcomer(page)
            newcomer.write(text)
            newcomer.tap(suggestion(page, slug))
            newcomer.arrives(slug)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_by_a_search(visitor: Visitors, language: Language) -> None:
    page = visitor(language=language)
    for slug, (_kind, texts) in PRODUCTS.items():
        newcomer = Newcomer(page)
        newcomer.write(texts[language][0])
        page.keyboard.press("Enter")
        newcomer.count += 1
        page.wait_for_url("**/search/?*")
        newcomer.tap(card(page, slug))
        newcomer.arrives(slug)


@pytest.mark.parametrize(("phone", "language"), WAYS, ids=NAMES)
def test_by_its_kind(visitor: Visitors, phone: bool, language: Language) -> None:
    page = visitor(phone=phone, language=language)
    for slug, (kind, _texts) in PRODUCTS.items():
        newcomer = Newcomer(page)
        newcomer.tap(page.locator(f"a[href$='/kinds/{kind}/']"))
        page.wait_for_url(f"**/kinds/{kind}/")
        newcomer.tap(card(page, slug))
        newcomer.arrives(slug)


@pytest.mark.parametrize(("phone", "language"), WAYS, ids=NAMES)
def test_by_what_it_is_like(visitor: Visitors, phone: bool, language: Language) -> None:
    for slug, (kind, field, value) in NARROWED.items():
        newcomer = Newcomer(page := visitor(phone=phone, language=language))
        newcomer.tap(page.locator(f"a[href$='/kinds/{kind}/']"))
        page.wait_for_url(f"**/kinds/{kind}/")
        newcomer.tap(
            page.locator(f"input[name='{field}'][value='{value}']"), page.locator(f".quick a[href$='{field}={value}']")
        )
        page.wait_for_url(re.compile(re.escape(field)))
        newcomer.tap(card(page, slug))
        newcomer.arrives(slug)


@pytest.mark.parametrize(("phone", "language"), WAYS, ids=NAMES)
def test_what_the_front_shows_is_one_tap_away(visitor: Visitors, phone: bool, language: Language) -> None:
    page = visitor(phone=phone, language=language)
    for home in ("/", "/grain-rain/"):
        page.goto(home)
        slugs = page.locator("main a[href*='/products/']").evaluate_all(
            "links => [...new Set(links.map(link => link.pathname.split('/').at(-2)))]"
        )
        assert len(slugs) >= 6
        newcomer = Newcomer(page, home)
        newcomer.tap(page.locator(f"main a[href*='/products/{slugs[-1]}/']"))
        newcomer.arrives(slugs[-1])


def suggestion(page: Page, slug: str) -> Locator:
    found = page.locator(f"[role=option][data-url$='/products/{slug}/']")
    expect(found.locator("visible=true").first).to_be_visible()
    return found


def card(page: Page, slug: str) -> Locator:
    return page.locator(f".card__name a[href$='/products/{slug}/']")
