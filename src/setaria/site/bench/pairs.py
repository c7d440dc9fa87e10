"""Ratios of two rates, measured in turn so that what drifts drifts under both."""

from __future__ import annotations

import statistics
from collections.abc import Callable

import msgspec

from setaria.site.bench.load import Measured

Measure = Callable[[], Measured]


class Outcome(msgspec.Struct, frozen=True):
    """A goal and what was measured. `above` and `below` are the two rates' medians, per second."""

    name: str
    goal: float
    ratio: float
    ratio_min: float
    ratio_max: float
    above: float
    below: float
    above_p50_ms: float
    above_p99_ms: float
    pairs: int
    refused_or_lost: int  # answers other than 200 and 201 on either side
    cpu_us: dict[str, float]  # of the side above, per answer

    @property
    def reached(self) -> bool:
        """Whether the median reaches the goal."""
        return self.ratio >= self.goal


def compare(name: str, goal: float, above: Measure, below: Measure, pairs: int, tick: Callable[[], None]) -> Outcome:
    """Measure both sides `pairs` times, each pair the other way round than the last; `tick` after each sample."""
    ratios: list[float] = []
    ups: list[Measured] = []
    downs: list[Measured] = []
    for number in range(pairs):
        for measure, found in ((above, ups), (below, downs))[:: 1 if number % 2 == 0 else -1]:
            found.append(measure())
            tick()
        ratios.append(ups[-1].per_second / max(1e-9, downs[-1].per_second))
    return Outcome(
        name=name,
        goal=goal,
        ratio=round(statistics.median(ratios), 3),
        ratio_min=round(min(ratios), 3),
        ratio_max=round(max(ratios), 3),
        above=round(statistics.median(m.per_second for m in ups), 1),
        below=round(statistics.median(m.per_second for m in downs), 1),
        above_p50_ms=round(statistics.median(m.p50_ms for m in ups), 2),
        above_p99_ms=round(statistics.median(m.p99_ms for m in ups), 2),
        pairs=pairs,
        refused_or_lost=sum(sum(m.others.values()) for m in ups + downs),
        cpu_us={name: round(statistics.median(m.cpu_us_each[name] for m in ups), 1) for name in ups[0].cpu_us_each},
    )
