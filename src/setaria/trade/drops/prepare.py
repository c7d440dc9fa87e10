"""A drop's beginning and end: made with everything it needs, and cleared up when it is over."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
from django.db import transaction
from django.db.models import F

from setaria.goods.inventory import move
from setaria.goods.inventory.models import Account, Location, Source
from setaria.goods.pricing.price import LEAD, set_price
from setaria.kernel.ids import new_id
from setaria.markets.models import Channel
from setaria.trade.drops.models import Drop, DropItem
from setaria.trade.orders.models import Order, Status

# Unpaid orders live past the closing by their payment window; this much later nothing is held any more.
FINISH_GRACE = timedelta(seconds=60)


class Item(msgspec.Struct, frozen=True):
    """One item of a drop: so many units set aside, so many for each customer, and its price if lowered."""

    variant_id: int
    units: int
    limit_per_customer: int = 1
    amount: int | None = None


@transaction.atomic
def prepare(
    slug: str,
    *,
    name: dict[str, str],
    line: dict[str, str],
    channel: Channel,
    opens_at: datetime,
    closes_at: datetime,
    items: Sequence[Item],
    now: datetime,
    payment_seconds: int = 900,
    admission: Drop.Admission = Drop.Admission.OPEN,
) -> Drop:
    """Make a drop: its pool, funded from the channel's warehouse, its items, and its prices for its time.

    Raises `move.NotEnough` when the warehouse cannot fund it; then nothing is made. A drop that opens at once sells at
    the ordinary price for its first moment (`pricing.price.LEAD`).
    """
    warehouse = Source.objects.select_related("location").get(channel=channel).location
    pool = Location.objects.create(
        code=f"pool-{slug}", name=name, kind=Location.Kind.POOL, market_id=channel.market_id, parent=warehouse
    )
    drop = Drop.objects.create(
        slug=slug, name=name, line=line, channel=channel, pool=pool, opens_at=opens_at, closes_at=closes_at,
        payment_seconds=payment_seconds, admission=admission,
    )  # fmt: skip
    DropItem.objects.bulk_create(
        DropItem(drop=drop, variant_id=i.variant_id, limit_per_customer=i.limit_per_customer, position=position)
        for position, i in enumerate(items)
    )
    funds = [move.Units(i.variant_id, i.units) for i in items if i.units]
    if funds:  # a programme's units arrive later
        move.transfer(new_id(), warehouse.id, pool.id, funds, now=now)
    for item in items:
        if item.amount is not None:
            since = max(opens_at, now + LEAD)
            set_price(item.variant_id, channel.market_id, item.amount, since=since, until=closes_at, now=now)
    return drop


def finish(now: datetime) -> list[str]:
    """Send what is left in the pools of drops that are over back to their warehouses; return their slugs.

    A drop is over once it has closed and nobody can still pay for an order in it: the time for that has passed, and
    the last unpaid order has expired.
    """
    closed = Drop.objects.filter(finished_at=None, closes_at__lt=now).select_related("pool")
    over = [d for d in closed if d.closes_at + timedelta(seconds=d.payment_seconds) + FINISH_GRACE < now]
    return [drop.slug for drop in over if not _awaits_payment(drop) and _finish(drop, now)]


def _awaits_payment(drop: Drop) -> bool:
    # Units that such an order lets go after the pool was cleared would stay in it for ever.
    return Order.objects.filter(drop_id=drop.pk, status=Status.PLACED).exists()


def withdraw(drop: Drop, *, now: datetime) -> bool:
    """Take a drop back before it opens: it never will, and its units are in the warehouse again; False if it was so.

    Raises ValueError for one that has opened: people may hold its units.
    """
    if drop.opens_at <= now:
        raise ValueError(f"{drop.slug} has opened.")
    return _finish(drop, now)


@transaction.atomic
def _finish(drop: Drop, now: datetime) -> bool:
    if not Drop.objects.filter(pk=drop.pk, finished_at=None).update(finished_at=now):
        return False
    pool = drop.pool
    left = Account.objects.filter(location=pool, on_hand__gt=F("held")).values_list(
        "variant_id", F("on_hand") - F("held")
    )
    units = [move.Units(variant, free) for variant, free in left]
    if units and pool.parent_id is not None:
        move.transfer(new_id(), pool.id, pool.parent_id, units, now=now)
    return True
