"""When each item was last sold by any web process of this machine: what makes a remembered sell-out safe to tell.

Several processes sell from one stock, and each remembers sell-outs of its own (`board`). An order that another process
has placed since, from stock that came back, must not be refused here when its buyer repeats it. So whoever places an
order says so here before the buyer hears of it, and a memory older than that is not used.

Numbers in a file that the processes map into memory: noting costs a lock a batch, asking costs a look.
"""

import fcntl
import mmap
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from threading import Lock

# Items that share a slot only send each other's buyers to the door; eight bytes each.
SLOTS = 8_192


class LastSales:
    """One for each process, all over the same file; without a file it knows of this process only."""

    def __init__(self, file: Path | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock`: the same in every process of a machine, as the monotonic one is."""
        self._clock = clock
        self._lock = Lock()
        self._fd = -1 if file is None else os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
        if self._fd >= 0:
            os.ftruncate(self._fd, SLOTS * 8)
        self._sold_at = memoryview(mmap.mmap(self._fd, SLOTS * 8)).cast("d")

    def note(self, variant_ids: Iterable[int]) -> None:
        """Say that orders for these variants were committed. Call it before any of their buyers is answered."""
        with self._lock:
            if self._fd >= 0:
                fcntl.flock(self._fd, fcntl.LOCK_EX)  # else an earlier instant could be written over a later one
            instant = self._clock()
            for variant_id in variant_ids:
                self._sold_at[variant_id % SLOTS] = instant
            if self._fd >= 0:
                fcntl.flock(self._fd, fcntl.LOCK_UN)

    def seconds_since(self, instant: float) -> float:
        """Return how long ago an instant of this clock was."""
        return self._clock() - instant

    def any_since(self, variant_id: int, instant: float) -> bool:
        """Whether a sale may have been noted since `instant` (`time.monotonic`)."""
        sold_at = self._sold_at[variant_id % SLOTS]
        return sold_at >= instant and sold_at <= self._clock()  # what is later was written before the last boot
