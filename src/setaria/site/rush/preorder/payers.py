"""Those whose turn has come pay, or do not: the bank's notifications, sent from a thread beside the supplies."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterable
from random import Random
from uuid import UUID

import msgspec
import uvloop

from setaria.site.rush.bank import Bank
from setaria.site.rush.client import address
from setaria.site.rush.crowd import Manner
from setaria.site.rush.notes import Evidence, Plan
from setaria.site.rush.play import TELL, TRIES_MAX
from setaria.site.rush.pool import Job, Pool

AGAIN_SECONDS = 0.5


class _Told(msgspec.Struct):
    code: str = ""
    outcome: str = ""


_read_told = msgspec.json.Decoder(_Told).decode


class Payers:
    """Plays the bank for orders that it is told of; what it took and was answered goes into `evidence`."""

    def __init__(self, plan: Plan, evidence: Evidence) -> None:
        host, port = address(plan.url)
        self._random = Random(plan.seed + 4)
        self._bank = Bank(plan.scenario, plan.currency, plan.secret, host, self._random)
        self._weights = [getattr(plan.scenario.payments, manner.name.lower()) for manner in Manner]
        connections = max(2, plan.scenario.connections // 2)
        self._pool = Pool(host, port, connections, self._told, more=lambda: not self._closed)
        self._evidence = evidence
        self._closed = False
        self._running = threading.Event()
        self._thread = threading.Thread(target=lambda: uvloop.run(self._run()), name="payers")

    def __enter__(self) -> Payers:
        """Begin."""
        self._thread.start()
        self._running.wait()
        return self

    def __exit__(self, *_: object) -> None:
        """Wait until everything was told, and end."""
        self._loop.call_soon_threadsafe(self._close)
        self._thread.join()
        self._evidence.requests += self._pool.requests
        self._evidence.lost_connections += self._pool.lost

    def pay(self, orders: Iterable[tuple[UUID, int]]) -> None:
        """Let these orders (id, total) be paid in the ways of the scenario."""
        self._loop.call_soon_threadsafe(self._plan, list(orders))

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._running.set()
        await self._pool.run()

    def _close(self) -> None:
        self._closed = True

    def _plan(self, orders: list[tuple[UUID, int]]) -> None:
        now, ms = self._loop.time(), int(time.time() * 1000)
        for order, total in orders:
            manner = self._random.choices(list(Manner), self._weights)[0]
            for telling in self._bank.tellings(manner, total, ms):
                if telling.succeeded:
                    self._evidence.bank.append((telling.payment_id.bytes, order.bytes, telling.amount))
                self._pool.plan(Job(TELL, order, self._bank.message(order, telling), now + telling.after))

    def _told(self, job: Job, status: int, body: bytes, now: float) -> None:
        told = _read_told(body)
        self._evidence.bank_told[told.outcome or told.code] += 1
        if status != 200 and job.tries < TRIES_MAX:
            again = Job(TELL, job.about, job.request, now + AGAIN_SECONDS * (1 + self._random.random()))
            again.tries = job.tries + 1
            self._pool.plan(again)
