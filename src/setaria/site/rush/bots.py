"""`setaria rush bots`: the same people twice, the second time among nine robots for each, with the drop guarded.

Everything goes through the real doors: signed-in accounts ask Django for a pass, do the work, and order at the gate.
There is a unit for each person, so whatever robots get, people lose. Robots come from few networks, as rented
machines do; robots in as many homes as people live in cannot be told from people, and no claim is made about them.
All devices share this machine's processors, so work is a tenth of the usual.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import altcha
import httpx
import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from setaria.site.rush import instance as instances
from setaria.site.rush import report
from setaria.site.rush.cli import use_django
from setaria.site.rush.instance import Instance, NoInstance
from setaria.site.rush.scenario import Item, Manners, Scenario

if TYPE_CHECKING:
    from setaria.site.rush.stage import Stage

PEOPLE, BOTS_EACH, NETWORKS = 60, 9, 3
LOSS_MAX = 0.05
AHEAD_SECONDS = 25.0  # between the drop's being there and its opening
OPEN_SECONDS = 15.0
PRICE = 199_900
CONNECTIONS_MAX = 60
WORK = {"tries_min": 10, "tries_max": 70, "tries_hard": 400}
# Of a robot network's askings only so many a minute are heard, at the usual crowd; a home has two.
RULES: list[dict[str, object]] = [
    {"name": "quick-account", "measure": "asks_of_account", "then": "wait", "above": 20},
    {"name": "quick-network", "measure": "asks_of_network", "then": "wait", "above": 30},
    {"name": "many-accounts-in-network", "measure": "accounts_of_network", "then": "harder", "above": 5},
]
# How robots behave, and the share of each.
KINDS = {"solves": 0.2, "asks without working": 0.3, "repeats another's proof": 0.2, "forges passes": 0.15,
         "hammers with one pass": 0.15}  # fmt: skip


class Night(msgspec.Struct, frozen=True):
    """One of the two runs. Shares are of those who wanted a unit."""

    people: int
    bots: int
    people_served: int
    bots_served: dict[str, int]
    answers: dict[str, int]  # status and code of all answers that were no
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
    stage = set_stage(crowd, run, timedelta(seconds=AHEAD_SECONDS))
    grant.guard(stage.drop_id, RULES, **WORK)
    sessions = _sign_in(stage.customer_ids)
    play = _Play(instance, stage, sessions, people, seed)
    asyncio.run(play.run())
    with connection.cursor() as cursor:
        cursor.execute("SELECT customer_id FROM orders_order WHERE drop_id = %s", [stage.drop_id])
        served = {row[0] for row in cursor.fetchall()}
    mine = set(stage.customer_ids[:people])
    kinds = Counter(play.kinds[customer] for customer in served - mine)
    told = [(each.outcome, each.rule, each.number) for each in queries.outcomes(stage.drop_id)]
    return Night(people, bots, len(served & mine), dict(kinds), dict(play.answers), told)


def _sign_in(customer_ids: Sequence[int]) -> dict[int, str]:
    """Give everybody a session, as if they had signed in; the cookies' values."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    from setaria.people.members.models import Member

    found = {}
    for member in Member.objects.filter(pk__in=customer_ids):
        session = SessionStore()
        session[SESSION_KEY] = str(member.pk)
        session[BACKEND_SESSION_KEY] = "allauth.account.auth_backends.AuthenticationBackend"
        session[HASH_SESSION_KEY] = member.get_session_auth_hash()
        session.create()
        found[member.pk] = session.session_key
    return {customer: str(key) for customer, key in found.items()}


class _Play:
    """Everybody of one night."""

    def __init__(self, instance: Instance, stage: Stage, sessions: dict[int, str], people: int, seed: int) -> None:
        self._stage, self._sessions, self._random = stage, sessions, Random(seed)
        self._url = instance.url
        self._opens = stage.opens_at.timestamp()
        # Nobody stands in a robot's queue at home: devices and lines of their own for people.
        self._devices, self._farm = ThreadPoolExecutor(2), ThreadPoolExecutor(1)
        self.answers: Counter[str] = Counter()
        self._people = stage.customer_ids[:people]
        # People's chances are drawn first, so that they are the same in both nights.
        self._manners = {c: (self._random.random(), self._random.random()) for c in self._people}
        bots = stage.customer_ids[people:]
        names, weights = list(KINDS), list(KINDS.values())
        self.kinds = {bot: self._random.choices(names, weights)[0] for bot in bots}
        self._shared_proof = ""

    async def run(self) -> None:
        limits = httpx.Limits(max_connections=CONNECTIONS_MAX, max_keepalive_connections=CONNECTIONS_MAX)
        async with (
            httpx.AsyncClient(base_url=self._url, timeout=60.0, limits=limits) as self._homes,
            httpx.AsyncClient(base_url=self._url, timeout=60.0, limits=limits) as self._robots,
        ):
            people = [self._person(customer, number) for number, customer in enumerate(self._people)]
            bots = [self._bot(bot, number) for number, bot in enumerate(self.kinds)]
            await asyncio.gather(*people, *bots)

    def _over(self) -> bool:
        return time.time() > self._opens + OPEN_SECONDS

    async def _person(self, customer: int, number: int) -> None:
        comes, reacts = self._manners[customer]
        await asyncio.sleep(comes * AHEAD_SECONDS / 2)
        address = f"198.18.{number % 250}.{1 + number // 250}" if number < 250 else f"198.19.{number % 250}.7"
        token = await self._pass(customer, address)
        await asyncio.sleep(max(0.0, self._opens - time.time()) + 2 * reacts)
        await self._order(customer, token)

    async def _bot(self, bot: int, number: int) -> None:
        kind, address = self.kinds[bot], f"203.0.{number % NETWORKS}.{1 + number % 250}"
        await asyncio.sleep(AHEAD_SECONDS / 4 * (number % 97) / 97)
        if kind == "forges passes" or kind == "hammers with one pass":
            token = "A" * 72 if kind == "forges passes" else await self._pass(bot, address)
            while not self._over():
                await self._order(bot, token, once=True)
                await asyncio.sleep(1.0)
        elif kind == "solves":
            token = await self._pass(bot, address)
            await asyncio.sleep(max(0.0, self._opens - time.time()))
            await self._order(bot, token)
        else:
            while not self._over():
                proof = self._shared_proof if kind.startswith("repeats") else ""
                await self._ask(bot, address, proof)
                await asyncio.sleep(2.0)

    async def _ask(self, customer: int, address: str, proof: str) -> httpx.Response:
        secret = "s" * 32
        client = self._robots if customer in self.kinds else self._homes
        answer = await client.post(
            f"/drops/{self._stage.slug}/pass",
            data={"proof": proof} if proof else {},
            headers={
                "x-csrftoken": secret, "x-forwarded-for": address,
                "cookie": f"csrftoken={secret}; sessionid={self._sessions[customer]}",
            },
        )  # fmt: skip
        self._note(answer)
        return answer

    async def _pass(self, customer: int, address: str) -> str:
        """Ask, work and ask again as the page does, until there is a pass or the sale is over."""
        proof, solver = "", self._farm if customer in self.kinds else self._devices
        while not self._over():
            answer = await self._ask(customer, address, proof)
            proof = ""
            if answer.status_code == 200:
                return str(answer.json()["pass"])
            if answer.status_code == 428:
                challenge = answer.json()["challenge"]
                proof = await asyncio.get_running_loop().run_in_executor(solver, _solve, challenge)
                self._shared_proof = proof
            else:
                await asyncio.sleep(min(float(answer.headers.get("retry-after", 1)), 5.0))
        return ""

    async def _order(self, customer: int, token: str, *, once: bool = False) -> None:
        line = {"sku": self._stage.skus[0], "quantity": 1, "price": PRICE}
        while token and not self._over():
            client = self._robots if customer in self.kinds else self._homes
            answer = await client.post(f"/rush/{self._stage.slug}/orders", json={"lines": [line], "pass": token})
            self._note(answer)
            if once or (answer.status_code < 500 and answer.json().get("code") != "NOT_OPEN"):
                return
            await asyncio.sleep(float(answer.headers.get("retry-after", 0.2)))

    def _note(self, answer: httpx.Response) -> None:
        if answer.status_code >= 400:
            code = answer.json().get("code", "") if "json" in answer.headers.get("content-type", "") else ""
            self.answers[f"{answer.status_code} {code}".strip()] += 1


def _solve(challenge: dict[str, object]) -> str:
    found = altcha.Challenge.from_dict(challenge)
    solution = altcha.solve_challenge(found)
    return altcha.Payload(found, solution).to_base64() if solution else ""


def show(console: Console, bots: Bots) -> None:
    """Print what people and robots got, and what the guard did."""
    table = Table("", "people only", "among robots", title="The same people, without robots and among them")
    one, two = bots.without, bots.among
    table.add_row("people (robots)", f"{one.people:,} ({one.bots:,})", f"{two.people:,} ({two.bots:,})")
    table.add_row("people who got one", f"{one.success:.1%}", f"{two.success:.1%}")
    for kind in KINDS:
        table.add_row(f"robots who got one: {kind}", "", f"{two.bots_served.get(kind, 0):,}")
    for name in sorted({*one.answers, *two.answers}):
        table.add_row(f"answered {escape(name)}", f"{one.answers.get(name, 0):,}", f"{two.answers.get(name, 0):,}")
    for outcome, rule, number in two.guard:
        table.add_row(f"guard: {outcome} {escape(rule)}", "", f"{number:,}")
    console.print(table)
    console.print(f"Audit: {len(bots.audit_broken)} invariants broken.")
    word = "[green]Reached[/]" if bots.reached else "[red]Not reached[/]"
    console.print(f"{word}: people's success falls by at most {LOSS_MAX:.0%}.")
