"""`setaria rush bots`: the same people twice, the second time among nine robots for each, the drop guarded both times.

Everything goes through the real doors: signed-in accounts ask Django for a pass, do the work, and order at the gate.
There is a unit for each person, so whatever robots get, people lose. All devices share this machine's processors, so
work is a tenth of the usual, and who comes later comes twelve seconds later.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from setaria.site.rush import instance as instances
from setaria.site.rush import report
from setaria.site.rush.cli import use_django
from setaria.site.rush.instance import Instance, NoInstance
from setaria.site.rush.robots import AHEAD_SECONDS, KINDS, LATER_SECONDS, PRICE, Play, Visitor, visitors
from setaria.site.rush.scenario import Item, Manners, Scenario

if TYPE_CHECKING:
    from setaria.site.rush.stage import Stage

PEOPLE, BOTS_EACH = 60, 9
LOSS_MAX = 0.05
POLICY = {"tries_min": 10, "tries_max": 70, "tries_hard": 400, "later_seconds": LATER_SECONDS}
# As a brand would set them for a sale like this one, with bounds for a crowd of this size.
RULES: list[dict[str, object]] = [
    {"name": "quick-account", "measure": "asks_of_account", "then": "wait", "above": 20},
    {"name": "many-accounts-in-network", "measure": "accounts_of_network", "then": "later", "above": PEOPLE // 2},
    {"name": "many-addresses", "measure": "addresses_of_account", "then": "later", "above": 4},
    {"name": "new-account", "measure": "account_age_seconds", "then": "later", "below": 86_400},
]


class Night(msgspec.Struct, frozen=True):
    """One of the two runs. Shares are of those who wanted a unit."""

    people: int
    bots: int
    people_served: int
    bots_served: dict[str, int]
    people_not_served: dict[str, int]  # by the last answer they had
    answers_to_people: dict[str, int]  # status and code of all answers that were no
    answers_to_bots: dict[str, int]
    guard: list[tuple[str, str, int]]  # outcome, rule, how often

    @property
    def success(self) -> float:
        """Share of the people who got what they wanted."""
        return self.people_served / self.people


class Bots(msgspec.Struct, frozen=True):
    """Both runs, and whether anything was miscounted."""

    seed: int
    without: Night
    among: Night
    audit_broken: list[str]

    @property
    def reached(self) -> bool:
        """Whether people lost no more than allowed."""
        return self.among.success >= (1 - LOSS_MAX) * self.without.success


def main(scale: float | None, seed: int, url: str | None, json_file: Path | None) -> int:
    """Play both nights on an instance of our own: 0 if the books are right, 1 if not, 2 if it could not be played."""
    console = report.screen()
    if url:
        console.print("[red]✗[/] Robots are let loose on an instance of our own only: leave out the address.")
        return 2
    os.environ["SETARIA_TRUSTED_PROXIES"] = "127.0.0.1"  # so that everybody can come from an address of their own
    try:
        with instances.temporary() as instance:
            use_django(instance)
            people = max(4, round(PEOPLE * (scale or 1.0)))
            found = _both(instance, people, seed)
    except NoInstance as error:
        console.print(f"[red]✗[/] {escape(str(error))}")
        return 2
    show(console, found)
    if json_file is not None:
        json_file.write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=2) + b"\n")
    return 1 if found.audit_broken else 0


def _both(instance: Instance, people: int, seed: int) -> Bots:
    from setaria.kernel.invariants import check_all

    without = _night(instance, "people", people, 0, seed)
    among = _night(instance, "robots", people, people * BOTS_EACH, seed)
    return Bots(seed, without, among, [finding.name for finding in check_all() if not finding.holds])


def _night(instance: Instance, run: str, people: int, bots: int, seed: int) -> Night:
    from django.db import connection

    from setaria.site.rush.stage import set_stage
    from setaria.trade.guard import grant, queries

    item = Item("PHONE", {"en": "Phone"}, PRICE, people, 1.0, 1)
    crowd = Scenario("Robots", "", people + bots, 1.0, 2, [(0.0, 1.0)], Manners(), [item], 3600)
    stage = set_stage(crowd, run, timedelta(hours=1))
    rules = [rule | {"above": people // 2} if rule["measure"] == "accounts_of_network" else rule for rule in RULES]
    grant.guard(stage.drop_id, rules, **POLICY)
    everybody = visitors(stage.customer_ids[:people], stage.customer_ids[people:], seed)
    play = Play(instance.url, stage, _sign_in(everybody), everybody)
    asyncio.run(play.run(lambda: _open_soon(stage)))
    with connection.cursor() as cursor:
        cursor.execute("SELECT customer_id FROM orders_order WHERE drop_id = %s", [stage.drop_id])
        served = {row[0] for row in cursor.fetchall()}
    robots = Counter(one.kind for one in everybody if one.kind and one.customer in served)
    left = [one for one in everybody if not one.kind and one.customer not in served]
    return Night(
        people=people,
        bots=bots,
        people_served=people - len(left),
        bots_served=dict(robots),
        people_not_served=dict(Counter(one.last for one in left)),
        answers_to_people=dict(play.said[True]),
        answers_to_bots=dict(play.said[False]),
        guard=[(each.outcome, each.rule, each.number) for each in queries.outcomes(stage.drop_id)],
    )


def _open_soon(stage: Stage) -> float:
    """Move the opening, and the price that begins with it, to soon; return when that is, in seconds since 1970."""
    from django.db import connection

    from setaria.goods.pricing.price import set_price
    from setaria.kernel.clock import now
    from setaria.trade.drops.models import Drop

    instant = now()
    opens_at = instant + timedelta(seconds=AHEAD_SECONDS)
    set_price(stage.variant_ids[0], stage.market_id, PRICE, since=opens_at, now=instant)
    Drop.objects.filter(pk=stage.drop_id).update(opens_at=opens_at)
    connection.close()  # this thread's own
    return opens_at.timestamp()


def _sign_in(everybody: list[Visitor]) -> dict[int, str]:
    """Let accounts be as old as they are, and give everybody a session, as if they had signed in; the cookies' values."""
    from setaria.kernel.clock import now
    from setaria.people.members.models import Member
    from setaria.site.rush.stage import sign_in

    old = [one.customer for one in everybody if not one.new]
    Member.objects.filter(pk__in=old).update(joined_at=now() - timedelta(days=90))
    return sign_in([one.customer for one in everybody])


def show(console: Console, bots: Bots) -> None:
    """Print what people and robots got, and what the guard did."""
    table = Table("", "people only", "among robots", title="The same people, without robots and among them")
    one, two = bots.without, bots.among
    table.add_row("people (robots)", f"{one.people:,} ({one.bots:,})", f"{two.people:,} ({two.bots:,})")
    table.add_row("people who got one", f"{one.success:.1%}", f"{two.success:.1%}")
    for kind in KINDS:
        table.add_row(f"robots who got one: {kind}", "", f"{two.bots_served.get(kind, 0):,}")
    for title, of_one, of_two in (
        ("people without one, last answer", one.people_not_served, two.people_not_served),
        ("answered to people", one.answers_to_people, two.answers_to_people),
        ("answered to robots", one.answers_to_bots, two.answers_to_bots),
        ("guard", _by_rule(one), _by_rule(two)),
    ):
        for name in sorted({*of_one, *of_two}):
            table.add_row(f"{title}: {escape(name)}", f"{of_one.get(name, 0):,}", f"{of_two.get(name, 0):,}")
    console.print(table)
    console.print(f"Audit: {len(bots.audit_broken)} invariants broken.")
    word = "[green]Reached[/]" if bots.reached else "[red]Not reached[/]"
    console.print(f"{word}: people's success falls by at most {LOSS_MAX:.0%}.")


def _by_rule(night: Night) -> dict[str, int]:
    return {f"{outcome} {rule}".strip(): number for outcome, rule, number in night.guard}
