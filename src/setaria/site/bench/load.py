"""The load generator: a closed loop on many connections, in a process of its own.

It shares the machine with what it measures, so each request costs it little more than the two system calls.
"""

from __future__ import annotations

import asyncio
import gc
import time
from array import array
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count, cycle, islice, repeat
from multiprocessing.connection import Connection as Pipe
from random import Random

import msgspec
import uvloop

from setaria.site.rush.client import Connection, address, order_body, post
from setaria.site.rush.crowd import seeded_id
from setaria.site.rush.processes import cpu_seconds
from setaria.trade.drops import passes

CUSTOMER_FIRST = 1_000_000_000  # nobody's: the door does not look customers up
LAST_ANSWERS_SECONDS_MAX = 10.0
PACE_SECONDS = 0.001  # how often an open loop looks what is due

_customers = count(CUSTOMER_FIRST)
_random = Random(20260406)


class Sample(msgspec.Struct, frozen=True):
    """What to measure: orders with passes of their own, or empty requests as long (`empty`), for some seconds.

    `path` is posted to. Orders go through `skus` in turn, one unit each. `per_second_max` says how many are prepared;
    a faster server ends the sample early. `per_second`: send so many, whatever comes back, instead of one after
    another. `good`: the statuses that count. `watched`: process ids by name, whose processor time is noted.
    """

    url: str
    path: str
    connections: int
    seconds: float
    warm_seconds: float
    drop_id: int
    skus: list[str]
    price: int
    secret: str
    per_second_max: int
    empty: bool = False
    per_second: float | None = None
    good: tuple[int, ...] = (200, 201)
    watched: dict[str, list[int]] = {}
    pages: list[bytes] = []  # prepared requests to send in turn, instead of orders


class Measured(msgspec.Struct, frozen=True):
    """What a sample gave. `good`: the answers in the window that count; `others`: all others by status."""

    per_second: float
    good: int
    others: dict[int, int]
    p50_ms: float
    p99_ms: float
    cpu_us_each: dict[str, float]  # per good answer, by watched name and `client`
    seconds: float


class ClosedLoop:
    """Every connection sends its next request as soon as it has its answer."""

    def __init__(self, sample: Sample, requests: Iterator[bytes]) -> None:
        self._sample, self._requests = sample, requests
        self._open: list[Connection] = []
        self._waiting = 0
        self._good = self._good_before = 0
        self._others: Counter[int] = Counter()
        self._latencies = array("d")
        self._cpu: dict[str, float] = {}
        self._until = float("inf")

    async def run(self) -> Measured:
        """Open all connections, warm up, measure, let the last answers come."""
        sample, loop = self._sample, asyncio.get_running_loop()
        self._ended = loop.create_future()
        host, port = address(sample.url)
        for _ in range(sample.connections):
            await loop.create_connection(lambda: Connection(self), host, port)
        gc.collect()
        gc.disable()
        self._start()
        await asyncio.sleep(sample.warm_seconds)
        self._good_before, self._latencies = self._good, array("d")
        before, began = self._clocks(), time.perf_counter()
        await asyncio.wait({self._ended}, timeout=sample.seconds)
        ended, after = time.perf_counter(), self._clocks()
        good, latencies, self._until = self._good - self._good_before, self._latencies, 0.0
        if not self._waiting and not self._ended.done():
            self._ended.set_result(None)
        await asyncio.wait({self._ended}, timeout=LAST_ANSWERS_SECONDS_MAX)
        for connection in self._open:
            connection.transport.abort()
        gc.enable()
        ordered = sorted(latencies)
        return Measured(
            per_second=good / (ended - began),
            good=good,
            others=dict(self._others),
            p50_ms=ordered[len(ordered) // 2] * 1000 if ordered else 0.0,
            p99_ms=ordered[int(len(ordered) * 0.99)] * 1000 if ordered else 0.0,
            cpu_us_each={name: (after[name] - before[name]) / max(1, good) * 1e6 for name in after},
            seconds=ended - began,
        )

    def _start(self) -> None:
        for connection in self._open:
            self._next(connection, time.perf_counter())

    def opened(self, connection: Connection) -> None:
        """Keep it for the start."""
        self._open.append(connection)

    def answered(self, connection: Connection, status: int, body: bytes) -> None:
        """Note the answer and send the next request."""
        self._next(connection, self._note(connection, status))

    def _note(self, connection: Connection, status: int) -> float:
        now = time.perf_counter()
        self._waiting -= 1
        if status in self._sample.good:
            self._good += 1
            self._latencies.append(now - connection.sent_at)
        else:
            self._others[status] += 1
        return now

    def closed(self, connection: Connection) -> None:
        """Note a connection that the server gave up; status 0 stands for it."""
        if self._until:
            self._others[0] += 1

    def _next(self, connection: Connection, now: float) -> None:
        request = next(self._requests, None) if now < self._until else None
        if request is not None:
            self._waiting += 1
            connection.sent_at = now
            connection.transport.write(request)
        elif not self._waiting and not self._ended.done():
            self._ended.set_result(None)

    def _clocks(self) -> dict[str, float]:
        found = {name: cpu_seconds(pids) for name, pids in self._sample.watched.items()}
        return found | {"client": time.process_time()}


class OpenLoop(ClosedLoop):
    """Requests are sent when they are due, on whichever connection is free; waiting for one counts as latency."""

    def _start(self) -> None:
        assert self._sample.per_second is not None
        self._free = list(self._open)
        self._every, self._due = 1 / self._sample.per_second, time.perf_counter()
        self._send_due()

    def _send_due(self) -> None:
        now = time.perf_counter()
        while self._free and self._due <= now < self._until:
            self._next(self._free.pop(), self._due)
            self._due += self._every
        if now < self._until:
            asyncio.get_running_loop().call_later(PACE_SECONDS, self._send_due)

    def answered(self, connection: Connection, status: int, body: bytes) -> None:
        """Note the answer; the connection is free."""
        self._note(connection, status)
        self._free.append(connection)
        if not self._waiting and self._until == 0.0 and not self._ended.done():
            self._ended.set_result(None)


def requests_of(sample: Sample) -> Iterator[bytes]:
    """Prepare a sample's requests, as people's pages have them before the opening, or as their browsers ask for pages."""
    key, issued, host = passes.key_from(sample.secret), datetime.now(UTC), address(sample.url)[0]
    ms = int(time.time() * 1000)
    if sample.pages:
        return cycle(sample.pages)
    if sample.empty:  # as long as an order's body
        token = passes.issue(key, CUSTOMER_FIRST, sample.drop_id, seeded_id(_random, ms), issued)
        return repeat(post(sample.path, order_body([(sample.skus[0], 1, sample.price)], token), host))
    per_second = max(sample.per_second_max, int(sample.per_second or 0))
    number = int(per_second * (sample.warm_seconds + sample.seconds)) + sample.connections
    return iter(
        [
            post(
                sample.path,
                order_body(
                    [(sku, 1, sample.price)],
                    passes.issue(key, next(_customers), sample.drop_id, seeded_id(_random, ms), issued),
                ),
                host,
            )
            for sku in islice(cycle(sample.skus), number)
        ]
    )


def serve(pipe: Pipe) -> None:
    """Measure one Sample after another from the pipe, until it is closed."""
    while True:
        try:
            sample = pipe.recv()
        except EOFError:
            return
        kind = ClosedLoop if sample.per_second is None else OpenLoop
        pipe.send(uvloop.run(kind(sample, requests_of(sample)).run()))
