"""The tape in a real browser: what it shows at the end is what was paid, and on the way it never runs ahead."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import pytest
from playwright.sync_api import sync_playwright

import setaria
from setaria.markets.events.plan import Period, plan_event
from setaria.sight.wall.event import named
from setaria.sight.wall.figures import Reader
from setaria.sight.wall.milestones import AMOUNTS
from setaria.sight.wall.recording import record
from tests.world import DAY, HOUR, SECOND, World

SCRIPTS = Path(setaria.__file__).parent / "sight" / "wall" / "static" / "wall"
SHARED = ["paid_amount", "paid_orders", "paid_units", "placed_orders", "placed_amount", "milestones"]


def in_browser(script: str, value: object) -> list[dict[str, Any]]:
    """Run a script beside the wall's own in a Chromium; on a thread, since Playwright's loop keeps Django out of its."""

    def run() -> list[dict[str, Any]]:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            page = browser.new_page()
            for name in ("figure.js", "series.js", "tape.js"):
                page.add_script_tag(path=SCRIPTS / name)
            seen: list[dict[str, Any]] = page.evaluate(script, value)
            browser.close()
            return seen

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(run).result()


@pytest.mark.browser
def test_a_tape_ends_with_every_payment_and_passes_milestones_when_they_were_passed(world: World) -> None:
    car, pen = world.thing("car", price=AMOUNTS[0], stock=9), world.thing("pen", price=7, stock=99)
    opened = world.now
    plan_event("night", name={"en": "-"}, now=opened - DAY, periods=[Period(world.cn.id, opened, opened + HOUR)])
    for second, thing in ((20, pen), (65, car), (100, pen), (3599, pen)):
        world.now = opened + second * SECOND
        order = world.placed((thing, 1))
        world.address(order, "广东省")
        world.pay(order)
    world.later(DAY)
    event = named("cn", "night")
    last = msgspec.to_builtins(Reader(event).read(world.now))
    told = msgspec.to_builtins(record(event, world.now))
    seen = in_browser(
        "told => { const tape = new Wall.Tape(told); return [0, 64.9, 65, 3599, 3600].map((t) => tape.at(t)); }", told
    )
    assert {name: seen[-1][name] for name in SHARED} == {name: last[name] for name in SHARED}
    assert [(r["region"]["code"], r["orders"]) for r in seen[-1]["regions"]] == [("GD", 4)]
    assert [figures["milestones"][0]["seconds"] for figures in seen] == [None, None, 65, 65, 65]
    amounts = [figures["paid_amount"] for figures in seen]
    assert amounts[0] == 0
    assert amounts == sorted(amounts)
    assert amounts[1] < AMOUNTS[0] <= amounts[2] <= AMOUNTS[0] + 7
