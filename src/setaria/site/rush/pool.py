"""Requests that are due at an instant, sent over a bound number of connections and repeated until they are answered."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any

from setaria.site.rush.client import Connection

TICK_SECONDS = 0.001
WATCH_SECONDS = 1.0
ANSWER_SECONDS_MAX = 20.0
RECONNECT_SECONDS = 0.1


class Job:
    """A request to be made at `due` (the loop's clock); `about` is its owner's. `cut_after`: hang up so soon, once.

    `began`: when it was first sent, `sent`: when last, `lost`: how many sendings had no answer.
    """

    __slots__ = ("about", "began", "cut_after", "due", "kind", "lost", "request", "sent", "tries")

    def __init__(self, kind: int, about: Any, request: bytes, due: float) -> None:
        self.kind, self.about, self.request, self.due = kind, about, request, due
        self.cut_after: float | None = None
        self.began: float | None = None
        self.sent = 0.0
        self.tries = self.lost = 0


Answered = Callable[[Job, int, bytes, float], None]


class Pool:
    """Open loop: a job that finds no free connection waits for one, and stays due when it was.

    A job whose connection is lost before the answer is sent again, unchanged: that is what a pass is for.
    """

    def __init__(
        self, host: str, port: int, connections: int, answered: Answered, more: Callable[[], bool] = lambda: False
    ) -> None:
        """`more`: whether jobs may still come from elsewhere when there are none."""
        self._host, self._port, self._connections = host, port, connections
        self._answered, self._more = answered, more
        self._later: list[tuple[float, int, Job]] = []
        self._waiting: deque[Job] = deque()
        self._free: list[Connection] = []
        self._all: set[Connection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._planned = 0
        self._unfinished = 0
        self._ended = False
        self.lost = self.cuts = self.requests = 0

    @property
    def busy(self) -> bool:
        """Whether a job is waiting, or on its way."""
        return self._unfinished > 0

    def plan(self, job: Job) -> None:
        """Have a job sent when it is due."""
        self._planned += 1
        self._unfinished += 1
        heappush(self._later, (job.due, self._planned, job))

    async def wait_open(self, seconds_max: float) -> None:
        """Wait until all connections are open, or so long; while `run` goes on."""
        deadline = asyncio.get_running_loop().time() + seconds_max
        while len(self._all) < self._connections and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(0.05)

    def forget(self) -> int:
        """Give up what has not been sent, and return how many that were; what is on its way gets its answer."""
        forgotten = len(self._later) + len(self._waiting)
        self._unfinished -= forgotten
        self._later.clear()
        self._waiting.clear()
        return forgotten

    async def run(self) -> None:
        """Work until no job is left; handlers may plan new ones."""
        self._loop = asyncio.get_running_loop()
        self._over = self._loop.create_future()
        for _ in range(self._connections):
            self._connect(0.0)
        self._tick()
        watch = self._loop.create_task(self._watch())
        await self._over
        self._ended = True
        for task in {watch, *self._tasks}:
            task.cancel()
        for connection in list(self._all):
            connection.transport.abort()

    # --- what connections report ---

    def opened(self, connection: Connection) -> None:
        """Take a new connection into use."""
        self._all.add(connection)
        self._use(connection)

    def answered(self, connection: Connection, status: int, body: bytes) -> None:
        """Hand the answer on, and use the connection again."""
        job: Job = connection.job
        connection.job = None
        self._answered(job, status, body, self._loop.time())
        self._unfinished -= 1
        if connection.transport.is_closing():
            return
        self._use(connection)

    def closed(self, connection: Connection) -> None:
        """Replace a lost connection, and send again what was on its way."""
        self._all.discard(connection)
        if self._ended:
            return
        job: Job | None = connection.job
        if job is None:
            if connection in self._free:
                self._free.remove(connection)
        else:
            job.tries += 1
            job.lost += 1
            self._planned += 1
            heappush(self._later, (self._loop.time() + RECONNECT_SECONDS, self._planned, job))
        self.lost += 1
        self._connect(RECONNECT_SECONDS)

    # --- its own work ---

    def _use(self, connection: Connection) -> None:
        if self._waiting:
            self._send(connection, self._waiting.popleft())
        else:
            self._free.append(connection)

    def _send(self, connection: Connection, job: Job) -> None:
        now = self._loop.time()
        connection.job = job
        connection.sent_at = job.sent = now
        if job.began is None:
            job.began = now
        self.requests += 1
        connection.send(job.request)
        if job.cut_after is not None:
            self._loop.call_later(job.cut_after, self._cut, connection, job)
            job.cut_after = None

    def _cut(self, connection: Connection, job: Job) -> None:
        if connection.job is job:
            self.cuts += 1
            job.due = self._loop.time() + RECONNECT_SECONDS
            connection.cut()

    def _tick(self) -> None:
        now = self._loop.time()
        later, waiting, free = self._later, self._waiting, self._free
        while later and later[0][0] <= now:
            waiting.append(heappop(later)[2])
        while waiting and free:
            self._send(free.pop(), waiting.popleft())
        if self._unfinished or self._more():
            self._loop.call_later(TICK_SECONDS, self._tick)
        elif not self._over.done():
            self._over.set_result(None)

    def _connect(self, after: float) -> None:
        task = self._loop.create_task(self._open(after))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _open(self, after: float) -> None:
        while True:
            await asyncio.sleep(after)
            try:
                await self._loop.create_connection(lambda: Connection(self), self._host, self._port)
                return
            except OSError:
                after = RECONNECT_SECONDS

    async def _watch(self) -> None:
        """Hang up where no answer comes: a server that died without a word."""
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            late = self._loop.time() - ANSWER_SECONDS_MAX
            for connection in list(self._all):
                if connection.job is not None and connection.sent_at < late:
                    connection.transport.abort()
