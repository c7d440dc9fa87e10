"""One durable transaction for one batch, in as few round trips as the work allows.

The verbs that change orders and stock work on many at once (law 7). They speak SQL through psycopg's pipeline
mode: what is queued is sent together, and only reading a result waits for the server.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import psycopg
from django.db import connection
from psycopg import errors

P = ParamSpec("P")
R = TypeVar("R")

ATTEMPTS_MAX = 4

# Two batches met on rows that did not exist yet when each looked. A second look settles it.
COLLISIONS = (errors.UniqueViolation, errors.CheckViolation, errors.DeadlockDetected, errors.SerializationFailure)


class Batch:
    """The open transaction of a batch."""

    def __init__(self, raw: psycopg.Connection[Any]) -> None:
        self._raw = raw

    def query(self, sql: str, params: dict[str, Any]) -> psycopg.Cursor[Any]:
        """Queue one statement, prepared on the server; fetching from the cursor waits for its answer."""
        return psycopg.Cursor(self._raw).execute(sql, params, prepare=True, binary=True)


@contextmanager
def durable_batch() -> Iterator[Batch]:
    """Open one READ COMMITTED transaction on this thread's connection; leaving the block commits it durably.

    Raises RuntimeError inside another transaction: an answer given to a buyer must not be undone by a caller.
    On any error the connection is closed, which is the one sure way to leave a broken pipeline.
    """
    connection.ensure_connection()
    if connection.in_atomic_block:
        raise RuntimeError("This verb commits by itself and cannot run inside another transaction.")
    raw = connection.connection
    try:
        with raw.pipeline():
            begin = psycopg.Cursor(raw)
            begin.execute("BEGIN")
            yield Batch(raw)
            begin.execute("COMMIT")
    except BaseException:
        connection.close()
        raise


def retried(verb: Callable[P, R]) -> Callable[P, R]:
    """Run a verb again when it collided with a concurrent batch; each attempt looks at the world afresh."""

    @wraps(verb)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        for attempt in range(ATTEMPTS_MAX):
            try:
                return verb(*args, **kwargs)
            except COLLISIONS:
                if attempt == ATTEMPTS_MAX - 1:
                    raise
        raise AssertionError("unreachable")

    return run
