"""Orders pressed against the gate, first as fast as it answers (its peak), then so many a second whatever it says.

`serve` runs in a process of its own. The second way is an open loop: an order is due at its instant, is late if it
must wait for a free connection, and nobody who was refused comes back; so the load stays what was asked for.
"""

from __future__ import annotations

import asyncio
import gc
import time
from array import array
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from multiprocessing.connection import Connection as Pipe
from random import Random

import msgspec
import uvloop

from setaria.site.bench.load import ClosedLoop, Measured, Sample
from setaria.site.rush.client import address, order_body, post
from setaria.site.rush.crowd import seeded_id
from setaria.site.rush.pool import Job, Pool
from setaria.site.rush.report import Latency, latency
from setaria.trade.drops import passes

PLACED, REFUSED = 201, 503
OPENING_SECONDS_MAX = 30.0  # for all connections
LEAD_SECONDS = 1.0  # while everything is planned


class Press(msgspec.Struct, frozen=True):
    """So many orders a second for so long, over so many connections. Customers take turns."""

    sample: Sample  # where, for what, how many connections, how long; its warm-up is left out of `Pressed.placed`
    per_second: float
    customer_ids: list[int]
    seed: int


class Pressed(msgspec.Struct, frozen=True):
    """What became of an open loop. Milliseconds from sending to the answer; how late it was sent is told apart."""

    seconds: float  # that were measured
    sent: int
    never_sent: int  # all connections were taken until the end
    answers: dict[str, int]  # by status
    placed_per_second: float
    placed: list[bytes]  # every order acknowledged, warm-up included
    placing_ms: Latency | None
    refusing_ms: Latency | None
    sent_late_ms: Latency | None  # after the instant it was due: the client was busy, or had no free connection
    lost: int
    cpu_share: float  # of one core, that the client itself took


def requests(press: Press) -> Iterator[tuple[bytes, bytes]]:
    """Order ids and requests, made as they are needed: what a hundred thousand pages hold between them."""
    sample, random = press.sample, Random(press.seed)
    key, issued, host = passes.key_from(sample.secret), datetime.now(UTC), address(sample.url)[0]
    ms, customers = int(time.time() * 1000), press.customer_ids
    line = [(sample.skus[0], 1, sample.price)]
    for number in count():
        order = seeded_id(random, ms)
        token = passes.issue(key, customers[number % len(customers)], sample.drop_id, order, issued)
        yield order.bytes, post(sample.path, order_body(line, token), host)


class OpenLoop:
    """Orders that are due one after another at even distances."""

    def __init__(self, press: Press) -> None:
        sample = press.sample
        host, port = address(sample.url)
        self._press = press
        self._all_planned = False
        self._pool = Pool(host, port, sample.connections, self._answered, more=lambda: not self._all_planned)
        number = int(press.per_second * (sample.warm_seconds + sample.seconds))
        made = requests(press)
        self._orders = [next(made) for _ in range(number)]
        self._statuses: Counter[int] = Counter()
        self._placed: list[bytes] = []
        self._in_window = self._never_sent = 0
        self._placing, self._refusing, self._late = array("d"), array("d"), array("d")

    async def run(self) -> Pressed:
        """Send them once all connections are open, for twice the time at most, and wait for the last answer."""
        press, sample = self._press, self._press.sample
        loop = asyncio.get_running_loop()
        running = loop.create_task(self._pool.run())
        await self._pool.wait_open(OPENING_SECONDS_MAX)
        begins = loop.time() + LEAD_SECONDS
        for number, (order, request) in enumerate(self._orders):
            self._pool.plan(Job(0, order, request, begins + number / press.per_second))
        self._from = begins + sample.warm_seconds
        self._until = self._from + sample.seconds
        gc.collect()
        gc.disable()
        cpu = time.process_time()
        loop.call_at(self._until + sample.seconds, self._end)
        self._all_planned = True
        await running
        return Pressed(
            seconds=sample.seconds,
            sent=self._pool.requests,
            never_sent=self._never_sent,
            answers={str(status): found for status, found in sorted(self._statuses.items())},
            placed_per_second=round(self._in_window / sample.seconds, 1),
            placed=self._placed,
            placing_ms=latency(self._placing),
            refusing_ms=latency(self._refusing),
            sent_late_ms=latency(self._late),
            lost=self._pool.lost,
            cpu_share=round((time.process_time() - cpu) / max(0.1, loop.time() - begins), 2),
        )

    def _end(self) -> None:
        self._never_sent = self._pool.forget()

    def _answered(self, job: Job, status: int, body: bytes, now: float) -> None:
        self._statuses[status] += 1
        ms = (now - job.sent) * 1000
        self._late.append((job.sent - job.due) * 1000)
        if status == PLACED:
            self._placed.append(job.about)
            self._placing.append(ms)
            self._in_window += self._from <= now < self._until
        elif status == REFUSED:
            self._refusing.append(ms)


def serve(pipe: Pipe) -> None:
    """Answer each Press that comes through the pipe: without a rate by the closed loop's Measured, else by Pressed."""
    while True:
        try:
            press: Press = pipe.recv()
        except EOFError:
            return
        pipe.send(uvloop.run(_press(press)))


async def _press(press: Press) -> Measured | Pressed:
    if press.per_second:
        return await OpenLoop(press).run()
    return await ClosedLoop(press.sample, (request for _, request in requests(press))).run()
