"""What a fan's points and the age of their account open: the coming sales with lanes, and from when each takes them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from setaria.people.members.models import Member
from setaria.trade.admission.lanes import Lane, opening_for
from setaria.trade.draws.models import Draw
from setaria.trade.preorders.models import Programme

SHOWN_MAX = 6


class Opening(msgspec.Struct, frozen=True):
    """A sale, when it opens for this member (None: never), and from how many points it would open sooner (0: never)."""

    name: dict[str, str]
    path: str
    opens_at: datetime | None
    early: bool
    better_points: int


def coming(member: Member, now: datetime) -> list[Opening]:
    """Return the sales with lanes that have not closed, soonest first; two queries."""
    programmes = Programme.objects.filter(closes_at__gt=now).order_by("opens_at")[:SHOWN_MAX]
    draws = Draw.objects.filter(closes_at__gt=now).select_related("drop").order_by("opens_at")[:SHOWN_MAX]
    found = [_opening(p.name, p.get_absolute_url(), p.lanes, p.opens_at, member) for p in programmes]
    found += [_opening(d.drop.name, d.drop.get_absolute_url(), d.lanes, d.opens_at, member) for d in draws]
    return [each for each in found if each is not None][:SHOWN_MAX]


def _opening(name: Any, path: str, raw: Sequence[Any], opens_at: datetime, member: Member) -> Opening | None:
    lanes = msgspec.convert(raw, list[Lane])
    if not any(lane.points_min or lane.joined_before for lane in lanes):
        return None  # open to everybody alike
    mine = opening_for(lanes, member.joined_at, member.fan_points)
    better = [
        lane.points_min
        for lane in lanes
        if lane.points_min > member.fan_points
        and lane.takes(member.joined_at, lane.points_min)
        and (mine is None or lane.opens_at < mine)
    ]
    last = max(lane.opens_at for lane in lanes)
    return Opening(name, path, mine, mine is not None and mine < last, min(better, default=0))
