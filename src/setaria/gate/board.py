"""What the gate knows by heart: the drops of the day, refreshed outside of any request.

Everything here is a hint that saves a trip to the database; the door decides. The one thing answered from memory
alone is a sell-out, and only when it is committed: `free` was 0 in a snapshot that also lists every order made for
the item up to then. An order made later needs stock that came back: whichever process made it has said so (`sales`)
before its buyer could repeat it, and the snapshot is not used any more. Nor is one that is seconds old: while the board
cannot be read (or is read slowly), the door decides.
"""

import time
from array import array
from bisect import bisect_left
from datetime import datetime
from uuid import UUID

import msgspec
from django.db import transaction

from setaria.gate.sales import LastSales
from setaria.kernel.clock import follow_database
from setaria.kernel.questions import Question, ask
from setaria.trade.guard import judge

REFRESH_SECONDS = 0.2
# A snapshot that could not be renewed for so long tells nobody "sold out" any more: units may have come back meanwhile.
FRESH_SECONDS = 3.0


class ItemState(msgspec.Struct):
    """An item of a drop as last seen: `free` units, the price now, and while sold out the orders made for it."""

    variant_id: int
    sku: str
    limit: int
    amount: int | None
    free: int
    version: int  # changes with every change of the stock account
    made: "array[int] | None" = None
    read_at: float = 0.0  # `time.monotonic` before the snapshot was taken

    def refuses(self, order_id: UUID, sales: LastSales) -> bool:
        """Whether an order for this item can be refused as sold out without asking the door.

        An order that was made before must get its first answer, so ids that may be known are let through, and all
        when there may have been a sale since the snapshot.
        """
        made = self.made
        if made is None or sales.seconds_since(self.read_at) > FRESH_SECONDS:
            return False
        if sales.any_since(self.variant_id, self.read_at):
            return False
        mark = _mark(order_id)
        at = bisect_left(made, mark)
        return at == len(made) or made[at] != mark


class DropState(msgspec.Struct):
    """A drop as last seen."""

    id: int
    slug: str
    channel_id: int
    currency: str
    time_zone: str
    opens_at: datetime
    closes_at: datetime
    payment_seconds: int
    late_seconds: int = 0  # so long after the opening those come in who come later
    judgement: str = ""  # changes when it is told anew who that is
    late: frozenset[int] = frozenset()
    items: dict[str, ItemState] = {}
    opens_seconds: float = 0.0  # since 1970

    def __post_init__(self) -> None:
        self.opens_seconds = self.opens_at.timestamp()

    def late_for(self, customer_id: int, seconds: float) -> float:
        """How many seconds this customer's orders are not taken yet; 0 for nearly everybody."""
        if customer_id not in self.late:
            return 0.0
        return max(0.0, self.opens_seconds + self.late_seconds - seconds)


def _mark(order_id: UUID) -> int:
    # The low 64 bits of a UUIDv7 are random; two orders sharing them only costs a needless look-up.
    return order_id.int & 0xFFFF_FFFF_FFFF_FFFF


_SNAPSHOT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
# Nobody comes to the gate for a programme's orders: they are made from its places.
_DROPS = """
    SELECT d.id, d.slug, d.channel_id, m.currency, m.time_zone, d.opens_at, d.closes_at, d.payment_seconds,
           coalesce(g.later_seconds, 0),
           CASE WHEN g.judged_at IS NOT NULL AND now() < d.opens_at + g.later_seconds * interval '1 second' THEN
           g.judged_at::text || (SELECT count(*) FROM guard_pardon AS p WHERE p.drop_id = d.id) ELSE '' END
    FROM drops_drop AS d
    JOIN markets_channel AS c ON c.id = d.channel_id
    JOIN markets_market AS m ON m.id = c.market_id
    LEFT JOIN guard_policy AS g ON g.drop_id = d.id
    WHERE d.finished_at IS NULL AND d.admission <> 'places' ORDER BY d.id
"""
# The price an item has now, or will have at the opening.
_ITEMS = """
    SELECT d.slug, v.id, v.sku, i.limit_per_customer, p.amount, coalesce(a.on_hand - a.held, 0),
           coalesce(a.xmin::text::bigint, 0)
    FROM drops_drop AS d
    JOIN markets_channel AS c ON c.id = d.channel_id
    JOIN drops_dropitem AS i ON i.drop_id = d.id
    JOIN catalog_variant AS v ON v.id = i.variant_id
    LEFT JOIN inventory_account AS a ON a.variant_id = v.id AND a.location_id = d.pool_id
    LEFT JOIN pricing_price AS p
        ON p.variant_id = v.id AND p.market_id = c.market_id AND p.valid @> greatest(now(), d.opens_at)
    WHERE d.finished_at IS NULL AND d.admission <> 'places' ORDER BY d.id, i.position
"""
_MADE = """
    SELECT DISTINCT o.id FROM orders_order AS o JOIN orders_line AS l ON l.order_id = o.id
    WHERE o.drop_id = %(drop)s AND l.variant_id = %(variant)s
"""


def read(before: dict[str, DropState]) -> dict[str, DropState]:
    """Read all drops that are not finished, by slug, in one snapshot; `before` saves re-reading what is still so.

    Looks at the database's clock as well, by which the gate opens.
    """
    follow_database()
    read_at = time.monotonic()
    with transaction.atomic():
        _, found, items = ask(Question(_SNAPSHOT, {}), Question(_DROPS, {}), Question(_ITEMS, {}))
        drops = {row[1]: DropState(*row) for row in found}
        for drop in drops.values():
            drop.late = _late(drop, before.get(drop.slug))
        for slug, *fields in items:
            item = ItemState(*fields)
            drops[slug].items[item.sku] = item
            item.read_at = read_at
            if item.free == 0:
                item.made = _made(drops[slug], item, before.get(slug))
    return drops


def _late(drop: DropState, before: DropState | None) -> frozenset[int]:
    if not drop.judgement:
        return frozenset()
    if before is not None and before.judgement == drop.judgement:
        return before.late
    return judge.late(drop.id)


def _made(drop: DropState, item: ItemState, before: DropState | None) -> "array[int]":
    earlier = before.items.get(item.sku) if before is not None else None
    if earlier is not None and earlier.made is not None and earlier.version == item.version:
        return earlier.made
    [made] = ask(Question(_MADE, {"drop": drop.id, "variant": item.variant_id}))
    return array("Q", sorted(_mark(row[0]) for row in made))
