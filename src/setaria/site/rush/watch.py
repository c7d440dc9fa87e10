"""What is watched while an instance is under pressure: its pages, its memory, the lengths it tells of."""

from __future__ import annotations

import threading
import time
from array import array
from collections import Counter
from contextlib import suppress
from pathlib import Path

import httpx
import msgspec
from prometheus_client.parser import text_string_to_metric_families

from setaria.site.rush import processes
from setaria.site.rush.instance import Instance
from setaria.site.rush.report import Latency, latency

PAGE_SECONDS = 0.25
LOOK_SECONDS = 0.5
ANSWER_SECONDS_MAX = 15.0
LENGTHS = ("setaria_gate_waiting", "setaria_gate_room", "setaria_pages_busy")
PULSE = "setaria_gate_loop_seconds"


class Watched(msgspec.Struct, frozen=True):
    """What was seen. Memory in MB; for the whole instance what its processes share counts once."""

    pages: dict[str, int]  # answers by status; "none" where there was none
    pages_ms: Latency | None
    memory_mb_before: float
    memory_mb_peak: float
    memory_mb_after: float
    gate_mb_first_half: float  # the web process alone, at most
    gate_mb_second_half: float
    processor_wait_share: float  # of the time, that the web process's busiest thread was ready to run and could not
    lengths_max: dict[str, float]
    room_min: float
    # Quarter, half, nine tenths, ninety-nine hundredths of looks found the event loop's turn at most this long, in ms.
    turn_ms: dict[str, float]


class Watch:
    """Watches an instance from `with` to its end."""

    def __init__(self, instance: Instance, pages: list[str]) -> None:
        self._url, self._pid, self._pages = instance.url, instance.pid, pages
        self._gate = family(instance.part("web"))
        self._ended = threading.Event()
        self._answers: Counter[str] = Counter()
        self._ms = array("d")
        self._lengths: dict[str, float] = {}
        self._room_min = float("inf")
        self._memory: list[float] = []
        self._gate_memory: list[float] = []
        self._threads = [threading.Thread(target=self._visit), threading.Thread(target=self._look)]

    def __enter__(self) -> Watch:
        """Begin."""
        self._remember()
        self._turns = self._measure()
        self._began, self._waited = time.monotonic(), waited_seconds(self._gate)
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End."""
        seconds = time.monotonic() - self._began
        waited = [after - self._waited.get(thread, 0.0) for thread, after in waited_seconds(self._gate).items()]
        self._waited_share = round(max(waited, default=0.0) / seconds, 3)
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def told(self) -> Watched:
        """Return what was seen, after the end."""
        after = self._measure()
        half = len(self._gate_memory) // 2
        return Watched(
            pages=dict(self._answers),
            pages_ms=latency(self._ms),
            memory_mb_before=self._memory[0],
            memory_mb_peak=max(self._memory),
            memory_mb_after=memory_mb(family(self._pid)),
            gate_mb_first_half=max(self._gate_memory[: half + 1]),
            gate_mb_second_half=max(self._gate_memory[half:]),
            processor_wait_share=self._waited_share,
            lengths_max=self._lengths,
            room_min=self._room_min,
            turn_ms=_quantiles({le: after[le] - self._turns.get(le, 0.0) for le in after}),
        )

    def _visit(self) -> None:
        with httpx.Client(base_url=self._url, timeout=ANSWER_SECONDS_MAX, follow_redirects=True) as client:
            turn = 0
            while not self._ended.wait(PAGE_SECONDS):
                began = time.perf_counter()
                try:
                    answer = client.get(self._pages[turn % len(self._pages)])
                    self._answers[str(answer.status_code)] += 1
                    self._ms.append((time.perf_counter() - began) * 1000)
                except httpx.HTTPError:
                    self._answers["none"] += 1
                turn += 1

    def _look(self) -> None:
        while not self._ended.wait(LOOK_SECONDS):
            self._remember()
            self._measure()

    def _remember(self) -> None:
        self._memory.append(memory_mb(family(self._pid)))
        self._gate_memory.append(memory_mb(self._gate))

    def _measure(self) -> dict[float, float]:
        """Note the lengths; return the event loop's turns so far, cumulative by upper bound in seconds."""
        turns: dict[float, float] = {}
        with suppress(httpx.HTTPError):
            text = httpx.get(self._url + "/metrics", timeout=ANSWER_SECONDS_MAX).text
            for family in text_string_to_metric_families(text):
                for sample in family.samples:
                    if sample.name in LENGTHS:
                        name = " ".join([sample.name.removeprefix("setaria_"), *sample.labels.values()])
                        self._lengths[name] = max(sample.value, self._lengths.get(name, 0.0))
                        if name == "gate_room orders":
                            self._room_min = min(self._room_min, sample.value)
                    elif sample.name == f"{PULSE}_bucket":
                        turns[float(sample.labels["le"])] = sample.value
        return turns


def _quantiles(cumulative: dict[float, float]) -> dict[str, float]:
    total = cumulative.get(float("inf"), 0.0)
    found = {}
    for name, share in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99)):
        bound = next((le for le in sorted(cumulative) if cumulative[le] >= share * total), float("inf"))
        found[name] = round(bound * 1000, 2)
    return found if total else {}


def family(pid: int | None) -> list[int]:
    """Return a process and all below it; nothing for nobody's."""
    return [] if pid is None else processes.family(pid)


def memory_mb(pids: list[int]) -> float:
    """Return the memory of processes, proportional shares of what they share."""
    kb = 0
    for one in pids:
        with suppress(OSError, IndexError):
            for line in Path(f"/proc/{one}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    kb += int(line.split()[1])
    return round(kb / 1024, 1)


def waited_seconds(pids: list[int]) -> dict[str, float]:
    """Return by thread how long it was ready to run and waited for a processor so far."""
    found = {}
    for pid in pids:
        for thread in Path(f"/proc/{pid}/task").glob("[0-9]*"):
            with suppress(OSError, IndexError):
                found[thread.name] = int((thread / "schedstat").read_text().split()[1]) / 1e9
    return found
