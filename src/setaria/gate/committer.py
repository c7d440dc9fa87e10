"""Group commit in order of arrival, without a timer.

One thread per committer takes whatever is waiting the moment the last batch is done and calls a batch verb. Light
load makes small batches and short waits, heavy load large ones; nobody tunes a window.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Generic, TypeVar

import psycopg
import structlog
from django.db import Error as DjangoError
from django.db import connection

from setaria.gate.metrics import BATCH_SECONDS, BATCH_SIZE

Q = TypeVar("Q")
A = TypeVar("A")

log = structlog.get_logger(__name__)

# The verbs speak psycopg below Django, so failures come in both kinds.
DatabaseErrors = (psycopg.Error, DjangoError)

# A PostgreSQL that was killed is back within a second or two; waiting for it beats telling a buyer "we cannot tell".
PAUSES_SECONDS = (0.1, 0.3, 0.6, 1.0)


class Overloaded(Exception):
    """More is waiting than the bound allows; the caller should say so at once."""


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
        self._waiting: list[tuple[Q, asyncio.Future[A]]] = []
        self._wake = threading.Event()
        self._stopping = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, name=f"commit-{name}", daemon=True)

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to commit; answers arrive on `loop`."""
        self._loop = loop
        self._thread.start()

    def stop(self) -> None:
        """Commit what is still waiting, then end the thread. Blocks until it has."""
        self._stopping = True
        self._wake.set()
        self._thread.join()

    def submit(self, request: Q) -> "asyncio.Future[A]":
        """Join the current batch; await the result for the answer. Raises Overloaded past the bound.

        Call on the event loop's thread only: that is what keeps arrival order without a lock.
        """
        waiting = self._waiting
        if len(waiting) >= self._waiting_max or self._stopping:
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
        # Appending goes on meanwhile on the loop's thread; slicing and deleting from the front are each atomic.
        batch = self._waiting[: self._batch_max]
        del self._waiting[: len(batch)]
        return batch

    def _commit_batch(self, batch: list[tuple[Q, "asyncio.Future[A]"]]) -> None:
        requests = [request for request, _ in batch]
        with BATCH_SECONDS.labels(self.name).time():
            answers = self._persist(requests)
        BATCH_SIZE.labels(self.name).observe(len(batch))
        assert self._loop is not None
        self._loop.call_soon_threadsafe(_resolve, batch, answers)

    def _persist(self, requests: list[Q]) -> Sequence[A | None]:
        """Commit a batch, again while the database fails; None an answer when it does not come back in time."""
        for pause in (*PAUSES_SECONDS, None):
            try:
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


def _resolve(batch: list[tuple[Q, "asyncio.Future[A]"]], answers: Sequence[A | None]) -> None:
    for (_, future), answer in zip(batch, answers, strict=True):
        if future.done():  # the client went away and its task was cancelled
            continue
        if answer is None:
            future.set_exception(Unsure())
        else:
            future.set_result(answer)
