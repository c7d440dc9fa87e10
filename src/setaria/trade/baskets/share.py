"""Sharing a basket by a link: a copy of its lines, which ends by itself or when its maker says so."""

from datetime import datetime, timedelta
from uuid import UUID

from setaria.kernel import seals
from setaria.kernel.ids import new_id
from setaria.kernel.seals import BadSeal, Seal
from setaria.trade.baskets.keep import Owner, locked
from setaria.trade.baskets.models import Share
from setaria.trade.baskets.rules import Full

SHARES_MAX = 10  # living ones of a basket
SHARED_FOR = timedelta(days=30)

_SEAL = Seal(">16s")


class Empty(Exception):
    """There is nothing in the basket to share."""


def key_from(secret: str) -> bytes:
    """Derive the key of the links from the installation's secret."""
    return seals.key_from(secret, "setaria.baskets.share.v1")


def share(owner: Owner, *, now: datetime) -> UUID:
    """Copy the basket as it is; later changes do not show in the copy. Raises Empty, or Full with `SHARES_MAX` living."""
    with locked(owner, now) as (basket_id, kept):
        lines = [[line.variant_id, line.quantity] for line in kept.values() if not line.later]
        if not lines:
            raise Empty
        if Share.objects.filter(basket=basket_id, ends_at__gt=now).count() >= SHARES_MAX:
            raise Full
        ends_at = now + SHARED_FOR
        made = Share.objects.create(pk=new_id(), basket_id=basket_id, lines=lines, made_at=now, ends_at=ends_at)
        return made.pk


def revoke(owner: Owner, share_id: UUID) -> bool:
    """End a link of one's own at once; False when there is none such."""
    mine = Share.objects.filter(pk=share_id)
    if owner.member_id is not None:
        mine = mine.filter(basket__member=owner.member_id)
    elif owner.basket_id is not None:
        mine = mine.filter(basket=owner.basket_id, basket__member=None)
    else:
        return False
    return bool(mine.delete()[0])


def token_of(key: bytes, share_id: UUID) -> str:
    """Return what stands in the link: nobody can make one up, and it tells nothing."""
    return _SEAL.close(key, share_id.bytes)


def shared(key: bytes, token: str, now: datetime) -> Share | None:
    """Return the living share a link names; None for one that ended, was taken back or never was."""
    try:
        (raw,) = _SEAL.open(key, token)
    except BadSeal:
        return None
    return Share.objects.filter(pk=UUID(bytes=raw), ends_at__gt=now).first()
