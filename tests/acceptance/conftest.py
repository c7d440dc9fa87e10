"""A real instance (`setaria up` in a new home, with the demo) and a real Chromium, for tests that act as people do."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

from setaria.site.rush.instance import free_port

START_SECONDS_MAX = 240
# What a page is awaited to do may come from the worker or with a page's next question: seconds, on a busy machine more.
WAIT_MS_MAX = 20_000
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

FAN = ("fan@demo.example", "millet-and-rifles")
FRIEND = ("friend@demo.example", "millet-and-rifles")
STAFF = ("staff@demo.example", "watch-the-wall")


class Shop:
    """A running instance: its address, its home, and its command line."""

    def __init__(self, url: str, home: Path) -> None:
        self.url, self.home = url, home

    def setaria(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the command line against this instance."""
        return subprocess.run(
            [sys.executable, "-P", "-m", "setaria.site.cli", *arguments, "--home", str(self.home)],
            env=environment(), capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip


def environment() -> dict[str, str]:
    """Return this process's environment without what the test run set for itself."""
    ours = ("SETARIA_", "DATABASE_", "DJANGO_")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


@pytest.fixture(scope="session")
def provider() -> Iterator[str]:
    """A real OpenID Connect provider on this machine; who signs in there is whoever they say. Its issuer."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-P", "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port)],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + START_SECONDS_MAX
    while not _answers(f"{url}/.well-known/openid-configuration"):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.2)
    yield url
    process.terminate()
    process.wait(30)


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory, provider: str) -> Iterator[Shop]:
    """A shop as a newcomer starts it, with one provider of accounts."""
    with running(tmp_path_factory.mktemp("shop") / "home", signing_in_with(provider)) as shop:
        yield shop


@contextmanager
def running(home: Path, variables: dict[str, str]) -> Iterator[Shop]:
    """Start an instance as a newcomer would; stop it with SIGTERM and see it end cleanly."""
    port = free_port()
    log = home.with_suffix(".out")
    command = [sys.executable, "-P", "-m", "setaria.site.cli", "up", "--port", str(port), "--home", str(home)]
    with log.open("w") as out:
        process = subprocess.Popen(
            command,
            env=environment() | variables,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + START_SECONDS_MAX
        while not _answers(f"{url}/ready"):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.2)
        yield Shop(url, home)
    finally:
        process.send_signal(signal.SIGTERM)
        ended = process.wait(30)
    assert ended == 0, log.read_text()


def signing_in_with(provider: str) -> dict[str, str]:
    """What an operator sets for it (docs/howto/accounts.md)."""
    return {
        "SETARIA_OIDC_URL": provider, "SETARIA_OIDC_CLIENT_ID": "setaria", "SETARIA_OIDC_SECRET": "not-much-of-one",
        "SETARIA_OIDC_NAME": "Millet ID",
        "SETARIA_OUTBOUND_NETWORKS": "127.0.0.1/32",  # where the tests' own push service is
    }  # fmt: skip


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


@pytest.fixture(scope="module")  # not longer: while Playwright is open, no test can run an event loop of its own
def chromium() -> Iterator[Browser]:
    """A Chromium; without one, browser tests are left out and say so, except in CI, where that is an error."""
    if CHROMIUM is None:
        if os.environ.get("SETARIA_CI") or os.environ.get("CI"):
            pytest.fail("CI needs Chromium (Debian's package `chromium`).")
        pytest.skip("no Chromium here: install Debian's package `chromium` to run the browser tests")
    expect.set_options(timeout=WAIT_MS_MAX)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        yield browser
        browser.close()


@pytest.fixture
def visitor(chromium: Browser, shop: Shop) -> Iterator["Visitors"]:
    """Open browser windows for as many people as a test needs; they are closed at its end."""
    visitors = Visitors(chromium, shop)
    yield visitors
    for context in visitors.contexts:
        context.close()


class Visitors:
    """People with a browser each."""

    def __init__(self, chromium: Browser, shop: Shop) -> None:
        self._chromium, self._shop = chromium, shop
        self.contexts: list[BrowserContext] = []

    def __call__(self, account: tuple[str, str] | None = None, *, phone: bool = False, language: str = "en"):
        """Return the page of a new visitor, signed in when an account is given."""
        size = {"width": 390, "height": 844} if phone else {"width": 1440, "height": 900}
        context = self._chromium.new_context(
            base_url=self._shop.url, viewport=size, locale="zh-CN" if language == "zh" else "en-GB",
            reduced_motion="reduce",
        )  # fmt: skip
        self.contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(WAIT_MS_MAX)
        if account is not None:
            page.goto("/accounts/login/")
            page.locator("input[name=login]").fill(account[0])
            page.locator("input[name=password]").fill(account[1])
            page.locator("main form button[type=submit]").click()
            page.wait_for_url("**/account/")
        return page
