"""Drops by the API: what runs and comes, and a pass for who may come in. What the gate does with it is `tests/gate`."""

from typing import Any

import pytest
from django.conf import settings as site
from django.db import connection
from django.test.utils import CaptureQueriesContext

from setaria.channels.storefront import directory
from setaria.people.members.models import Member
from setaria.trade.drops import passes
from setaria.trade.drops.models import Drop
from setaria.trade.guard.models import Policy
from tests.api.conftest import App
from tests.guard.test_rules import solve
from tests.queues.room import queued
from tests.world import HOUR, MINUTE, SECOND, World


def test_what_runs_and_comes_is_listed_and_shown(store: World, app: App) -> None:
    band = store.thing("band", price=10_000, stock=9)
    store.drop({band: 5}, slug="night", limit=2, price=8_000)
    store.drop({band: 2}, slug="morning", opens_at=store.now + HOUR)
    store.drop({band: 1}, slug="over", opens_at=store.now - 2 * HOUR, closes_at=store.now - HOUR)
    store.later(SECOND)
    assert [each["slug"] for each in app.get("/cn/drops")["drops"]] == ["night", "morning"]
    assert app.get("/us/drops") == {"drops": []}
    night = app.get("/cn/drops/night")
    assert (night["state"], night["admission"], night["may_order"]) == ("open", "open", True)
    assert night["items"] == [
        {"sku": "BAND", "slug": "band", "name": "band", "limit": 2, "left_to_you": 2, "price": 8_000}
    ]
    assert night["orders_url"].endswith("/rush/night/orders")
    assert app.get("/cn/drops/morning")["state"] == "before"
    assert app.get("/cn/drops/over")["state"] == "closed"
    for path in ("/us/drops/night", "/cn/drops/nothing", "/cn/drops/%00"):
        assert app.ask("GET", path).code == "NOT_FOUND"


def test_a_pass_is_the_members_own(store: World, app: App, member: Member) -> None:
    drop = store.drop({store.thing("band", stock=9): 5}, slug="night")
    said = app.ask("POST", "/cn/drops/night/pass", {})
    assert said.status == 200
    leave = passes.read(passes.key_from(site.SECRET_KEY), said.json["pass"], store.now.timestamp())
    assert (leave.customer_id, leave.drop_id) == (member.pk, drop.pk)
    assert App().ask("POST", "/cn/drops/night/pass", {}).code == "SIGN_IN"
    assert app.ask("POST", "/us/drops/night/pass", {}).code == "NOT_FOUND"
    assert App().get("/cn/drops/night")["may_order"] is False
    store.later(2 * HOUR)
    assert app.ask("POST", "/cn/drops/night/pass", {}).code == "NOT_FOUND"


def test_a_waiting_room_is_entered_at_the_gate_and_gives_passes_in_turn(store: World, app: App, stranger: App) -> None:
    drop = queued(store, {store.thing("band", stock=9): 5}, opens_at=store.now + MINUTE, closes_at=store.now + HOUR)
    shown = app.get(f"/cn/drops/{drop.slug}")
    assert (shown["admission"], shown["room"]["url"].endswith(f"/rush/{drop.slug}/room")) == ("queue", True)
    assert shown["room"]["ticket"] != stranger.get(f"/cn/drops/{drop.slug}")["room"]["ticket"]
    assert "room" not in App().get(f"/cn/drops/{drop.slug}")
    said = app.ask("POST", f"/cn/drops/{drop.slug}/pass", {})
    assert (said.status, said.code) == (403, "NOT_IN_ROOM")


@pytest.mark.parametrize("admission, code", [("draw", "NOT_DRAWN"), ("code", "CODE_NEEDED")])
def test_who_may_not_come_in_hears_why(admission: str, code: str, store: World, app: App) -> None:
    store.drop({store.thing("band", stock=9): 5}, slug="night", admission=Drop.Admission(admission))
    said = app.ask("POST", "/cn/drops/night/pass", {})
    assert (said.status, said.code) == (403, code)


def test_work_is_asked_for_and_askers_are_slowed(store: World, app: App) -> None:
    drop = store.drop({store.thing("band", stock=9): 5}, slug="night")
    Policy.objects.create(
        drop=drop, rules=[], calm_per_second=50, full_per_second=500, tries_min=2, tries_max=2, tries_hard=4
    )
    work = app.ask("POST", "/cn/drops/night/pass", {}).json["work"]
    done = {"proof": solve(work["challenge"])}
    assert app.ask("POST", "/cn/drops/night/pass", done).json["pass"]
    assert "pass" not in app.ask("POST", "/cn/drops/night/pass", done).json  # work is used once
    rule = {"name": "often", "measure": "asks_of_account", "above": 1, "then": "wait"}
    Policy.objects.update(rules=[rule])
    said = app.ask("POST", "/cn/drops/night/pass", {})
    assert (said.status, said.code) == (429, "GUARD_WAIT")
    assert int(said.headers["retry-after"]) > 0


QUERIES_MAX = {"list": 2, "drop": 9}


def test_queries_are_few_however_much_is_on_offer(store: World, app: App, settings: Any) -> None:
    directory.all_known()
    settings.STOREFRONTS_KEPT_SECONDS = 60
    counted: dict[str, list[int]] = {what: [] for what in QUERIES_MAX}
    for many in (1, 8):
        drop = store.drop({store.thing(stock=9): 1 for _ in range(many)})
        for what, path in (("list", "/cn/drops"), ("drop", f"/cn/drops/{drop.slug}")):
            app.get(path)
            with CaptureQueriesContext(connection) as seen:
                app.get(path)
            counted[what].append(len(seen))
    settings.STOREFRONTS_KEPT_SECONDS = 0
    assert counted == {what: [min(most, counted[what][0])] * 2 for what, most in QUERIES_MAX.items()}
