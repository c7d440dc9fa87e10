"""Parts of the instance that are killed in the middle of a rush, at moments that follow from the seed."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from random import Random

from setaria.site.rush.instance import Instance

PARTS = ("web", "postgres", "worker")


def moments(count: int, seed: int, seconds: float) -> list[tuple[float, str]]:
    """Return (seconds after opening, part) for each kill, in order, spread over the arrivals."""
    random = Random(seed + 2)
    at = sorted(seconds * (0.05 + 0.85 * (number + random.random()) / max(1, count)) for number in range(count))
    first = random.randrange(len(PARTS))
    return [(moment, PARTS[(first + number) % len(PARTS)]) for number, moment in enumerate(at)]


class Killer:
    """Kills what is due. A part that is just being started again is killed as soon as it is there."""

    def __init__(self, instance: Instance, planned: list[tuple[float, str]], opens_at: float) -> None:
        self._instance = instance
        self._planned = list(planned)
        self._opens_at = opens_at
        self.done: list[tuple[float, str]] = []

    def look(self) -> None:
        """Kill the next part if its moment has come."""
        after = time.time() - self._opens_at
        if not self._planned or self._planned[0][0] > after:
            return
        part = self._planned[0][1]
        pid = self._instance.part(part)
        if pid is None:
            return
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            self.done.append((round(after, 2), part))
        self._planned.pop(0)
