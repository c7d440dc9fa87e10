"""A member's addresses: `remember` one, `forget` one, `prefer` one."""

from datetime import datetime

from django.db import transaction

from setaria.kernel.pipeline import Value
from setaria.kernel.questions import Question, ask
from setaria.people.members.models import Address, Member

ADDRESSES_MAX = 20
PARTS = ("recipient", "phone", "country", "region", "city", "street", "postcode")

_LOCK = "SELECT FROM members_member WHERE id = %(member)s FOR NO KEY UPDATE"  # two orders at once keep one address
_COLUMNS = ", ".join(PARTS)
_REMEMBER = f"""
    WITH known AS (
        UPDATE members_address SET used_at = %(now)s
        WHERE member_id = %(member)s AND {" AND ".join(f"{part} = %({part})s" for part in PARTS)} RETURNING id
    ), added AS (
        INSERT INTO members_address (member_id, {_COLUMNS}, usual, used_at)
        SELECT %(member)s, {", ".join(f"%({part})s" for part in PARTS)}, false, %(now)s
        WHERE NOT EXISTS (SELECT FROM known) RETURNING id
    )
    DELETE FROM members_address
    WHERE EXISTS (SELECT FROM added) AND id IN (
        SELECT id FROM members_address WHERE member_id = %(member)s
        ORDER BY usual DESC, used_at DESC, id DESC OFFSET {ADDRESSES_MAX - 1}
    )
"""


def remember(member_id: int, *, now: datetime, **to: str) -> None:
    """Keep an address as the one used last, as `remembering` says."""
    ask(*remembering(member_id, now=now, **to))


def remembering(member_id: int, *, now: datetime, **to: str) -> list[Question]:
    """Keep an address as the one used last; one that is known already is not kept twice.

    Of more than `ADDRESSES_MAX` the one not used for longest is forgotten, but never the usual one. To be asked together.
    """
    about: dict[str, Value] = {**dict.fromkeys(PARTS, ""), **to, "member": member_id, "now": now}
    return [Question(_LOCK, about), Question(_REMEMBER, about)]


def change(member_id: int, address_id: int, *, now: datetime, **to: str) -> bool:
    """Have one of a member's own addresses be another; False when there is none such. One that is known is not kept twice."""
    with transaction.atomic():
        Member.objects.select_for_update(no_key=True).get(pk=member_id)  # as who remembers one
        own = Address.objects.filter(member_id=member_id)
        one = own.filter(pk=address_id).first()
        if one is None:
            return False
        same = own.filter(**to).exclude(pk=address_id)
        usual = one.usual or same.filter(usual=True).exists()
        same.delete()
        own.filter(pk=address_id).update(**to, used_at=now, usual=usual)
    return True


def forget(member_id: int, address_id: int) -> bool:
    """Forget one of a member's own addresses; False when there is none such."""
    deleted, _ = Address.objects.filter(pk=address_id, member_id=member_id).delete()
    return bool(deleted)


def prefer(member_id: int, address_id: int) -> bool:
    """Make one of a member's own addresses the one offered first; False when there is none such."""
    with transaction.atomic():
        Member.objects.select_for_update(no_key=True).get(pk=member_id)  # two choices at once leave one
        own = Address.objects.filter(member_id=member_id)
        if not own.filter(pk=address_id).exists():
            return False
        own.filter(usual=True).update(usual=False)
        return bool(own.filter(pk=address_id).update(usual=True))
