"""Even out the pools of one warehouse: a hot product sold from several must not be sold out in one and left in another.

Units that are held stay where they are; only free ones move, by transfer, so the ledger tells where every unit went.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import F

from setaria.goods.inventory import move
from setaria.goods.inventory.models import Account, Location, Movement

POOLS_MAX = 100


def rebalance(source_id: UUID, variant_id: int, pool_ids: Sequence[int], *, now: datetime) -> dict[int, int]:
    """Spread a variant's free units evenly over pools of one warehouse; return each moved pool's change.

    The same `source_id` again moves nothing and returns the first answer; pools that are even already are left alone.
    Raises ValueError for fewer than two pools, more than `POOLS_MAX`, or pools of different warehouses.
    """
    pools = sorted(set(pool_ids))
    parents = set(Location.objects.filter(id__in=pools, kind=Location.Kind.POOL).values_list("id", "parent_id"))
    if not 2 <= len(pools) <= POOLS_MAX or len(parents) < len(pools) or len({parent for _, parent in parents}) > 1:
        raise ValueError(f"Name 2 to {POOLS_MAX} pools of one warehouse.")
    with transaction.atomic():
        move._lock([(variant_id, pool) for pool in pools])
        if earlier := _earlier(source_id, variant_id):
            return earlier
        free = _free(variant_id, pools)
        changes = {pool: n for pool, n in zip(pools, even(list(free.values())), strict=True) if n}
        for pool, change in changes.items():
            kind = Movement.Kind.TRANSFER_OUT if change < 0 else Movement.Kind.TRANSFER_IN
            move._move(source_id, pool, [(variant_id, change)], kind, now)
    return changes


def even(free: Sequence[int]) -> list[int]:
    """Return what each pool must gain or give up so that no two differ by more than one unit; the changes add to 0.

    Units that cannot be shared out go to the fullest, so that as few as possible move.
    """
    share, left = divmod(sum(free), len(free))
    fullest = sorted(range(len(free)), key=lambda number: -free[number])[:left]
    return [share + (number in fullest) - units for number, units in enumerate(free)]


def _earlier(source_id: UUID, variant_id: int) -> dict[int, int]:
    rows = Movement.objects.filter(source_id=source_id, variant_id=variant_id)
    return dict(rows.values_list("location_id", "on_hand_change"))


def _free(variant_id: int, pools: Sequence[int]) -> dict[int, int]:
    rows = Account.objects.filter(variant_id=variant_id, location_id__in=pools).order_by("location_id")
    return dict(rows.values_list("location_id", F("on_hand") - F("held")))
