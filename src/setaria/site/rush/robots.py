"""Who comes on a night with robots, and how each behaves.

Robots solve the work, ask from many addresses, have many fresh accounts and some old ones, and ask again and again.
Most sit on rented machines in a few networks, some behind rented lines of as many homes as there are of them. What
cannot be told from people, and is not here, is an old account in a home of its own: each of those takes a unit.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import TYPE_CHECKING

import altcha
import httpx
import msgspec

if TYPE_CHECKING:
    from setaria.site.rush.stage import Stage

COMING_SECONDS = 12.0  # in which everybody arrives
PREPARING_SECONDS_MAX = 90.0  # until everybody has a pass, or was told to come later
AHEAD_SECONDS = 8.0  # from then to the opening
LATER_SECONDS = 12
OPEN_SECONDS_MAX = 60.0  # unless everything is sold before, or every person has an answer
PRICE = 199_900
CONNECTIONS_MAX = 60
NETWORKS = 12  # that robots rent machines in
IMPATIENT_SECONDS = 6.0  # a robot does not wait as long as it is told to
HAMMER_SECONDS = 1.0

SOLVES_HOMES, SOLVES, HAMMERS, IDLE, REPEATS, FORGES = (
    "solves, rented homes", "solves, rented machines", "hammers with one pass", "asks without working",
    "repeats another's proof", "forges passes",
)  # fmt: skip
KINDS = {SOLVES_HOMES: 0.3, SOLVES: 0.3, HAMMERS: 0.1, IDLE: 0.1, REPEATS: 0.1, FORGES: 0.1}
OLD_ACCOUNTS = 0.2  # of the accounts on rented machines: bought ones
HOPS = 0.5  # of the robots on rented machines: another address each time
AT_A_TELEPHONE_COMPANY = 4  # every fourth person, all in one network
ON_THE_WAY = 10  # every tenth person has two addresses
NEW_FAN = 30  # every thirtieth person has signed up for this


class Visitor(msgspec.Struct):
    """An account: a person's (without a kind) or a robot's."""

    customer: int
    addresses: list[str]
    new: bool  # the account is
    comes: float  # in this share of `COMING_SECONDS`
    reacts: float  # of a person's two seconds
    kind: str = ""
    ready: bool = False  # has a pass, or was told to come later
    done: bool = False
    asked: int = 0
    last: str = ""  # answer

    def address(self) -> str:
        """Where this asking comes from."""
        self.asked += 1
        return self.addresses[self.asked % len(self.addresses)]


def visitors(people: list[int], robots: list[int], seed: int) -> list[Visitor]:
    """Return everybody; people are the same whatever robots come."""
    random = Random(seed)
    found = [_person(customer, number, random) for number, customer in enumerate(people)]
    return found + [_robot(customer, number, random) for number, customer in enumerate(robots)]


def _person(customer: int, number: int, random: Random) -> Visitor:
    home = f"198.{18 + number // 250}.{number % 250}.7"
    mobile = f"192.0.2.{1 + number % 250}"
    where = [mobile] if number % AT_A_TELEPHONE_COMPANY == 3 else [home]
    if number % ON_THE_WAY == 0:
        where = [home, mobile]
    return Visitor(customer, where, number % NEW_FAN == NEW_FAN - 1, random.random(), random.random())


def _robot(customer: int, number: int, random: Random) -> Visitor:
    kind = random.choices(list(KINDS), list(KINDS.values()))[0]
    comes = random.random()
    if kind == SOLVES_HOMES:
        return Visitor(customer, [f"100.{64 + number // 250}.{number % 250}.7"], True, comes, 0.0, kind)
    rented = [f"203.0.{random.randrange(NETWORKS)}.{1 + random.randrange(250)}" for _ in range(12)]
    addresses = rented if random.random() < HOPS else rented[:1]
    return Visitor(customer, addresses, random.random() >= OLD_ACCOUNTS, comes, 0.0, kind)


class Play:
    """Everybody of one night. `said` counts the answers that were no, people's and robots'."""

    def __init__(self, url: str, stage: Stage, sessions: dict[int, str], everybody: list[Visitor]) -> None:
        self._url, self._stage, self._sessions, self._everybody = url, stage, sessions, everybody
        self._opens = float("inf")
        self._opening = asyncio.Event()
        # Nobody stands in a robot's queue at home: devices and lines of their own for people.
        self._devices, self._farm = ThreadPoolExecutor(2), ThreadPoolExecutor(2)
        self._shared_proof = ""
        self._sold_out = False
        self.said: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}

    async def run(self, open_soon: Callable[[], float]) -> None:
        """Play it. Once everybody is ready, `open_soon` moves the opening to soon, and tells when that is.

        So a slow machine has a slower night, and not one in which people come too late.
        """
        limits = httpx.Limits(max_connections=CONNECTIONS_MAX, max_keepalive_connections=CONNECTIONS_MAX)
        async with (
            httpx.AsyncClient(base_url=self._url, timeout=60.0, limits=limits) as self._homes,
            httpx.AsyncClient(base_url=self._url, timeout=60.0, limits=limits) as self._robots,
        ):
            night = asyncio.gather(*(self._robot(o) if o.kind else self._person(o) for o in self._everybody))
            deadline = time.time() + PREPARING_SECONDS_MAX
            while not all(one.ready for one in self._everybody) and time.time() < deadline:
                await asyncio.sleep(0.1)
            self._opens = await asyncio.get_running_loop().run_in_executor(None, open_soon)
            self._opening.set()
            await night
        for threads in (self._devices, self._farm):
            threads.shutdown()

    def _over(self) -> bool:
        served = all(one.done for one in self._everybody if not one.kind)
        return served or self._sold_out or time.time() > self._opens + OPEN_SECONDS_MAX

    async def _after_opening(self, seconds: float) -> None:
        await self._opening.wait()
        await asyncio.sleep(max(0.0, self._opens + seconds - time.time()))

    async def _person(self, one: Visitor) -> None:
        await asyncio.sleep(one.comes * COMING_SECONDS)
        token = await self._pass(one)
        await self._after_opening(2 * one.reacts)
        await self._order(one, token)
        one.done = True

    async def _robot(self, one: Visitor) -> None:
        one.ready = one.kind not in (SOLVES, SOLVES_HOMES, HAMMERS)
        await asyncio.sleep(one.comes * COMING_SECONDS)
        if one.kind in (FORGES, HAMMERS):
            token = "A" * 72 if one.kind == FORGES else await self._pass(one)
            while token and not self._over():
                await self._post(one, token)
                await asyncio.sleep(HAMMER_SECONDS)
        elif one.kind in (SOLVES, SOLVES_HOMES):
            token = await self._pass(one)
            await self._after_opening(0.0)
            await self._order(one, token)
        else:
            while not self._over():
                await self._ask(one, self._shared_proof if one.kind == REPEATS else "")
                await asyncio.sleep(IMPATIENT_SECONDS / 2)

    def _client(self, one: Visitor) -> httpx.AsyncClient:
        return self._robots if one.kind else self._homes

    async def _ask(self, one: Visitor, proof: str) -> httpx.Response:
        secret = "s" * 32
        answer = await self._client(one).post(
            f"/drops/{self._stage.slug}/pass",
            data={"proof": proof} if proof else {},
            headers={
                "x-csrftoken": secret, "x-forwarded-for": one.address(),
                "cookie": f"csrftoken={secret}; sessionid={self._sessions[one.customer]}",
            },
        )  # fmt: skip
        return self._noted(one, answer)

    async def _pass(self, one: Visitor) -> str:
        """Ask, work and ask again as the page does, until there is a pass or the sale is over."""
        proof, solver = "", self._farm if one.kind else self._devices
        while not self._over():
            answer = await self._ask(one, proof)
            proof = ""
            one.ready |= answer.status_code == 200 or one.last == "429 GUARD_LATER"
            if answer.status_code == 200:
                return str(answer.json()["pass"])
            if answer.status_code == 428:
                challenge = answer.json()["challenge"]
                proof = await asyncio.get_running_loop().run_in_executor(solver, self._solve, challenge)
                if one.kind:
                    self._shared_proof = proof
            elif one.last == "429 GUARD_LATER" and not one.kind:
                await self._after_opening(LATER_SECONDS)  # as the page does; it was told of an opening that has moved
            else:
                await asyncio.sleep(self._patience(one, answer))
        return ""

    def _solve(self, challenge: dict[str, object]) -> str:
        if self._over():  # what still waits for the farm's threads then
            return ""
        found = altcha.Challenge.from_dict(challenge)
        solution = altcha.solve_challenge(found)
        return altcha.Payload(found, solution).to_base64() if solution else ""

    def _patience(self, one: Visitor, answer: httpx.Response) -> float:
        told = float(answer.headers.get("retry-after", 1))
        return min(told, IMPATIENT_SECONDS) if one.kind else told

    async def _order(self, one: Visitor, token: str) -> None:
        while token and not self._over():
            answer = await self._post(one, token)
            if answer.status_code < 500 and answer.status_code != 429 and one.last != "409 NOT_OPEN":
                return
            await asyncio.sleep(0.2 if one.last == "409 NOT_OPEN" else self._patience(one, answer))

    async def _post(self, one: Visitor, token: str) -> httpx.Response:
        line = {"sku": self._stage.skus[0], "quantity": 1, "price": PRICE}
        body = {"lines": [line], "pass": token}
        return self._noted(one, await self._client(one).post(f"/rush/{self._stage.slug}/orders", json=body))

    def _noted(self, one: Visitor, answer: httpx.Response) -> httpx.Response:
        told = answer.json() if "json" in answer.headers.get("content-type", "") else {}
        one.last = f"{answer.status_code} {told.get('code', '')}".strip()
        self._sold_out |= one.last == "409 SOLD_OUT"  # nothing comes back on this night: the time to pay is long
        if answer.status_code >= 400:
            self.said[not one.kind][one.last] += 1
        return answer
