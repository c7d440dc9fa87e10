"""What somebody keeps. Reads only."""

from datetime import datetime

from django.db.models import Q, QuerySet, Sum

from setaria.trade.baskets.keep import Owner
from setaria.trade.baskets.models import Line, Share


def lines_of(owner: Owner) -> list[Line]:
    """Return the owner's lines with their baskets, those saved for later among them; one query."""
    return list(Line.objects.filter(_theirs(owner)).select_related("basket")) if not owner.nobody else []


def skus_of(owner: Owner) -> list[tuple[str, int]]:
    """Return how many of which SKU are in the basket, without what is saved for later; one query."""
    if owner.nobody:
        return []
    return list(Line.objects.filter(_theirs(owner), later=False).values_list("variant__sku", "quantity"))


def units_of(owner: Owner) -> int:
    """Return how many units are in the basket; one query, none for who has no basket."""
    if owner.nobody:
        return 0
    units: int | None = Line.objects.filter(_theirs(owner), later=False).aggregate(units=Sum("quantity"))["units"]
    return units or 0


def shares_of(owner: Owner, now: datetime) -> QuerySet[Share]:
    """Return the owner's living links, the latest first."""
    return Share.objects.filter(_theirs(owner), ends_at__gt=now) if not owner.nobody else Share.objects.none()


def _theirs(owner: Owner) -> Q:
    if owner.member_id is not None:
        return Q(basket__member=owner.member_id)
    return Q(basket=owner.basket_id, basket__member=None)
