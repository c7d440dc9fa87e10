"""Shapes of the report's charts, in the units of their drawings. Pure: numbers come in, paths go out."""

from collections.abc import Sequence
from itertools import accumulate

import msgspec

WIDTH, HEIGHT = 720, 220
LEFT, RIGHT, TOP, BOTTOM = 104, 12, 12, 28  # room for the labels
TICKS_MAX = 5
HOURS = (1 / 60, 1 / 12, 0.25, 0.5, 1, 2, 3, 6, 12, 24, 48, 168)


class Tick(msgspec.Struct, frozen=True):
    """A line across the chart, and what stands beside it."""

    at: float
    value: float


class Dot(msgspec.Struct, frozen=True):
    """A milestone on the curve; its number is its row's in the table below."""

    x: float
    y: float
    number: int


class Chart(msgspec.Struct, frozen=True):
    """A curve and its axes. Across: hours since the opening. Up: minor units."""

    path: str
    behind: str
    dots: list[Dot]
    hours: list[Tick]
    amounts: list[Tick]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    floor: int = HEIGHT - BOTTOM
    top: int = TOP


def cumulated(
    paid: Sequence[int], step_minutes: int, before: Sequence[int] = (), before_step: int = 1,
    milestones: Sequence[tuple[float, int]] = (),
) -> Chart:  # fmt: skip
    """Draw running sums, those of the time before behind them, and milestones (seconds, amount) on the curve."""
    sums, others = list(accumulate(paid, initial=0)), list(accumulate(before, initial=0))
    minutes = len(paid) * step_minutes
    top = _ceiling(max([*sums, *others]))
    x, y = _scales(minutes, top)
    others = others[: minutes // before_step + 1]
    path = _line([(x(n * step_minutes), y(v)) for n, v in enumerate(sums)])
    behind = _line([(x(n * before_step), y(v)) for n, v in enumerate(others)]) if before else ""
    dots = [Dot(round(x(s / 60), 1), round(y(v), 1), n) for n, (s, v) in enumerate(milestones, start=1)]
    return Chart(path, behind, dots, _hours(minutes, x), _amounts(top, y))


def by_step(paid: Sequence[int], step_minutes: int) -> Chart:
    """Draw each step's amount as a filled outline; steps without money stand on the floor."""
    minutes = len(paid) * step_minutes
    top = _ceiling(max(paid, default=0))
    x, y = _scales(minutes, top)
    points = [(x(0), y(0))]
    for n, amount in enumerate(paid):
        points += [(x(n * step_minutes), y(amount)), (x((n + 1) * step_minutes), y(amount))]
    points.append((x(minutes), y(0)))
    return Chart(_line(points) + " Z", "", [], _hours(minutes, x), _amounts(top, y))


def share(value: int, whole: int) -> float:
    """Return a bar's length of 100."""
    return round(100 * value / whole, 1) if whole > 0 else 0.0


def _scales(minutes: int, top: int):  # type: ignore[no-untyped-def]
    wide, high = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
    return (lambda m: LEFT + wide * m / max(minutes, 1)), (lambda v: TOP + high * (1 - v / top))


def _line(points: Sequence[tuple[float, float]]) -> str:
    """Return a path without the points that lie on a level between two others."""
    kept = [
        p for n, p in enumerate(points)
        if n in (0, len(points) - 1) or not points[n - 1][1] == p[1] == points[n + 1][1]
    ]  # fmt: skip
    return "M" + " L".join(f"{x:.1f} {y:.1f}" for x, y in kept)


def _ceiling(value: int) -> int:
    """Return the next round number, in minor units: 1, 2 or 5 and noughts."""
    size = 100
    while True:
        for lead in (1, 2, 5):
            if lead * size >= value:
                return lead * size
        size *= 10


def _amounts(top: int, y) -> list[Tick]:  # type: ignore[no-untyped-def]
    return [Tick(round(y(top * n / 2), 1), top * n // 2) for n in range(3)]


def _hours(minutes: int, x) -> list[Tick]:  # type: ignore[no-untyped-def]
    step = next((hours for hours in HOURS if minutes / 60 / hours <= TICKS_MAX), HOURS[-1])
    count = int(minutes / 60 / step)
    return [Tick(round(x(n * step * 60), 1), n * step) for n in range(count + 1)]
