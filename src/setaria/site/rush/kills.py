"""Troubles in the middle of a rush, at moments that follow from the seed: parts that are killed, or started anew.

`setaria rush --kills`, `--restarts` and `setaria faults` all plan and work off their troubles here.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from random import Random

from setaria.site.rush.instance import Instance
from setaria.site.supervisor import RENEW_SIGNAL

PARTS = ("web", "postgres", "worker")
RESTART = "rolling restart"

# Makes a trouble; False where it cannot be made yet, and is to be tried again.
Action = Callable[[], bool]


def kills_at(count: int, seed: int, seconds: float) -> list[tuple[float, str]]:
    """Return (seconds after opening, part) for each kill, in order, spread over the arrivals."""
    random = Random(seed + 2)
    at = sorted(seconds * (0.05 + 0.85 * (number + random.random()) / max(1, count)) for number in range(count))
    first = random.randrange(len(PARTS))
    return [(moment, PARTS[(first + number) % len(PARTS)]) for number, moment in enumerate(at)]


def restarts_at(count: int, seconds: float) -> list[tuple[float, str]]:
    """Return (seconds after opening, RESTART), spread over the middle of the arrivals."""
    return [(seconds * (0.2 + 0.6 * (number + 0.5) / count), RESTART) for number in range(count)]


def actions(instance: Instance, seed: int) -> dict[str, Action]:
    """Return what can be done to an instance of our own, by name; of several processes of a part, one by chance."""
    random = Random(seed + 3)
    found = {part: lambda part=part: kill(instance.parts(part), random) for part in PARTS}
    return {**found, RESTART: lambda: _renew(instance)}


def kill(pids: list[int], random: Random) -> bool:
    """Kill one of these processes; False where there is none: it is just being started again."""
    if not pids:
        return False
    with suppress(ProcessLookupError):
        os.kill(random.choice(pids), signal.SIGKILL)
    return True


def _renew(instance: Instance) -> bool:
    if instance.pid is not None:
        os.kill(instance.pid, RENEW_SIGNAL)
    return True


class Troubles:
    """Makes what is due."""

    def __init__(self, planned: list[tuple[float, str]], known: Mapping[str, Action], opens_at: float) -> None:
        """`planned`: (seconds after opening, name of the action)."""
        self._planned = sorted(planned)
        self._actions = known
        self._opens_at = opens_at
        self.done: list[tuple[float, str]] = []

    def look(self) -> None:
        """Make the next trouble if its moment has come."""
        after = time.time() - self._opens_at
        if self._planned and self._planned[0][0] <= after and self._actions[self._planned[0][1]]():
            self.done.append((round(after, 2), self._planned.pop(0)[1]))
