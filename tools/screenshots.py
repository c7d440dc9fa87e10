"""Takes the pictures in the README from a running demo instance: `make screenshots URL=http://127.0.0.1:8000`.

The wall shows the newest market, so that a rehearsal (`setaria rush singles-day-2017 --url …`) gives it a night to
show; without one it shows China's demo drop.
"""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

PICTURES = Path(__file__).parent.parent / "docs" / "pictures"
STAFF = ("staff@demo.example", "watch-the-wall")  # the demo's, see setaria.site.demo_loader
DESKTOP, PHONE, TELEVISION = (1440, 900), (390, 844), (1920, 1080)

# file name: size, language, colour scheme, address
SHOTS = {
    "home": (DESKTOP, "zh-CN", "light", "/"),
    "product": (DESKTOP, "en-GB", "light", "/products/hejian-noodles/"),
    "kind-dark": (DESKTOP, "en-GB", "dark", "/kinds/phone/"),
    "drop-phone": (PHONE, "zh-CN", "light", "/drops/open-now/"),
    "drop-phone-dark": (PHONE, "en-GB", "dark", "/drops/singles-day/"),
}


def open_page(browser: Browser, url: str, size: tuple[int, int], locale: str, scheme: str) -> Page:
    """Open a new visitor's window."""
    context = browser.new_context(
        base_url=url, viewport={"width": size[0], "height": size[1]}, locale=locale,
        color_scheme=scheme, device_scale_factor=1,
    )  # fmt: skip
    return context.new_page()


def take_wall(browser: Browser, url: str, market: str) -> None:
    """Sign in as staff and take the wall on a television and on a phone."""
    email, password = STAFF
    for name, size in (("wall", TELEVISION), ("wall-phone", PHONE)):
        page = open_page(browser, url, size, "en-GB", "dark")
        page.goto("/accounts/login/")
        page.locator("input[name=login]").fill(email)
        page.locator("input[name=password]").fill(password)
        page.locator("main form button[type=submit]").click()
        page.wait_for_url("**/account/")
        page.goto(f"/wall/{market}/")
        page.wait_for_timeout(4_000)
        page.screenshot(path=PICTURES / f"{name}.png")


def main() -> int:
    """Take every picture; the first argument is the instance's address, the second the wall's market."""
    url = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000"
    market = sys.argv[2] if len(sys.argv) > 2 else "cn"
    PICTURES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for name, (size, locale, scheme, address) in SHOTS.items():
            page = open_page(browser, url, size, locale, scheme)
            response = page.goto(address)
            assert response is not None, address
            assert response.ok, f"{address} answered {response.status}"
            page.wait_for_timeout(1_000)
            page.screenshot(path=PICTURES / f"{name}.png")
        take_wall(browser, url, market)
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
