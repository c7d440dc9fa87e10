"""Addresses that members have used: `remember` one, `forget` one."""

from datetime import datetime

from django.db import transaction

from setaria.people.members.models import Address, Member

ADDRESSES_MAX = 20


def remember(member_id: int, *, now: datetime, **fields: str) -> None:
    """Keep an address as the one used last; one that is known already is not kept twice.

    Of more than `ADDRESSES_MAX` the one not used for longest is forgotten.
    """
    with transaction.atomic():
        Member.objects.select_for_update(no_key=True).get(pk=member_id)  # two orders at once keep one address
        if not Address.objects.filter(member_id=member_id, **fields).update(used_at=now):
            Address.objects.create(member_id=member_id, used_at=now, **fields)
            old = Address.objects.filter(member_id=member_id).order_by("-used_at").values("pk")[ADDRESSES_MAX:]
            Address.objects.filter(pk__in=list(old.values_list("pk", flat=True))).delete()


def forget(member_id: int, address_id: int) -> bool:
    """Forget one of a member's own addresses; False when there is none such."""
    deleted, _ = Address.objects.filter(pk=address_id, member_id=member_id).delete()
    return bool(deleted)
