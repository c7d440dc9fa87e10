"""Leave to take a place: a pass as for drops, under a key of its own, so that neither passes for the other."""

import hmac
from datetime import datetime

import msgspec
from django.conf import settings

from setaria.kernel.ids import new_id
from setaria.people.members.models import Member
from setaria.trade.admission.admit import NotAdmitted
from setaria.trade.admission.lanes import Lane, opening_for
from setaria.trade.drops import passes
from setaria.trade.preorders.models import Programme


def key_from(secret: str) -> bytes:
    """Derive the signing key of places' passes from the installation's secret."""
    return hmac.digest(secret.encode(), b"setaria.preorders.pass.v1", "sha256")


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
