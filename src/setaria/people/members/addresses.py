"""A member's addresses: `remember` one, `forget` one, `prefer` one."""

from datetime import datetime
from typing import Any

from django.db import connection, transaction

from setaria.people.members.models import Address, Member

ADDRESSES_MAX = 20
PARTS = ("recipient", "phone", "country", "region", "city", "street", "postcode")

_LOCK = "SELECT FROM members_member WHERE id = %(member)s FOR NO KEY UPDATE"
_USED = f"""
    UPDATE members_address SET used_at = %(now)s
    WHERE member_id = %(member)s AND {" AND ".join(f"{part} = %({part})s" for part in PARTS)}
"""


def remember(member_id: int, *, now: datetime, **fields: str) -> None:
    """Keep an address as the one used last; one that is known already is not kept twice.

    Of more than `ADDRESSES_MAX` the one not used for longest is forgotten, but never the usual one.
    """
    values: dict[str, Any] = {**dict.fromkeys(PARTS, ""), **fields, "member": member_id, "now": now}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_LOCK, values)  # two orders at once keep one address
        cursor.execute(_USED, values)
        if not cursor.rowcount:
            Address.objects.create(member_id=member_id, used_at=now, **fields)
            old = (
                Address.objects.filter(member_id=member_id).order_by("-usual", "-used_at").values("pk")[ADDRESSES_MAX:]
            )
            Address.objects.filter(pk__in=list(old.values_list("pk", flat=True))).delete()


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
