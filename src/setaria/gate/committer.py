"""Group commit in order of arrival, without a timer.

One thread per committer takes whatever is waiting the moment the last batch is done and calls a batch verb. Light
load makes small batches and short waits, heavy load large ones; nobody tunes a window.

What waits is bounded in time as well as in number (docs/decisions/0014): a database that slows down shortens the queue
at the door within a batch or two, one that stands still closes it, and nobody waits for long without an answer.
"""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Generic, TypeVar

import psycopg
import structlog
from django.db import Error as DjangoError
from django.db import connection

from setaria.gate.metrics import BATCH_SECONDS, BATCH_SIZE, ROOM, SHED, WAITING

Q = TypeVar("Q")
A = TypeVar("A")

log = structlog.get_logger(__name__)

# The verbs speak psycopg below Django, so failures come in both kinds.
DatabaseErrors = (psycopg.Error, DjangoError)

# A PostgreSQL that was killed is back within a second or two; waiting for it beats telling a buyer "we cannot tell".
PAUSES_SECONDS = (0.1, 0.3, 0.6, 1.0)

# Who would wait longer than this, at the rate measured, is told at once to come back.
WAIT_SECONDS_MAX = 1.0
# Who has waited so long all the same, because the database slowed down meanwhile, is told then. Nothing was ordered.
SHED_SECONDS = 2.0
# Whose batch is under way for so long is told that we cannot tell; a browser gives up at 12 seconds.
UNSURE_SECONDS = 5.0
WATCH_SECONDS = 0.1
# A batch of fewer takes about as long as one of so many: most of its time is round trips and the flush to disk.
BATCH_COUNTED_MIN = 100
ANSWERS_AT_ONCE_MAX = 50
NEWEST_SHARE = 0.5  # of the latest batch in the measured rate


class Overloaded(Exception):
    """More is waiting than can be served in time; the caller should say so at once. Nothing was done."""


class Unsure(Exception):
    """The database failed while committing and did not come back in time; the caller must not guess."""


class Committer(Generic[Q, A]):
    """Collects requests on the event loop, commits them in batches on a thread of its own.

    `commit` takes a batch and returns an answer each. It is called again for the same batch when the database failed,
    so it must be idempotent: what had been committed after all then gets its first answer.
    """

    def __init__(
        self,
        name: str,
        commit: Callable[[Sequence[Q]], Sequence[A]],
        *,
        batch_max: int,
        waiting_max: int,
    ) -> None:
        self.name = name
        self._commit = commit
        self._batch_max = batch_max
        self._waiting_max = waiting_max
        self._room = waiting_max  # how many may wait now
        self._served_max = waiting_max  # how many are served within `WAIT_SECONDS_MAX`
        self._seconds_each = 0.0
        self._waiting: list[tuple[Q, asyncio.Future[A]]] = []
        self._taking = threading.Lock()  # held to take from the front; appending needs none
        self._taken = 0  # since the start
        self._under_way: list[tuple[Q, asyncio.Future[A]]] = []
        self._began = 0.0
        self._marks: deque[tuple[float, int]] = deque()  # (when, how many had ever come): tells how old the front is
        self._watching: asyncio.Task[None] | None = None
        self._wake = threading.Event()
        self._stopping = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, name=f"commit-{name}", daemon=True)

    @property
    def waiting(self) -> int:
        """How many requests have not been taken into a batch yet."""
        return len(self._waiting)

    @property
    def a_second(self) -> float:
        """How many requests a second the latest batches could have been; 0 before the first."""
        return 1 / self._seconds_each if self._seconds_each else 0.0

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to commit; answers arrive on `loop`."""
        self._loop = loop
        self._watching = loop.create_task(self._watch())
        self._thread.start()

    def stop(self) -> None:
        """Commit what is still waiting, then end the thread. Blocks until it has; not for the loop's thread."""
        self._stopping = True
        if self._watching is not None and self._loop is not None:
            self._loop.call_soon_threadsafe(self._watching.cancel)
        self._wake.set()
        self._thread.join()

    @property
    def full(self) -> bool:
        """Whether one more would have to wait for too long; asked before any work is done for a request."""
        return len(self._waiting) >= self._room

    @property
    def depth(self) -> tuple[int, int]:
        """How many wait, and how many may."""
        return len(self._waiting), self._room

    def submit(self, request: Q) -> "asyncio.Future[A]":
        """Join the current batch; await the result for the answer. Raises Overloaded past the bound.

        Call on the event loop's thread only: that is what keeps arrival order without a lock.
        """
        waiting = self._waiting
        if len(waiting) >= self._room or self._stopping:
            raise Overloaded
        assert self._loop is not None
        future: asyncio.Future[A] = self._loop.create_future()
        waiting.append((request, future))
        if len(waiting) == 1:
            self._wake.set()
        return future

    def _run(self) -> None:
        with suppress(*DatabaseErrors):  # the first order need not wait for the connection
            connection.ensure_connection()
        while True:
            self._wake.wait()
            self._wake.clear()
            while batch := self._take():
                self._commit_batch(batch)
            if self._stopping and not self._waiting:
                connection.close()
                return

    def _take(self) -> list[tuple[Q, "asyncio.Future[A]"]]:
        with self._taking:
            self._began = time.monotonic()
            # Not all that may wait: what comes after it must not wait for long either.
            self._under_way = self._take_first(min(self._batch_max, max(BATCH_COUNTED_MIN, self._served_max // 2)))
            room = max(BATCH_COUNTED_MIN, self._served_max - len(self._under_way))
            self._room = min(self._waiting_max, room)
            return self._under_way

    def _take_first(self, count: int) -> list[tuple[Q, "asyncio.Future[A]"]]:
        # Appending goes on meanwhile on the loop's thread; slicing and deleting from the front are each atomic.
        first = self._waiting[:count]
        del self._waiting[: len(first)]
        self._taken += len(first)
        return first

    def _commit_batch(self, batch: list[tuple[Q, "asyncio.Future[A]"]]) -> None:
        WAITING.labels(self.name).set(len(batch) + len(self._waiting))
        answers = self._persist([request for request, _ in batch])
        seconds = time.monotonic() - self._began
        with self._taking:
            self._under_way = []
            self._room = self._served_max = self._served_after(len(batch), seconds)
        BATCH_SECONDS.labels(self.name).observe(seconds)
        BATCH_SIZE.labels(self.name).observe(len(batch))
        ROOM.labels(self.name).set(self._room)
        assert self._loop is not None
        self._loop.call_soon_threadsafe(_resolve, self._loop, batch, answers, 0)

    def _served_after(self, size: int, seconds: float) -> int:
        """How many can be served within `WAIT_SECONDS_MAX` at the rate of the latest batches; never fewer than few."""
        each = seconds / max(size, BATCH_COUNTED_MIN)
        self._seconds_each += NEWEST_SHARE * (each - self._seconds_each)
        return min(self._waiting_max, max(BATCH_COUNTED_MIN, int(WAIT_SECONDS_MAX / self._seconds_each)))

    async def _watch(self) -> None:
        """Look ten times a second whether the database still moves, and answer those it keeps waiting."""
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            self._look(time.monotonic())

    def _look(self, now: float) -> None:
        with self._taking:
            self._marks.append((now, self._taken + len(self._waiting)))
            came = 0
            while self._marks[0][0] <= now - SHED_SECONDS:
                came = self._marks.popleft()[1]
            late = self._take_first(max(0, came - self._taken))
            stands = now - self._began if self._under_way else 0.0
            if stands > WAIT_SECONDS_MAX:
                self._room = 0
            unsure = self._under_way if stands > UNSURE_SECONDS else []
        if late:
            SHED.labels(self.name).inc(len(late))
            log.warning("waited_too_long", committer=self.name, size=len(late))
        for error, entries in ((Overloaded, late), (Unsure, unsure)):
            for _, future in entries:
                if not future.done():
                    future.set_exception(error())

    def _persist(self, requests: list[Q]) -> Sequence[A | None]:
        """Commit a batch, again while the database fails; None an answer when it does not come back in time."""
        for pause in (*PAUSES_SECONDS, None):
            try:
                connection.ensure_connection()  # and thereby knows what time it is, before the batch is stamped
                return self._commit(requests)
            except DatabaseErrors as error:
                log.error("batch_failed", committer=self.name, size=len(requests), error=repr(error))
                connection.close()
            except Exception:
                log.exception("batch_crashed", committer=self.name, size=len(requests))
                connection.close()
                break
            if pause is not None:
                time.sleep(pause)
        return [None] * len(requests)


def _resolve(
    loop: asyncio.AbstractEventLoop,
    batch: list[tuple[Q, "asyncio.Future[A]"]],
    answers: Sequence[A | None],
    first: int,
) -> None:
    """Hand out answers, some at a time: whoever is to be refused does not wait until a thousand others were served."""
    last = first + ANSWERS_AT_ONCE_MAX
    for (_, future), answer in zip(batch[first:last], answers[first:last], strict=True):
        if future.done():  # the client went away and its task was cancelled
            continue
        if answer is None:
            future.set_exception(Unsure())
        else:
            future.set_result(answer)
    if last < len(batch):
        loop.call_soon(_resolve, loop, batch, answers, last)
