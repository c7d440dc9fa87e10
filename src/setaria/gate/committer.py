"""Group commit in order of arrival, without a timer.

One thread per committer takes whatever is waiting the moment the last batch is done and calls a batch verb. Light
load makes small batches and short waits, heavy load large ones; nobody tunes a window.

A verb written as steps is asked ahead where many wait: the next batch's questions are sent behind this batch's commit,
so that the thread sleeps once a batch and not twice (docs/decisions/0027).

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
from setaria.kernel.batches import Steps

Q = TypeVar("Q")
A = TypeVar("A")
Entry = tuple[Q, "asyncio.Future[A]"]  # a request, and whom to answer

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
# Fewer are not asked ahead: those who come during the commit had better join them, for a batch has a price of its own.
AHEAD_MIN = 32
# So many times in a row, then the lock on the stock is let go between two batches: another gate, or whoever brings
# stock, may have been waiting for it, and questions that already stand behind the commit get in before them.
AHEAD_RUN_MAX = 8


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
        steps: Callable[[Sequence[Q]], Steps[Sequence[A]]] | None = None,
    ) -> None:
        """`steps` does what `commit` does, and is tried first; where it fails, `commit` settles it."""
        self.name = name
        self._commit = commit
        self._steps = steps
        self._ahead_run = 0
        self._batch_max = batch_max
        self._waiting_max = waiting_max
        self._room = waiting_max  # how many may wait now
        self._served_max = waiting_max  # how many are served within `WAIT_SECONDS_MAX`
        self._seconds_each = 0.0
        self._waiting: list[Entry[Q, A]] = []
        self._taking = threading.Lock()  # held to take from the front; appending needs none
        self._taken = 0  # since the start
        self._under_way: list[Entry[Q, A]] = []
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
    def busy(self) -> bool:
        """Whether anything waits or is being committed."""
        return bool(self._waiting or self._under_way)

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
            batch, begun = self._take(), None
            while batch:
                batch, begun = self._commit_batch(batch, begun)
            if self._stopping and not self._waiting:
                connection.close()
                return

    def _take(self) -> "list[Entry[Q, A]]":
        with self._taking:
            if not self._under_way:
                self._began = time.monotonic()
            # Not all that may wait: what comes after it must not wait for long either.
            taken = self._take_first(min(self._batch_max, max(BATCH_COUNTED_MIN, self._served_max // 2)))
            self._under_way = self._under_way + taken
            room = max(BATCH_COUNTED_MIN, self._served_max - len(self._under_way))
            self._room = min(self._waiting_max, room)
            return taken

    def _done(self, size: int) -> float:
        """Note that the first so many of those under way are done; return how many seconds they took."""
        with self._taking:
            now = time.monotonic()
            seconds, self._began = now - self._began, now
            self._under_way = self._under_way[size:]
            self._served_max = self._served_after(size, seconds)
            self._room = min(self._waiting_max, max(BATCH_COUNTED_MIN, self._served_max - len(self._under_way)))
            return seconds

    def _take_first(self, count: int) -> "list[Entry[Q, A]]":
        # Appending goes on meanwhile on the loop's thread; slicing and deleting from the front are each atomic.
        first = self._waiting[:count]
        del self._waiting[: len(first)]
        self._taken += len(first)
        return first

    def _commit_batch(
        self, batch: "list[Entry[Q, A]]", begun: Steps[Sequence[A]] | None
    ) -> "tuple[list[Entry[Q, A]], Steps[Sequence[A]] | None]":
        """Commit one batch, that may have been begun, and answer it; return the next, that may have been begun."""
        WAITING.labels(self.name).set(len(self._under_way) + len(self._waiting))
        ahead: list[Entry[Q, A]] = []
        ahead_begun = None
        requests = [request for request, _ in batch]
        if self._steps is None:
            answers = self._persist(requests)
        else:
            steps = begun
            try:
                steps = steps or self._begin(requests)
                next(steps)  # its commit is on its way
                if self._asks_ahead():
                    ahead = self._take()
                    ahead_begun = self._begin([request for request, _ in ahead])
                answers = _finish(steps)
            except Exception as error:
                log.warning("batch_again", committer=self.name, size=len(batch), error=repr(error))
                # Both are closed, and with them the connection, before anything else is begun on a new one.
                for left in (steps, ahead_begun):
                    if left is not None:
                        left.close()
                ahead_begun = None
                answers = self._persist(requests)
        self._ahead_run = self._ahead_run + 1 if ahead else 0
        seconds = self._done(len(batch))
        BATCH_SECONDS.labels(self.name).observe(seconds)
        BATCH_SIZE.labels(self.name).observe(len(batch))
        ROOM.labels(self.name).set(self._room)
        assert self._loop is not None
        self._loop.call_soon_threadsafe(_resolve, self._loop, batch, answers, 0)
        return (ahead, ahead_begun) if ahead else (self._take(), None)

    def _begin(self, requests: list[Q]) -> Steps[Sequence[A]]:
        assert self._steps is not None
        connection.ensure_connection()  # and thereby knows what time it is, before the batch is stamped
        steps = self._steps(requests)
        next(steps)
        return steps

    def _asks_ahead(self) -> bool:
        return len(self._waiting) >= AHEAD_MIN and self._ahead_run < AHEAD_RUN_MAX

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


def _finish(steps: Steps[A]) -> A:
    try:
        next(steps)
    except StopIteration as end:
        answer: A = end.value
        return answer
    raise AssertionError("a verb stops twice")


def _resolve(
    loop: asyncio.AbstractEventLoop,
    batch: "list[Entry[Q, A]]",
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
