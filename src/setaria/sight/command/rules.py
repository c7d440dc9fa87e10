"""When a lamp is green, amber or red. Pure; each threshold with its unit, and why."""

from datetime import datetime, timedelta
from enum import StrEnum


class Lamp(StrEnum):
    """How something is. Pages say it in words and by shape, too, never by colour alone."""

    GOOD = "good"
    WATCH = "watch"
    BAD = "bad"


PULSE_LATE_SECONDS = 3.0  # three beats missed
PULSE_SILENT_SECONDS = 8.0  # as the log has it
WAITING_SHARE_WATCH = 0.5  # of what may wait at the door; at 1 it turns people away
BATCH_SECONDS_WATCH, BATCH_SECONDS_BAD = 0.25, 1.0  # a buyer waits for one or two batches
OVERDUE_SECONDS_WATCH, OVERDUE_SECONDS_BAD = 2.0, 15.0  # the worker looks twice a second
MESSAGES_WATCH, MESSAGES_BAD = 1_000, 100_000  # after a rush many go out for a while
CONNECTIONS_SHARE_WATCH, CONNECTIONS_SHARE_BAD = 0.7, 0.9
LOCK_SECONDS_WATCH, LOCK_SECONDS_BAD = 1.0, 10.0
ERRORS_SHARE_WATCH, ERRORS_SHARE_BAD = 0.001, 0.01


def grade(value: float, watch: float, bad: float) -> Lamp:
    """The lamp of a value of which less is better."""
    return Lamp.BAD if value >= bad else Lamp.WATCH if value >= watch else Lamp.GOOD


def pulse(at: datetime, now: datetime) -> Lamp:
    """The lamp of a process that last spoke at `at`."""
    return grade((now - at) / timedelta(seconds=1), PULSE_LATE_SECONDS, PULSE_SILENT_SECONDS)


def worst(*lamps: Lamp) -> Lamp:
    """The lamp that matters; good where there is none."""
    return max(lamps, key=list(Lamp).index, default=Lamp.GOOD)
