"""Holds: units set aside for somebody (`source_id`), let go again or taken again.

First holds are written by the door itself, in one statement with the orders' lines. Each hold is resolved once:
the movement's primary key refuses a second resolution. These run inside the caller's batch.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from setaria.kernel.arrays import int4s, int8s, uuids
from setaria.kernel.batches import Batch


class Hold(msgspec.Struct, frozen=True):
    """So many units of one variant at one location, held for one source."""

    source_id: UUID
    variant_id: int
    location_id: int
    quantity: int


_LOCK = """
    SELECT variant_id, location_id, on_hand - held
    FROM inventory_account AS account
    JOIN unnest(%(variants)s, %(locations)s) AS wanted (variant_id, location_id) USING (variant_id, location_id)
    ORDER BY variant_id, location_id FOR NO KEY UPDATE OF account
"""
# The next step after the highest there is; a second resolution of the same hold would collide on the key.
_MOVE = """
    INSERT INTO inventory_movement (source_id, variant_id, location_id, step, kind, on_hand_change, held_change, at)
    SELECT h.source_id, h.variant_id, h.location_id,
           (SELECT max(step) FROM inventory_movement AS m
            WHERE m.source_id = h.source_id AND m.variant_id = h.variant_id AND m.location_id = h.location_id) + 1,
           %(kind)s, 0, h.quantity * %(sign)s, %(now)s
    FROM unnest(%(sources)s, %(variants)s, %(locations)s, %(quantities)s)
         AS h (source_id, variant_id, location_id, quantity)
"""
_BALANCE = """
    UPDATE inventory_account AS account SET held = held + change
    FROM unnest(%(variants)s, %(locations)s, %(changes)s) AS moved (variant_id, location_id, change)
    WHERE account.variant_id = moved.variant_id AND account.location_id = moved.location_id
"""

HOLD, RELEASE = 4, 5


def release(batch: Batch, holds: Sequence[Hold], now: datetime) -> None:
    """Let holds go; their units are at once for sale again."""
    if holds:
        lock(batch, holds)
        _apply(batch, holds, RELEASE, -1, now)


def hold_again(batch: Batch, holds: Sequence[Hold], now: datetime) -> None:
    """Hold units once more for sources whose earlier hold was released.

    The caller has locked the accounts and knows that the units are there; the check constraint refuses otherwise.
    """
    if holds:
        _apply(batch, holds, HOLD, 1, now)


def lock(batch: Batch, holds: Sequence[Hold]) -> dict[tuple[int, int], int]:
    """Lock the accounts of `holds` in key order; return the free units of each (variant, location)."""
    accounts = sorted({(h.variant_id, h.location_id) for h in holds})
    rows = batch.query(
        _LOCK, {"variants": int4s([v for v, _ in accounts]), "locations": int4s([place for _, place in accounts])}
    )
    return {(variant, location): units for variant, location, units in rows}


def _apply(batch: Batch, holds: Sequence[Hold], kind: int, sign: int, now: datetime) -> None:
    batch.query(
        _MOVE,
        {
            "now": now,
            "kind": kind,
            "sign": sign,
            "sources": uuids([h.source_id for h in holds]),
            "variants": int4s([h.variant_id for h in holds]),
            "locations": int4s([h.location_id for h in holds]),
            "quantities": int8s([h.quantity for h in holds]),
        },
    )
    changes: Counter[tuple[int, int]] = Counter()
    for h in holds:
        changes[h.variant_id, h.location_id] += sign * h.quantity
    accounts = sorted(changes)
    batch.query(
        _BALANCE,
        {
            "variants": int4s([v for v, _ in accounts]),
            "locations": int4s([place for _, place in accounts]),
            "changes": int8s([changes[account] for account in accounts]),
        },
    )
