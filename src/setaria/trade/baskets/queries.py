"""What somebody keeps. Reads only."""

from datetime import datetime

from django.db.models import Q, QuerySet

from setaria.kernel.pipeline import Value
from setaria.kernel.questions import Question, ask, rows_of
from setaria.trade.baskets.keep import Owner
from setaria.trade.baskets.models import Line, Share

_MINE = "basket_id = (SELECT id FROM baskets_basket WHERE {whose})"
_SKUS = """
    SELECT variant.sku, line.quantity FROM baskets_line AS line
    JOIN catalog_variant AS variant ON variant.id = line.variant_id
    WHERE {mine} AND NOT line.later ORDER BY line.put_at, line.variant_id
"""
_UNITS = "SELECT coalesce(sum(quantity), 0)::int FROM baskets_line WHERE {mine} AND NOT later"


def lines_of(owner: Owner) -> list[Line]:
    """Return the owner's lines, those saved for later among them, in the order they were put in; one query."""
    if owner.nobody:
        return []
    mine, about = _mine(owner)
    [found] = ask(rows_of(Line, f"WHERE {mine} ORDER BY put_at, variant_id", about))
    return found


def skus_of(owner: Owner) -> list[tuple[str, int]]:
    """Return how many of which SKU are in the basket, without what is saved for later; one query."""
    if owner.nobody:
        return []
    mine, about = _mine(owner)
    [found] = ask(Question(_SKUS.format(mine=mine), about))
    return found


def units_of(owner: Owner) -> int:
    """Return how many units are in the basket; one query, none for who has no basket."""
    if owner.nobody:
        return 0
    mine, about = _mine(owner)
    [[(units,)]] = ask(Question(_UNITS.format(mine=mine), about))
    return int(units)


def shares_of(owner: Owner, now: datetime) -> QuerySet[Share]:
    """Return the owner's living links, the latest first."""
    return Share.objects.filter(_theirs(owner), ends_at__gt=now) if not owner.nobody else Share.objects.none()


def _mine(owner: Owner) -> tuple[str, dict[str, Value]]:
    if owner.member_id is not None:
        return _MINE.format(whose="member_id = %(member)s"), {"member": owner.member_id}
    assert owner.basket_id is not None
    return _MINE.format(whose="id = %(basket)s AND member_id IS NULL"), {"basket": owner.basket_id}


def _theirs(owner: Owner) -> Q:
    if owner.member_id is not None:
        return Q(basket__member=owner.member_id)
    return Q(basket=owner.basket_id, basket__member=None)
