"""What the kernel tells of processes (Linux): children, command lines, time on the processors."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def children(pid: int) -> list[int]:
    """Return the direct children of a process."""
    return [child for child, parent in _parents().items() if parent == pid]


def family(pid: int) -> list[int]:
    """Return a process and all below it."""
    parents = _parents()
    found = [pid]
    for one in found:
        found += [child for child, parent in parents.items() if parent == one]
    return found


def command(pid: int) -> list[str]:
    """Return a process's program and arguments; one empty word for a process that has ended."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text().rstrip("\0").split("\0")
    return [""]


def cpu_seconds(pids: list[int]) -> float:
    """Return the time that processes have had on processors so far, user and system together."""
    total = 0
    for pid in pids:
        with suppress(OSError):
            fields = _stat(pid)
            total += int(fields[11]) + int(fields[12])
    return total / _TICKS


def processor_ticks() -> tuple[int, int]:
    """Return all ticks of all processors so far, and how many of them a hypervisor gave to other machines."""
    with open("/proc/stat") as stat:
        ticks = [int(field) for field in stat.readline().split()[1:9]]
    return sum(ticks), ticks[7]


def _parents() -> dict[int, int]:
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            found[int(folder.name)] = int(_stat(int(folder.name))[1])
    return found


def _stat(pid: int) -> list[str]:
    """Fields from the third on; the second, the name, may hold spaces."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
