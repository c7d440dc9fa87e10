"""Lanes: who may come when, as data. A pure rule; the caller brings the member and the instant (R-012)."""

from collections.abc import Iterable
from datetime import datetime

import msgspec


class Lane(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From `opens_at` on, those come in whose account is old enough and who have enough points. No bound: everyone."""

    name: str
    opens_at: datetime
    joined_before: datetime | None = None
    points_min: int = 0

    def takes(self, joined_at: datetime, points: int) -> bool:
        """Whether somebody who joined then and has so many points may use this lane."""
        return points >= self.points_min and (self.joined_before is None or joined_at < self.joined_before)


def opening_for(lanes: Iterable[Lane], joined_at: datetime, points: int) -> datetime | None:
    """Return the instant from which somebody may come in by any lane; None when no lane takes them."""
    return min((lane.opens_at for lane in lanes if lane.takes(joined_at, points)), default=None)
