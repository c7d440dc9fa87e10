"""Wishes: products one would like to find again."""

from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from setaria.trade.baskets.keep import Owner, locked
from setaria.trade.baskets.models import Wish
from setaria.trade.baskets.rules import Full

WISHES_MAX = 200


def wish(owner: Owner, product_id: int, *, now: datetime) -> UUID:
    """Remember a product; once is enough. Return the basket's id, which an anonymous owner must keep; raises Full."""
    with locked(owner, now) as (basket_id, _lines):
        wished = set(Wish.objects.filter(basket=basket_id).values_list("product_id", flat=True))
        if product_id not in wished:
            if len(wished) >= WISHES_MAX:
                raise Full
            Wish.objects.create(basket_id=basket_id, product_id=product_id, put_at=now)
        return basket_id


def unwish(owner: Owner, product_id: int) -> None:
    """Forget a wish."""
    wishes_of(owner).filter(product_id=product_id).delete()


def wishes_of(owner: Owner) -> QuerySet[Wish]:
    """Return the owner's wishes, the latest first."""
    if owner.member_id is not None:
        return Wish.objects.filter(basket__member=owner.member_id)
    return Wish.objects.filter(basket=owner.basket_id, basket__member=None) if owner.basket_id else Wish.objects.none()
