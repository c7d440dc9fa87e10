"""May this member order in this drop? Yes comes as a pass, no as a code."""

from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from django.conf import settings

from setaria.kernel.ids import new_id
from setaria.people.members.models import Member
from setaria.trade.draws import offer
from setaria.trade.drops import passes
from setaria.trade.drops.models import Drop
from setaria.trade.friendcodes import spend
from setaria.trade.guard import grant
from setaria.trade.queues.turns import GRACE_SECONDS, NoTurn, turn_of


class NotAdmitted(msgspec.Struct, frozen=True):
    """No pass, and why: a stable code."""

    code: str


def admit(drop: Drop, member: Member, at: datetime) -> str | NotAdmitted:
    """Give a member leave to order in `drop`: a pass under a new order id, or under the one that is theirs.

    Where anybody may come in, any number may be asked for: how many units a customer gets is the door's business, by
    claims, not by passes. A place that was drawn, a code that was spent and a turn in a waiting room are leave to order
    once: asked again, the pass has the same order id.
    """
    match drop.admission:
        case Drop.Admission.OPEN:
            # Where robots are expected, an account has one pass at a time.
            order_id = grant.order_of(drop.pk, member.pk) if hasattr(drop, "guard_policy") else None
            return _pass(drop, member, at, order_id)
        case Drop.Admission.DRAW:
            return _drawn(drop, member, at)
        case Drop.Admission.CODE:
            return _with_code(drop, member, at)
        case Drop.Admission.QUEUE:
            return _by_turn(drop, member, at)
        case _:
            return NotAdmitted("NOT_ADMITTED")


def _drawn(drop: Drop, member: Member, at: datetime) -> str | NotAdmitted:
    leave = offer.order_of(drop.pk, member.pk, now=at)
    if leave is None:
        return NotAdmitted("NOT_DRAWN")
    return _pass(drop, member, at, leave.order_id, until=leave.until, variant_id=leave.variant_id)


def _with_code(drop: Drop, member: Member, at: datetime) -> str | NotAdmitted:
    order_id = spend.order_of(drop.pk, member.pk, now=at)
    return NotAdmitted("CODE_NEEDED") if order_id is None else _pass(drop, member, at, order_id)


def _pass(
    drop: Drop, member: Member, at: datetime, order_id: UUID | None = None, *,
    until: datetime | None = None, variant_id: int = passes.ANY_VARIANT,
) -> str:  # fmt: skip
    key = passes.key_from(settings.SECRET_KEY)
    return passes.issue(key, member.pk, drop.pk, order_id or new_id(), at, until=until, variant_id=variant_id)


def _by_turn(drop: Drop, member: Member, at: datetime) -> str | NotAdmitted:
    turn = turn_of(drop.pk, member.pk, at)
    if isinstance(turn, NoTurn):
        return NotAdmitted(turn.value)
    until = turn.offered_until + timedelta(seconds=GRACE_SECONDS)
    return _pass(drop, member, at, turn.order_id, until=until)
