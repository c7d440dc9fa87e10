"""Two people in a waiting room: chance puts them in order, an order that is not paid passes on, and anybody can check."""

import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.acceptance.conftest import FAN, FRIEND, Shop, environment
from tests.acceptance.test_purchase import pay_in_sandbox

pytestmark = pytest.mark.browser

# One unit, opening once both are in; who orders has little time to pay.
MAKE = """
from datetime import timedelta
from setaria.goods.catalog.models import Variant
from setaria.kernel.clock import now
from setaria.markets.models import Channel
from setaria.trade.drops.models import Drop
from setaria.trade.drops.prepare import Item, prepare
from setaria.trade.queues.prepare import open_room
drop = prepare(
    "one-unit", name={"en": "One unit"}, line={"en": "Two want it."}, channel=Channel.objects.get(code="cn-web"),
    opens_at=now() + timedelta(hours=1), closes_at=now() + timedelta(hours=2), now=now(), payment_seconds=30,
    items=[Item(Variant.objects.get(sku="X14U-WHT-16-512").pk, 1)], admission=Drop.Admission.QUEUE,
)
open_room(drop.pk, offer_seconds=120)
"""
CHANGE = """
from datetime import timedelta
from setaria.kernel.clock import now
from setaria.trade.drops.models import Drop
Drop.objects.filter(slug="one-unit").update({})
"""


def run(shop: Shop, code: str) -> None:
    """Run code in the instance's Django."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", "setaria.site.cli", "manage", "shell", "-v", "0", "-c", code],
        env={**environment(), "SETARIA_HOME": str(shop.home)}, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def enter(page: Page) -> None:
    page.goto("/drops/one-unit/")
    page.get_by_role("button", name="Take a place").click()
    expect(page.locator("#room")).to_have_attribute("data-state", "early", timeout=20_000)
    expect(page.locator("#buy")).to_be_disabled()


def test_an_order_that_is_not_paid_passes_on_to_the_next_number(visitor, shop: Shop, tmp_path: Path) -> None:
    run(shop, MAKE)
    people = [visitor(FAN, phone=True), visitor(FRIEND)]
    for page in people:
        enter(page)
    run(shop, CHANGE.format("opens_at=now()"))
    for page in people:
        page.reload()
        expect(page.locator("#room")).to_have_attribute("data-state", re.compile("turn|waiting"), timeout=30_000)
    people.sort(key=lambda page: page.locator("#room").get_attribute("data-state") != "turn")
    first, second = people
    expect(second.locator("#room-number")).to_have_text("2")
    expect(second.locator("#room-ahead")).to_have_text("You are next.")
    assert second.request.post("/drops/one-unit/pass", headers=csrf(second)).status == 403

    first.locator("#buy").click()
    expect(first.locator("#own")).to_be_visible()
    expect(second.locator("#room-note")).to_contain_text("Everything is ordered for now", timeout=30_000)
    run(shop, CHANGE.format("payment_seconds=900"))  # the next one has time

    expect(second.locator("#room")).to_have_attribute("data-state", "turn", timeout=60_000)
    expect(second.locator("#room-says")).to_contain_text("A unit came back")
    second.locator("#buy").click()
    expect(second.locator("#own")).to_be_visible()
    second.locator("#own [data-pay] button").click()
    pay_in_sandbox(second)

    first.get_by_role("button", name="Take a new place").click()
    expect(first.locator("#room-number")).to_have_text("3", timeout=30_000)
    expect(first.locator("#room-note")).to_contain_text("Everything is ordered and paid", timeout=30_000)

    run(shop, CHANGE.format("closes_at=now()"))
    published = tmp_path / "queue.json"
    published.write_bytes(httpx.get(f"{shop.url}/drops/one-unit/queue.json").raise_for_status().content)
    checked = subprocess.run(
        [sys.executable, "-P", "-m", "setaria.site.cli", "queue", "verify", str(published)],
        env=environment(), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert checked.returncode == 0, checked.stderr
    assert "all 2 early ones" in checked.stdout


def csrf(page: Page) -> dict[str, str]:
    token = page.locator("#token [name=csrfmiddlewaretoken]").get_attribute("value")
    return {"x-csrftoken": token or "", "referer": page.url}


def test_nothing_is_broken_afterwards(shop: Shop) -> None:
    audit = shop.setaria("audit", "--json")
    assert audit.returncode == 0, audit.stdout + audit.stderr
