"""Ratios of two rates, measured in turn so that what drifts drifts under both; and what comes of a goal."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence

import msgspec

from setaria.site.bench.load import Measured

Measure = Callable[[], Measured]
Tick = Callable[[], None]


class Goal(msgspec.Struct, frozen=True):
    """What is wanted of a figure: at least so much, or at most. `number`: of the goal it belongs to."""

    number: int
    name: str
    wanted: float
    at_most: bool = False

    @property
    def sign(self) -> str:
        """How the figure should stand to what is wanted."""
        return "≤" if self.at_most else "≥"


class Outcome(msgspec.Struct, frozen=True):
    """A goal and what was measured: the median of so many samples, the least and the most of them."""

    goal: Goal
    measured: float
    lowest: float
    highest: float
    reached: bool
    samples: int
    told: str = ""  # the figures behind it
    cpu_us: dict[str, float] = {}  # processor time an answer, by process
    above: float = 0.0  # of a ratio of two rates: the first, a second


def judge(goal: Goal, values: Sequence[float], told: str = "", cpu_us: dict[str, float] | None = None) -> Outcome:
    """Say whether the median of `values` is what the goal wants."""
    middle = statistics.median(values)
    reached = middle <= goal.wanted if goal.at_most else middle >= goal.wanted
    return Outcome(
        goal, round(middle, 3), round(min(values), 3), round(max(values), 3), reached, len(values), told, cpu_us or {}
    )


def compare(goal: Goal, above: Measure, below: Measure, pairs: int, tick: Tick) -> Outcome:
    """Measure both sides `pairs` times, each pair the other way round than the last; `tick` after each sample."""
    ratios: list[float] = []
    ups: list[Measured] = []
    downs: list[Measured] = []
    for number in range(pairs):
        for measure, found in ((above, ups), (below, downs))[:: 1 if number % 2 == 0 else -1]:
            found.append(measure())
            tick()
        ratios.append(ups[-1].per_second / max(1e-9, downs[-1].per_second))
    up, down = (statistics.median(m.per_second for m in side) for side in (ups, downs))
    p50, p99 = (statistics.median(getattr(m, name) for m in ups) for name in ("p50_ms", "p99_ms"))
    lost = sum(sum(m.others.values()) for m in ups + downs)
    told = f"{up:,.0f} ÷ {down:,.0f} a second; p50 {p50:.1f} ms, p99 {p99:.1f} ms; {lost:,} refused or lost"
    cpu = {name: round(statistics.median(m.cpu_us_each[name] for m in ups), 1) for name in ups[0].cpu_us_each}
    return msgspec.structs.replace(judge(goal, ratios, told, cpu), above=round(up, 1))
