"""Leave to take a place: who gets a pass, and from when their lane lets them in."""

from datetime import datetime

import msgspec
from django.conf import settings

from setaria.kernel.ids import new_id
from setaria.people.members.models import Member
from setaria.trade.admission.admit import NotAdmitted
from setaria.trade.admission.lanes import Lane, opening_for
from setaria.trade.drops import passes
from setaria.trade.preorders.models import Programme
from setaria.trade.preorders.passes import key_from


def opening(programme: Programme, member: Member) -> datetime | None:
    """Return when the first lane opens that takes this member; None where none does."""
    lanes = msgspec.convert(programme.lanes, list[Lane])
    return opening_for(lanes, member.joined_at, member.fan_points)


def leave(programme: Programme, member: Member, at: datetime) -> str | NotAdmitted:
    """Give a member a pass to take one place, under a new id; before the opening too, so that nobody queues for it.

    Whether their lane is open, and how many places they have, `take` decides.
    """
    if opening(programme, member) is None:
        return NotAdmitted("NO_LANE")
    if programme.closes_at <= at:
        return NotAdmitted("CLOSED")
    return passes.issue(key_from(settings.SECRET_KEY), member.pk, programme.pk, new_id(), at)
