"""One durable transaction for one batch, in as few round trips as the work allows.

The verbs that change orders and stock work on many at once (law 7). They speak SQL through a pipeline: what is
queued is sent together, and only reading a result waits for the server.

A verb may be written as `Steps`, so that a caller with many batches asks the next one's questions while this one is
being committed (docs/decisions/0027).
"""

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import connection
from psycopg import errors

from setaria.kernel.pipeline import Pipeline

P = ParamSpec("P")
R = TypeVar("R")

# A batch verb that stops twice: when its questions are sent, and when its writes and its commit are. What it returns
# is durable. It must be run to its end or closed, on one thread.
Steps = Generator[None, None, R]

ATTEMPTS_MAX = 4

# Two batches met on rows that did not exist yet when each looked. A second look settles it.
COLLISIONS = (errors.UniqueViolation, errors.CheckViolation, errors.DeadlockDetected, errors.SerializationFailure)


class Batch(Pipeline):
    """A transaction under way."""

    def commit(self) -> None:
        """Send the commit, behind whatever is queued, without waiting for it. The last word; again is nothing."""
        if not self._sealed:
            self.query("COMMIT", {})
            self.seal()


def run(steps: Steps[R]) -> R:
    """Run a verb written as steps from its beginning to its end."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: R = end.value
            return result


@contextmanager
def durable_batch() -> Iterator[Batch]:
    """Open one READ COMMITTED transaction on this thread's connection; leaving the block commits it durably.

    Raises RuntimeError inside another transaction: an answer given to a buyer must not be undone by a caller.
    On any error the connection is closed, which is the one sure way to leave a broken pipeline.
    """
    connection.ensure_connection()
    if connection.in_atomic_block:
        raise RuntimeError("This verb commits by itself and cannot run inside another transaction.")
    try:
        batch = Batch(connection.connection)
        batch.query("BEGIN", {})
        yield batch
        batch.commit()
        batch.finish()
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
