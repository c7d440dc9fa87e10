"""What a web process says of itself with each pulse: counters since its start, and what waits."""

from typing import Any

from prometheus_client import Counter, Histogram

from setaria.gate.answers import TOLD
from setaria.gate.committer import Committer
from setaria.gate.metrics import BATCH_SECONDS, NOTIFICATIONS, ORDERS, PAGES


class Word:
    """Collects it. `batch_seconds` is the mean of the batches since the last time."""

    def __init__(self, *committers: Committer[Any, Any]) -> None:
        self._committers = committers
        self._batches = (0.0, 0.0)  # how many, seconds in all

    def __call__(self, screens: int) -> dict[str, Any]:
        """Say it."""
        depths = [committer.depth for committer in self._committers]
        counters = {f"refused {code}": n for code, n in list(TOLD.items())}
        for kind, counter in (("order", ORDERS), ("payment", NOTIFICATIONS), ("page", PAGES)):
            counters |= {f"{kind} {name}": n for name, n in _by_label(counter).items()}
        batches, before = _batches(BATCH_SECONDS), self._batches
        self._batches = batches
        new = batches[0] - before[0]
        return {
            "counters": counters,
            "waiting": sum(waiting for waiting, _ in depths),
            "room": sum(room for _, room in depths),
            "batch_seconds": round((batches[1] - before[1]) / new, 4) if new else 0.0,
            "screens": screens,
        }


def _by_label(counter: Counter) -> dict[str, int]:
    return {
        next(iter(sample.labels.values())): int(sample.value)
        for metric in counter.collect()
        for sample in metric.samples
        if sample.name.endswith("_total")
    }


def _batches(histogram: Histogram) -> tuple[float, float]:
    samples = [sample for metric in histogram.collect() for sample in metric.samples]
    return (
        sum(s.value for s in samples if s.name.endswith("_count")),
        sum(s.value for s in samples if s.name.endswith("_sum")),
    )
