"""When people come: instants spread under a curve of rates."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise
from math import sqrt


def instants(count: int, curve: Sequence[tuple[float, float]], seconds: float) -> list[float]:
    """Return `count` rising instants in `[0, seconds)`, as dense as the curve is high.

    The curve's points are (share of the time, rate), joined by straight lines; rates are relative. It is the same
    every time: the crowd's chance lies in who comes, not in when. Raises ValueError for a curve without area.
    """
    points = _closed(curve)
    areas = [0.0]
    for (x0, y0), (x1, y1) in pairwise(points):
        areas.append(areas[-1] + (x1 - x0) * (y0 + y1) / 2)
    total = areas[-1]
    if total <= 0:
        raise ValueError("A curve of arrivals needs a rate above zero somewhere.")
    found = []
    for number in range(count):
        area = (number + 0.5) / count * total
        piece = min(bisect_right(areas, area), len(points) - 1) - 1
        found.append(seconds * _at(points[piece], points[piece + 1], area - areas[piece]))
    return found


def _closed(curve: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    points = [(float(x), float(y)) for x, y in curve]
    if not points or any(y < 0 for _, y in points) or any(a >= b for (a, _), (b, _) in pairwise(points)):
        raise ValueError("A curve needs points with rising shares of the time and no negative rate.")
    if points[0][0] < 0 or points[-1][0] > 1:
        raise ValueError("A curve lies between 0 and 1 of the time.")
    first = [] if points[0][0] == 0 else [(0.0, points[0][1])]
    last = [] if points[-1][0] == 1 else [(1.0, points[-1][1])]
    return first + points + last


def _at(start: tuple[float, float], end: tuple[float, float], area: float) -> float:
    """Where along a piece the area under it reaches `area`."""
    (x0, y0), (x1, y1) = start, end
    slope = (y1 - y0) / (x1 - x0)
    if abs(slope) < 1e-12:
        return x0 + area / y0
    return x0 + (sqrt(max(0.0, y0 * y0 + 2 * slope * area)) - y0) / slope
