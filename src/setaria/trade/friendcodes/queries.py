"""A member's codes, and how they stand. Reads only."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec
from django.conf import settings
from django.db.models import Q, QuerySet

from setaria.people.members.models import Member
from setaria.trade.drops.models import Drop
from setaria.trade.friendcodes.models import Allowance, Attempt, Code
from setaria.trade.friendcodes.text import shown, text_of
from setaria.trade.orders.models import Order, Status

SHOWN_MAX = 100


class State(StrEnum):
    """How a code stands."""

    GOOD = "good"
    PASSED_ON = "passed_on"  # in somebody else's account, and not spent
    SPENT = "spent"
    REVOKED = "revoked"
    EXPIRED = "expired"


class Held(msgspec.Struct, frozen=True):
    """A code as somebody may see it: its text only for who can spend it, of others no more than a first name."""

    id: UUID
    drop: Drop
    state: State
    text: str = ""
    by: str = ""  # who took or spent it, where that is somebody else and has a name
    by_you: bool = False
    expires_at: datetime | None = None
    tail: str = ""


class Standing(msgspec.Struct, frozen=True):
    """What codes mean for a member in a drop."""

    spent: bool  # they have come in with one
    ordered: bool  # and ordered with it; an order that came to nothing does not count
    good: list[Held]  # theirs to spend
    expires_at: datetime | None  # until when codes can be spent

    @property
    def may_order(self) -> bool:
        """Whether a pass would be good for an order."""
        return self.spent and not self.ordered


def of_member(member_id: int, now: datetime, drop: Drop | None = None) -> list[Held]:
    """Return the codes a member was given or holds, newest first, at most `SHOWN_MAX`; four queries."""
    mine = Code.objects.filter(Q(given_to=member_id) | Q(held_by=member_id))
    return _held(mine if drop is None else mine.filter(drop_id=drop.pk), member_id, now)


def of_drop(drop: Drop, now: datetime) -> Iterable[tuple[Held, Member | None]]:
    """Return a drop's codes, without their texts, with whom they were given to: for staff."""
    codes = list(Code.objects.filter(drop_id=drop.pk).order_by("given_to", "number"))
    people = Member.objects.in_bulk({code.given_to for code in codes})
    allowance = Allowance.objects.filter(drop=drop).first()
    for code in codes:
        yield _one(code, {drop.pk: drop}, {drop.pk: allowance}, people, 0, now), people.get(code.given_to)


def standing(drop: Drop, member: Member | None, now: datetime) -> Standing:
    """Return what codes mean for a member, or a stranger, in a drop."""
    allowance = Allowance.objects.filter(drop=drop).first()
    expires_at = allowance.expires_at if allowance else None
    if member is None:
        return Standing(spent=False, ordered=False, good=[], expires_at=expires_at)
    spent = Code.objects.filter(drop_id=drop.pk, spent_by=member.pk).first()
    if spent is None:
        good = [held for held in of_member(member.pk, now, drop) if held.state is State.GOOD]
        return Standing(spent=False, ordered=False, good=good, expires_at=expires_at)
    last = Attempt.objects.filter(code_id=spent.pk).order_by("-number").first()
    alive = Order.objects.filter(pk=last.order_id, status__in=(Status.PLACED, Status.PAID)) if last else None
    return Standing(spent=True, ordered=alive is not None and alive.exists(), good=[], expires_at=expires_at)


def first_name(member: Member | None) -> str:
    """Return the first word of what a member likes to be called."""
    return next(iter(member.name.split()), "") if member else ""


def _held(codes: QuerySet[Code], member_id: int, now: datetime) -> list[Held]:
    found = list(codes.order_by("-given_at", "number", "pk")[:SHOWN_MAX])
    drops = Drop.objects.in_bulk({code.drop_id for code in found})
    allowances: dict[int, Allowance | None] = dict(Allowance.objects.in_bulk(list(drops)))
    others = {id for code in found for id in (code.held_by, code.spent_by) if id is not None and id != member_id}
    people = Member.objects.in_bulk(others) if others else {}
    return [_one(code, drops, allowances, people, member_id, now) for code in found]


def _one(
    code: Code, drops: dict[int, Drop], allowances: dict[int, Allowance | None], people: dict[int, Member],
    member_id: int, now: datetime,
) -> Held:  # fmt: skip
    drop = drops[code.drop_id]
    allowance = allowances.get(drop.pk)
    expires_at = min(allowance.expires_at if allowance and allowance.expires_at else drop.closes_at, drop.closes_at)
    text = text_of(settings.SECRET_KEY, code.pk, code.turn)
    state, by = State.GOOD, None
    if code.spent_by is not None:
        state, by = State.SPENT, code.spent_by
    elif code.revoked_at is not None:
        state = State.REVOKED
    elif now >= expires_at or drop.finished_at is not None:
        state = State.EXPIRED
    elif member_id and code.held_by != member_id:
        state, by = State.PASSED_ON, code.held_by
    may_see = state is State.GOOD and code.held_by == member_id
    return Held(
        id=code.pk, drop=drop, state=state, text=shown(text) if may_see else "",
        by=first_name(people.get(by)) if by is not None and by != member_id else "", by_you=by == member_id and by is not None,
        expires_at=expires_at, tail=text[-4:],
    )  # fmt: skip
