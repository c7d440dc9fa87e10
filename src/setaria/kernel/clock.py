"""The shop's clock. Verbs take `now` as an argument; only the outermost layer reads it here.

Several processes on several machines open sales and let orders expire at exact instants, so they must agree: whoever
connects to the database goes by its clock (`follow_database`), looks again now and then if it runs for long, and counts
on between two looks with its own monotonic clock, which no change of the machine's time moves. A machine whose clock is
wrong, or jumps, then neither opens a sale early nor lets an order expire that still has time.
"""

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

# Two looks may differ by so much without anything being wrong: the kernel steers both clocks all the time.
TOLERANCE = timedelta(milliseconds=1)

# For rehearsals (`setaria faults`): a file with the seconds by which this machine's clock is to seem wrong.
_wrong_by = os.environ.get("SETARIA_CLOCK_WRONG_BY")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_zero: datetime | None = None  # the instant at which the monotonic clock was 0, by the database
_zero_seconds: float | None = None  # the same in seconds since 1970: floats add up in a tenth of the time


def now() -> datetime:
    """Return the current instant, aware and in UTC, with microseconds."""
    zero = _zero
    return _machine_now() if zero is None else zero + timedelta(seconds=time.monotonic())


def seconds() -> float:
    """Return the current instant in seconds since 1970."""
    zero = _zero_seconds
    return now().timestamp() if zero is None else zero + time.monotonic()


def follow_database(through: BaseDatabaseWrapper | None = None) -> None:
    """Look at the database's clock, and go by it from now on. Cheap: meant to be called a few times a second.

    `through`: another connection than this thread's own.
    """
    asked = time.monotonic()
    with (through or connection).cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        instant: datetime = cursor.fetchone()[0]
    follow(instant, asked, time.monotonic())


def follow(instant: datetime, asked: float, answered: float) -> None:
    """Go by `instant`, which was read somewhere between two readings of the monotonic clock.

    What is gone by already is kept unless it must be wrong: a slow answer tells too little to correct anything by.
    """
    global _zero, _zero_seconds
    doubt = timedelta(seconds=(answered - asked) / 2) + TOLERANCE
    zero = instant.astimezone(UTC) - timedelta(seconds=(asked + answered) / 2)
    if _zero is None or abs(zero - _zero) > doubt:
        _zero, _zero_seconds = zero, (zero - _EPOCH).total_seconds()


def _machine_now() -> datetime:
    if _wrong_by is None:
        return datetime.now(UTC)
    return datetime.now(UTC) + timedelta(seconds=float(Path(_wrong_by).read_text()))
