"""May this member order in this drop? Yes comes as a pass, no as a code."""

from datetime import datetime

import msgspec
from django.conf import settings

from setaria.kernel.ids import new_id
from setaria.people.members.models import Member
from setaria.trade.drops import passes
from setaria.trade.drops.models import Drop


class NotAdmitted(msgspec.Struct, frozen=True):
    """No pass, and why: a stable code."""

    code: str


def admit(drop: Drop, member: Member, at: datetime) -> str | NotAdmitted:
    """Give a member leave to order once more in `drop`: a pass under a new order id.

    Any number may be asked for. How many units a customer gets is the door's business, by claims, not by passes.
    """
    match drop.admission:
        case Drop.Admission.OPEN:
            return _pass(drop, member, at)
        case _:
            return NotAdmitted("NOT_ADMITTED")


def _pass(drop: Drop, member: Member, at: datetime) -> str:
    return passes.issue(passes.key_from(settings.SECRET_KEY), member.pk, drop.pk, new_id(), at)
