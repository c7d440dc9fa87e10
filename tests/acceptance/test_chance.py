"""A friend's code that changes hands, and a draw that anybody checks: by people with browsers and a command line."""

import json
import os
import re
import subprocess
import sys

import pytest
from playwright.sync_api import expect

from tests.acceptance.conftest import FAN, FRIEND, environment
from tests.acceptance.test_purchase import pay_in_sandbox

pytestmark = pytest.mark.browser

# A drop with one unit whose draw closes tomorrow.
ANNOUNCE = """
from datetime import timedelta
from setaria.goods.catalog.models import Variant
from setaria.kernel.clock import now
from setaria.markets.models import Channel
from setaria.trade.draws.announce import announce
from setaria.trade.drops.models import Drop
from setaria.trade.drops.prepare import Item, prepare
at = now()
drop = prepare("one-by-draw", name={"en": "One by draw"}, line={"en": "One."}, channel=Channel.objects.get(code="cn-web"),
               opens_at=at + timedelta(days=1), closes_at=at + timedelta(days=3), now=at, admission=Drop.Admission.DRAW,
               items=[Item(Variant.objects.get(sku="X14U-WHT-16-512").id, 1)])
announce(drop, opens_at=at, closes_at=drop.opens_at, now=at)
"""
# Tomorrow, as the worker will find it.
TOMORROW = """
from setaria.trade.draws import draw as drawing
from setaria.trade.draws.models import Draw
draw = Draw.objects.get(drop__slug="one-by-draw")
assert drawing.seal(draw.pk, now=draw.closes_at) and drawing.draw(draw.pk, now=draw.closes_at)
"""


def shell(shop, script: str) -> None:
    subprocess.run(
        [sys.executable, "-P", "-m", "setaria.site.cli", "manage", "shell", "--no-imports", "-c", script],
        env={**environment(), "SETARIA_HOME": str(shop.home)}, check=True, timeout=120,
    )  # fmt: skip


def test_a_friends_code_is_passed_on_by_its_link_and_buys(visitor, shop) -> None:
    fan = visitor(FAN)
    fan.goto("/account/")
    expect(fan.locator(".codes__one")).to_have_count(2)
    link = fan.get_by_role("link", name="Link to pass on").first.get_attribute("href")
    assert link.startswith(shop.url + "/codes/")

    stranger = visitor()
    stranger.goto(link)
    expect(stranger.locator("main").get_by_role("link", name="Sign in", exact=True)).to_be_visible()

    friend = visitor(FRIEND, phone=True)
    friend.goto(link)
    friend.get_by_role("button", name="Use it now").click()
    friend.wait_for_url("**/drops/among-friends/")
    friend.locator("#buy").click()
    friend.locator("#owed-pay").click()
    pay_in_sandbox(friend)

    fan.reload()
    expect(fan.locator(".codes__one").filter(has_text="Used by")).to_have_count(1)
    fan.goto(link)
    expect(fan.locator("main")).to_contain_text("used by somebody else")
    # The other one is still good, for the fan alone: what was bought with the first changes nothing.
    fan.goto("/drops/among-friends/")
    fan.get_by_role("button", name=re.compile("Use a code of mine")).click()
    expect(fan.locator("#buy")).to_be_enabled()


def test_a_draw_is_entered_drawn_downloaded_and_checked(visitor, shop, tmp_path) -> None:
    shell(shop, ANNOUNCE)
    people = [visitor(FAN), visitor(FRIEND, phone=True)]
    for page in people:
        page.goto("/drops/one-by-draw/")
        page.get_by_role("button", name="Enter the draw").click()
        expect(page.locator("#draw")).to_contain_text("You are in the list")
    promised = people[0].request.get("/drops/one-by-draw/draw.json").json()
    marks = [page.locator(".chance__mark").inner_text() for page in people]

    shell(shop, TOMORROW)
    for page in people:
        page.goto("/drops/one-by-draw/draw/")
    said = [page.locator("main h2").first.inner_text() for page in people]
    assert sorted(said) == ["You are number 1 of the reserve", "You won a place"]
    winner = said.index("You won a place")

    with people[0].expect_download() as download:
        people[0].get_by_role("link", name="Download the file").click()
    file = tmp_path / download.value.suggested_filename
    download.value.save_as(file)
    told = verify(file, "--noted", promised["seed_sha256"], "--mark", marks[winner])
    assert told.returncode == 0, told.stderr
    assert f"{marks[winner]}: rank 1 of 2" in told.stdout

    exported = tmp_path / "exported.json"
    assert shop.setaria("draw", "export", "one-by-draw", "--out", str(exported)).returncode == 0
    assert exported.read_bytes() == file.read_bytes()

    spoilt = json.loads(file.read_text())
    spoilt["winners"] = {sku: [marks[1 - winner]] for sku in spoilt["winners"]}
    file.write_text(json.dumps(spoilt))
    told = verify(file)
    assert (told.returncode, "WINNERS" in told.stderr) == (1, True)


def verify(file, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-m", "setaria.site.cli", "draw", "verify", str(file), *options],
        env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
