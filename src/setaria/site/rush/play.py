"""The crowd at work: people order and come back, the bank tells, and everything is noted.

`perform` runs in a process of its own, so that its interpreter lock is not the server's.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Callable
from datetime import UTC, datetime
from multiprocessing.connection import Connection as Pipe
from random import Random
from uuid import UUID

import msgspec
import uvloop

from setaria.site.rush.bank import Bank
from setaria.site.rush.client import address, order_body, post
from setaria.site.rush.crowd import crowd
from setaria.site.rush.history import PLACED, Attempt
from setaria.site.rush.notes import Evidence, Plan, Ready, Tally
from setaria.site.rush.pool import Job, Pool
from setaria.trade.drops import passes

REPORT_SECONDS = 0.25
BACK_AT_OPENING_SECONDS = 0.05
REPEAT_SECONDS = 0.5
CUT_SECONDS_MAX = 0.02
# Answers that ask to come back: too large a crowd, a database that failed, a server that has only just started.
COME_BACK_SECONDS = {"OVERLOADED": 0.5, "UNSURE": 0.5, "UNKNOWN_DROP": 0.5}
TRIES_MAX = 240

ORDER, AGAIN, TELL = range(3)


class _Placed(msgspec.Struct):
    id: UUID
    total: int
    pay_by: str


class _Told(msgspec.Struct):
    code: str = ""
    outcome: str = ""


_read_placed = msgspec.json.Decoder(_Placed).decode
_read_told = msgspec.json.Decoder(_Told).decode


class Play:
    """One performance of a plan."""

    def __init__(self, plan: Plan) -> None:
        host, port = address(plan.url)
        self._plan, self._host = plan, host
        self._random = Random(plan.seed + 1)
        self._bank = Bank(plan.scenario, plan.currency, plan.secret, host, self._random)
        self._pool = Pool(host, port, plan.scenario.connections, self._answered)
        # The bank does not stand in the crowd's queue.
        self._line = Pool(host, port, max(2, plan.scenario.connections // 2), self._told, more=lambda: self._pool.busy)
        self._wishes = crowd(plan.scenario, plan.seed, int(plan.opens_at * 1000))
        self._requests = self._prepared()
        self._acks: list[tuple[int, str] | None] = [None] * len(self._wishes)
        self._paid: set[int] = set()
        self._refused = 0
        self.evidence = Evidence()

    @property
    def ready(self) -> Ready:
        """Say how many orders are wanted."""
        return Ready(len(self._wishes))

    @property
    def tally(self) -> Tally:
        """Say how it goes."""
        settled = self.evidence.settled
        return Tally(sum(settled.values()), settled["PLACED"], len(self._paid), self._refused)

    async def run(self, report: Callable[[Tally], None]) -> Evidence:
        """Play it all, until nobody wants anything any more."""
        loop = asyncio.get_running_loop()
        self._opens = loop.time() + self._plan.opens_at - time.time()
        self._gives_up = self._opens + self._plan.scenario.seconds + self._plan.scenario.patience_seconds
        for number, wish in enumerate(self._wishes):
            job = Job(ORDER, number, self._requests[number], self._opens + wish.at)
            if wish.cuts:
                job.cut_after = CUT_SECONDS_MAX * self._random.random()
            self._pool.plan(job)
        reporting = loop.create_task(_repeat(lambda: report(self.tally)))
        gc.collect()
        gc.freeze()
        gc.disable()
        cpu = time.process_time()
        await asyncio.gather(self._pool.run(), self._line.run())
        reporting.cancel()
        self._note_all(time.process_time() - cpu)
        return self.evidence

    def _prepared(self) -> list[bytes]:
        """Passes and requests, as people's pages have them before the opening."""
        plan, key = self._plan, passes.key_from(self._plan.secret)
        issued = datetime.now(UTC)
        path = f"/rush/{plan.slug}/orders"
        lines = [(sku, 1, item.price) for sku, item in zip(plan.skus, plan.scenario.items, strict=True)]
        return [
            post(
                path,
                order_body(
                    [lines[item] for item in wish.items],
                    passes.issue(key, plan.customer_ids[wish.customer], plan.drop_id, wish.order_id, issued),
                ),
                self._host,
            )
            for wish in self._wishes
        ]

    # --- answers ---

    def _answered(self, job: Job, status: int, body: bytes, now: float) -> None:
        if status == 201:
            self._note(job, PLACED, now)
            self._acknowledged(job, body, now)
        else:
            self._refuse(job, body, now)

    def _note(self, job: Job, code: str, now: float) -> None:
        opens, began = self._opens, job.sent if job.began is None else job.began
        self.evidence.attempts.append(Attempt(job.about, began - opens, job.sent - opens, now - opens, job.lost, code))

    def _acknowledged(self, job: Job, body: bytes, now: float) -> None:
        number: int = job.about
        wish = self._wishes[number]
        id, ack = self._read(body)
        if id != wish.order_id:
            self.evidence.mixed_up += 1
        before = self._acks[number]
        if before != ack:
            self.evidence.acks.append((wish.order_id.bytes, *ack))
        if before is None:
            self._acks[number] = ack
            self.evidence.placing_ms.append((now - job.due) * 1000)
            self.evidence.placed_in_second[int(now - self._opens)] += 1
            self.evidence.settled["PLACED"] += 1
            self._plan_payment(number, ack[0], now)
            if wish.repeats:
                self._pool.plan(Job(AGAIN, number, job.request, now + REPEAT_SECONDS * self._random.random()))

    def _read(self, body: bytes) -> tuple[UUID, tuple[int, str]]:
        """Return what was acknowledged: its id, and what must stay the same whenever it is asked for again."""
        placed = _read_placed(body)
        return placed.id, (placed.total, placed.pay_by)

    def _plan_payment(self, number: int, total: int, now: float) -> None:
        wish = self._wishes[number]
        for telling in self._bank.tellings(wish.manner, total, int(time.time() * 1000)):
            if telling.succeeded:
                taken = (telling.payment_id.bytes, wish.order_id.bytes, telling.amount)
                self.evidence.bank.append(taken)
            message = self._bank.message(wish.order_id, telling)
            self._line.plan(Job(TELL, number, message, now + telling.after))

    def _refuse(self, job: Job, body: bytes, now: float) -> None:
        code = _read_told(body).code
        self._note(job, code, now)
        self.evidence.refused[code] += 1
        self._refused += 1
        back = self._comes_back(job, code, now)
        if back is None:
            self.evidence.refusing_ms.append((now - job.due) * 1000)
            self.evidence.settled[code] += job.kind == ORDER
            return
        if code not in COME_BACK_SECONDS:
            self.evidence.refusing_ms.append((now - job.due) * 1000)
        again = Job(job.kind, job.about, job.request, back)
        again.tries, again.began, again.lost = job.tries + 1, job.began, job.lost
        self._pool.plan(again)

    def _comes_back(self, job: Job, code: str, now: float) -> float | None:
        """When the same request is sent again, or None where it is not."""
        if code == "NOT_OPEN" and now < self._opens + 1:
            return max(now, self._opens) + BACK_AT_OPENING_SECONDS * self._random.random()
        if code == "SOLD_OUT" and self._wishes[job.about].persists and now < self._gives_up:
            return now + self._plan.scenario.retry_seconds * (0.5 + self._random.random())
        if code in COME_BACK_SECONDS and job.tries < TRIES_MAX:
            return now + COME_BACK_SECONDS[code] * (0.5 + self._random.random())
        return None

    def _told(self, job: Job, status: int, body: bytes, now: float) -> None:
        told = _read_told(body)
        self.evidence.bank_told[told.outcome or told.code] += 1
        if status == 200:
            if told.outcome == "PAID":
                self._paid.add(job.about)
        elif job.tries < TRIES_MAX:
            again = Job(TELL, job.about, job.request, now + 0.5 + self._random.random())
            again.tries = job.tries + 1
            self._line.plan(again)

    def _note_all(self, cpu_seconds: float) -> None:
        notes = self.evidence
        notes.wishes = [(w.order_id.bytes, w.customer, w.items) for w in self._wishes]
        pools = (self._pool, self._line)
        notes.requests = sum(pool.requests for pool in pools)
        notes.lost_connections = sum(pool.lost for pool in pools)
        notes.cut_connections = self._pool.cuts
        notes.cpu_seconds = cpu_seconds


async def _repeat(tell: Callable[[], None]) -> None:
    while True:
        await asyncio.sleep(REPORT_SECONDS)
        tell()


def perform(plan: Plan, pipe: Pipe) -> None:
    """Prepare, then play; sends Ready, Tallies and at last the Evidence through the pipe."""
    present(Play(plan), pipe)


def present(play: Play, pipe: Pipe) -> None:
    """Play what was prepared, and tell through the pipe."""
    pipe.send(play.ready)
    pipe.send(uvloop.run(play.run(pipe.send)))
    pipe.close()
