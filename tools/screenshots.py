"""Takes the README's pictures: `make screenshots`.

A demo of its own is started in a temporary home, a waiting room is filled, a night is rehearsed against it while the
wall is looked at, and everything is stopped and removed. Nothing that runs already is touched. About three minutes.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from setaria.site.rush.cli import use_django
from setaria.site.rush.instance import Instance, temporary
from setaria.site.supervisor import end, spawn
from setaria.site.up import setaria

PICTURES = Path(__file__).parent.parent / "docs" / "pictures"
FAN = ("fan@demo.example", "millet-and-rifles")  # the demo's, see setaria.site.demo_loader
STAFF = ("staff@demo.example", "watch-the-wall")
DESKTOP, PHONE, TELEVISION = (1440, 900), (390, 844), (1920, 1080)
COMPARED = "?p=xiaomi-14-pro&p=mi-mix-2&p=mi-6"

# file name: size, language, colour scheme, address
SHOTS = {
    "home": (DESKTOP, "zh-CN", "light", "/"),
    "home-phone": (PHONE, "zh-CN", "light", "/"),
    "kind-dark": (DESKTOP, "en-GB", "dark", "/kinds/phone/"),
    "product": (DESKTOP, "en-GB", "light", "/products/xiaomi-su7/"),
    "product-phone-dark": (PHONE, "zh-CN", "dark", "/products/hejian-noodles/"),
    "compare": (DESKTOP, "en-GB", "light", f"/compare/{COMPARED}"),
    "drop-phone": (PHONE, "zh-CN", "light", "/drops/open-now/"),
    "drop-dark": (DESKTOP, "en-GB", "dark", "/drops/singles-day/"),
    "second-store": (DESKTOP, "en-GB", "light", "/grain-rain/"),
    "second-store-phone": (PHONE, "zh-CN", "light", "/grain-rain/products/tuyao-teapot/"),
}

ROOM, WAITING = "by-number", 9  # how many came before the fan
NIGHT = "singles-day-2017"
FIGURE_WANTED = 100_000_000  # yuan; the night's pictures are taken once so much is paid
NIGHT_SECONDS_MAX = 300.0


def main() -> int:
    """Take every picture."""
    PICTURES.mkdir(exist_ok=True)
    with temporary(demo=True) as instance:
        open_room(instance)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            for name, (size, locale, scheme, address) in SHOTS.items():
                page = window(browser, instance, size, locale, scheme)
                response = page.goto(address, wait_until="networkidle")
                assert response is not None, address
                assert response.ok, f"{address} answered {response.status}"
                keep(page, name)
            take_room(browser, instance)
            take_night(browser, instance)
            browser.close()
    return 0


def window(browser: Browser, instance: Instance, size: tuple[int, int], locale: str, scheme: str) -> Page:
    """Open a new visitor's window; a phone's has twice as many dots, as phones have."""
    context: BrowserContext = browser.new_context(
        base_url=instance.url, viewport={"width": size[0], "height": size[1]}, locale=locale,
        color_scheme=scheme, device_scale_factor=2 if size == PHONE else 1,
    )  # fmt: skip
    return context.new_page()


def keep(page: Page, name: str) -> None:
    """Take the picture once nothing moves any more."""
    page.evaluate("document.fonts.ready")
    page.wait_for_timeout(500)
    page.screenshot(path=PICTURES / f"{name}.png", animations="disabled")
    sys.stdout.write(f"  {name}.png\n")
    page.context.close()


def sign_in(page: Page, account: tuple[str, str]) -> None:
    """Come in by the front."""
    page.goto("/accounts/login/")
    page.locator("input[name=login]").fill(account[0])
    page.locator("input[name=password]").fill(account[1])
    page.locator("main form button[type=submit]").first.click()
    page.wait_for_url("**/account/")


def open_room(instance: Instance) -> None:
    """Open the demo's waiting room now, with some who came before the fan."""
    use_django(instance)
    from django.conf import settings

    from setaria.kernel.clock import now
    from setaria.site.rush.stage import add_customers
    from setaria.trade.drops.models import Drop
    from setaria.trade.queues import tickets
    from setaria.trade.queues.join import Wish, join

    key = tickets.key_from(settings.SECRET_KEY)
    drop = Drop.objects.get(slug=ROOM)
    people = add_customers("pictures", WAITING)
    join([Wish(drop.pk, one, tickets.pseudonym(key, one, drop.pk)) for one in people], now=now())
    Drop.objects.filter(pk=drop.pk).update(opens_at=now() + timedelta(seconds=1))


def take_room(browser: Browser, instance: Instance) -> None:
    """Take a place as the fan, and a picture of the wait."""
    page = window(browser, instance, PHONE, "en-GB", "light")
    sign_in(page, FAN)
    page.goto(f"/drops/{ROOM}/")
    page.locator("[data-join]").click()
    expect(page.locator("#room")).to_have_attribute("data-state", "waiting", timeout=30_000)
    page.locator("#room").evaluate("room => window.scrollTo(0, room.getBoundingClientRect().top + scrollY - 120)")
    keep(page, "room-phone")


def take_night(browser: Browser, instance: Instance) -> None:
    """Rehearse the night, and take the wall on a television and on a phone in the middle of it."""
    keys = {"DATABASE_URL": instance.database_url, "SETARIA_SECRET_KEY": instance.secret}
    walls = []
    for name, size in (("wall", TELEVISION), ("wall-phone", PHONE)):
        page = window(browser, instance, size, "en-GB", "dark")
        sign_in(page, STAFF)
        walls.append((name, page))
    with tempfile.TemporaryFile() as log:
        night = spawn(setaria("rush", NIGHT, "--url", instance.url), os.environ | keys, log)
        try:
            address = await_market(walls[0][1])
            for _name, page in walls:
                page.goto(address)
            await_figure(walls[0][1])
            for name, page in walls:
                keep(page, name)
        finally:
            end(night, ((signal.SIGTERM, 5.0),))


def await_market(page: Page) -> str:
    """Return the address of the rehearsal's wall, once its market is there."""
    deadline = time.monotonic() + NIGHT_SECONDS_MAX
    while True:
        page.goto("/wall/cn/")
        links = page.locator("footer a", has_text="Rehearsal")
        if links.count() and (address := links.last.get_attribute("href")):
            return address
        assert time.monotonic() < deadline, "the rehearsal did not begin"
        page.wait_for_timeout(500)


def await_figure(page: Page) -> None:
    """Wait until the wall shows the figure that the night is known for."""
    page.wait_for_function(
        "wanted => Number(document.querySelector('#amount').innerText.split('.')[0].replace(/[^0-9]/g, '')) >= wanted",
        arg=FIGURE_WANTED, timeout=NIGHT_SECONDS_MAX * 1000, polling=250,
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
