"""Codes come from the brand: so many for a drop, so many for a member, and taken back as long as they are not spent."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count, Max, Q

from setaria.kernel.ids import new_id
from setaria.people.members.models import Member
from setaria.trade.drops.models import Drop
from setaria.trade.friendcodes.models import Allowance, Code
from setaria.trade.friendcodes.text import lookup_of, text_of

BATCH_GIFTS_MAX = 1_000

_REVOKE = """
    UPDATE friendcodes_code SET revoked_at = %s
    WHERE id = ANY (%s) AND spent_at IS NULL AND revoked_at IS NULL
"""
_LOCK = "SELECT id FROM friendcodes_code WHERE id = ANY (%s) ORDER BY id FOR NO KEY UPDATE"


class Gift(msgspec.Struct, frozen=True):
    """A member shall have so many codes for a drop that are not revoked: giving it twice gives no more."""

    customer_id: int
    codes: int


class Answer(StrEnum):
    """What became of a gift or a revocation. Stable."""

    GIVEN = "GIVEN"  # they have that many, or more
    OVER_LIMIT = "OVER_LIMIT"  # more than one member may have
    NONE_LEFT = "NONE_LEFT"  # more than the drop has codes
    UNKNOWN_CUSTOMER = "UNKNOWN_CUSTOMER"
    NOT_ALLOWED = "NOT_ALLOWED"  # the drop has no codes to give
    REVOKED = "REVOKED"  # now or before
    SPENT = "SPENT"  # too late: somebody has come in with it
    UNKNOWN_CODE = "UNKNOWN_CODE"


class CannotAllow(Exception):
    """These numbers do not fit the drop or what was given already; the text says why. Nothing was changed."""


@transaction.atomic
def allow(drop: Drop, *, codes_max: int, codes_per_member_max: int, expires_at: datetime | None = None) -> Allowance:
    """Say how many codes may be given for a drop; may be changed later, but not below what was given. Raises CannotAllow."""
    if drop.admission != Drop.Admission.CODE:
        raise CannotAllow(f"{drop} is not a drop with codes: its admission is {drop.admission}.")
    if not 1 <= codes_per_member_max <= codes_max:
        raise CannotAllow("One member must be allowed one code at least, and not more than there are.")
    Allowance.objects.select_for_update(no_key=True).filter(drop=drop).first()
    given = Code.objects.filter(drop_id=drop.pk, revoked_at=None)
    most = given.values("given_to").annotate(n=Count("pk")).aggregate(most=Max("n"))["most"] or 0
    if given.count() > codes_max or most > codes_per_member_max:
        raise CannotAllow("More codes were given already. Revoke some first.")
    values = {"codes_max": codes_max, "codes_per_member_max": codes_per_member_max, "expires_at": expires_at}
    return Allowance.objects.update_or_create(drop=drop, defaults=values)[0]


@transaction.atomic
def give(drop: Drop, gifts: Sequence[Gift], *, now: datetime) -> list[Answer]:
    """Give members codes until each has as many as their gift says; return an answer per gift, in order.

    Raises ValueError for a batch of more than `BATCH_GIFTS_MAX`.
    """
    if len(gifts) > BATCH_GIFTS_MAX:
        raise ValueError(f"A batch has at most {BATCH_GIFTS_MAX} gifts, not {len(gifts)}.")
    # The lock makes one batch at a time count what was given.
    allowance = Allowance.objects.select_for_update(no_key=True).filter(drop=drop).first()
    if allowance is None:
        return [Answer.NOT_ALLOWED] * len(gifts)
    people = set(
        Member.objects.filter(pk__in={g.customer_id for g in gifts}, is_active=True).values_list("pk", flat=True)
    )
    of_drop = Code.objects.filter(drop_id=drop.pk)
    total = of_drop.filter(revoked_at=None).count()
    rows = of_drop.filter(given_to__in=people).values("given_to")
    counted = rows.annotate(n=Count("pk", filter=Q(revoked_at=None)), last=Max("number"))
    have = {row["given_to"]: (row["n"], row["last"]) for row in counted}
    answers: list[Answer] = []
    fresh: list[Code] = []
    for gift in gifts:
        n, last = have.get(gift.customer_id, (0, 0))
        missing = max(0, gift.codes - n)
        answer = _judge(gift, allowance, gift.customer_id in people, missing, total)
        answers.append(answer)
        if answer is Answer.GIVEN and missing:
            fresh += [_code(drop.pk, gift.customer_id, last + 1 + i, now) for i in range(missing)]
            have[gift.customer_id] = (n + missing, last + missing)
            total += missing
    Code.objects.bulk_create(fresh)
    return answers


def _judge(gift: Gift, allowance: Allowance, known: bool, missing: int, total: int) -> Answer:
    if not known:
        return Answer.UNKNOWN_CUSTOMER
    if gift.codes > allowance.codes_per_member_max:
        return Answer.OVER_LIMIT
    return Answer.NONE_LEFT if total + missing > allowance.codes_max else Answer.GIVEN


def _code(drop_id: int, customer_id: int, number: int, now: datetime) -> Code:
    id = new_id()
    lookup = lookup_of(settings.SECRET_KEY, text_of(settings.SECRET_KEY, id, 0))
    return Code(
        id=id, drop_id=drop_id, given_to=customer_id, held_by=customer_id, number=number, given_at=now, lookup=lookup
    )


def revoke(ids: Sequence[UUID], *, now: datetime) -> list[Answer]:
    """Take codes back; return an answer per id, in order. What is spent stays spent."""
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute(_LOCK, [sorted(set(ids))])
        _take_back(sorted(set(ids)), now)
        found = Code.objects.in_bulk(list(set(ids)))
    return [_revoked(found.get(id)) for id in ids]


def _take_back(ids: list[UUID], now: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_REVOKE, [now, ids])


def _revoked(code: Code | None) -> Answer:
    if code is None:
        return Answer.UNKNOWN_CODE
    return Answer.REVOKED if code.revoked_at is not None else Answer.SPENT
