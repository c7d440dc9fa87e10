"""Signing in: what was kept without an account becomes the account's, once."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from setaria.kernel.ids import new_id
from setaria.trade.baskets import rules
from setaria.trade.baskets.keep import lines_in, write
from setaria.trade.baskets.models import Basket, Wish
from setaria.trade.baskets.wishes import WISHES_MAX


@transaction.atomic
def merge(basket_id: UUID, member_id: int, *, now: datetime) -> int:
    """Join an anonymous basket, its wishes and its links into the member's; return how many lines found no room.

    The anonymous basket ends with it, so signing in twice at once, or again, adds nothing.
    """
    if not Basket.objects.filter(pk=basket_id, member=None).exists():
        return 0
    Basket.objects.bulk_create([Basket(pk=new_id(), member_id=member_id, touched_at=now)], ignore_conflicts=True)
    both = Basket.objects.select_for_update().filter(Q(pk=basket_id, member=None) | Q(member=member_id)).order_by("pk")
    found = {basket.member_id: basket for basket in both}
    brought, own = found.get(None), found[member_id]
    if brought is None:  # another window signed in first
        return 0
    before = lines_in(own.pk)
    after, left_out = rules.merged(before, lines_in(brought.pk))
    write(own.pk, before, after)
    wished = list(own.wishes.values_list("product_id", flat=True))
    more = [
        Wish(basket=own, product_id=wish.product_id, put_at=wish.put_at)
        for wish in brought.wishes.all() if wish.product_id not in wished
    ]  # fmt: skip
    Wish.objects.bulk_create(more[: max(0, WISHES_MAX - len(wished))])
    brought.shares.update(basket=own)
    own.touched_at = now
    own.save(update_fields=["touched_at"])
    brought.delete()
    return left_out
