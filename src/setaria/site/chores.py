"""What the worker does again and again, each chore at its own pace: looking whether there is anything to do costs, too."""

import threading
import time
from collections.abc import Callable, Sequence

import psycopg
import structlog
from django.db import Error as DjangoError
from django.db import connection

LOOK_SECONDS = 0.5  # how often a thread looks whose turn it is

log = structlog.get_logger(__name__)


class Chore:
    """Something to be done every so many seconds, by one thread."""

    def __init__(self, do: Callable[[], None], seconds: float = LOOK_SECONDS) -> None:
        """Raises ValueError for a pace quicker than anybody looks."""
        if seconds < LOOK_SECONDS:
            raise ValueError(f"A chore's turn comes every {LOOK_SECONDS} s at most, not every {seconds}.")
        self.do = do
        self._seconds = seconds
        self._due = 0.0  # by the monotonic clock

    def takes_turn(self, instant: float) -> bool:
        """Whether it is this chore's turn at an instant of the monotonic clock; the next one comes after its pace."""
        if instant < self._due:
            return False
        # A little early is in time: else two looks a shade less than a pace apart would make it one look later.
        self._due = instant + self._seconds - LOOK_SECONDS / 2
        return True


def sweep(chores: Sequence[Chore], stopped: threading.Event) -> None:
    """Do every chore whose turn it is; one that fails is logged and tried again, and keeps no other from its turn."""
    instant = time.monotonic()
    for chore in chores:
        if stopped.is_set():
            return
        if chore.takes_turn(instant):
            done(chore.do)


def sweep_until(stopped: threading.Event, chores: Sequence[Chore]) -> None:
    """Sweep until told to stop; meant for a thread of its own."""
    while not stopped.wait(LOOK_SECONDS):
        sweep(chores, stopped)


def done(do: Callable[[], None]) -> bool:
    """Do something once; say whether it worked. What went wrong is logged."""
    name = do.__name__.strip("_")
    try:
        do()
    except (psycopg.Error, DjangoError) as error:
        log.warning("chore_waits_for_database", chore=name, error=repr(error))
        connection.close()
    except Exception:
        log.exception("chore_failed", chore=name)
        connection.close()
    else:
        return True
    return False
