"""Stock that is not held for anybody: received, transferred between locations, put right after a count."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from django.db import connection, transaction

from setaria.goods.inventory.models import Movement

K = Movement.Kind


class NotEnough(Exception):
    """Fewer free units are there than the movement would take; nothing was moved."""


class Units(msgspec.Struct, frozen=True):
    """So many of one variant."""

    variant_id: int
    quantity: int


def receive(source_id: UUID, location_id: int, units: Sequence[Units], *, now: datetime) -> None:
    """Book units that arrived at a location. The same `source_id` again raises IntegrityError."""
    _check(units)
    with transaction.atomic():
        _move(source_id, location_id, [(u.variant_id, u.quantity) for u in units], K.RECEIVE, now)


def transfer(source_id: UUID, from_id: int, to_id: int, units: Sequence[Units], *, now: datetime) -> None:
    """Move free units between locations, all or none; raises NotEnough when held units would have to go along."""
    _check(units)
    with transaction.atomic():
        # Both sides' accounts in key order, so that two transfers cannot wait for each other.
        _lock([(u.variant_id, location) for u in units for location in (from_id, to_id)])
        _move(source_id, from_id, [(u.variant_id, -u.quantity) for u in units], K.TRANSFER_OUT, now)
        _move(source_id, to_id, [(u.variant_id, u.quantity) for u in units], K.TRANSFER_IN, now)


def adjust(source_id: UUID, location_id: int, changes: Sequence[tuple[int, int]], *, now: datetime) -> None:
    """Put balances right after a count: `changes` are (variant, difference); raises NotEnough below what is held."""
    with transaction.atomic():
        _move(source_id, location_id, list(changes), K.ADJUST, now)


def lock(accounts: Sequence[tuple[int, int]]) -> None:
    """Lock (variant, location) accounts in key order, for a caller whose transaction will move units of several.

    Orders lock theirs in the same order, so nobody waits for each other in a circle.
    """
    if accounts:
        _lock(accounts)


def _check(units: Sequence[Units]) -> None:
    if any(u.quantity <= 0 for u in units) or len({u.variant_id for u in units}) < len(units):
        raise ValueError("Each variant once, with a quantity above zero.")


def _lock(accounts: Sequence[tuple[int, int]]) -> None:
    ordered = sorted(set(accounts))
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO inventory_account (variant_id, location_id, on_hand, held)
            SELECT variant_id, location_id, 0, 0 FROM unnest(%s::int[], %s::int[]) AS a (variant_id, location_id)
            ON CONFLICT DO NOTHING
            """,
            [[a[0] for a in ordered], [a[1] for a in ordered]],
        )
        cursor.execute(
            """
            SELECT 1 FROM inventory_account
            JOIN unnest(%s::int[], %s::int[]) AS a (variant_id, location_id) USING (variant_id, location_id)
            ORDER BY variant_id, location_id FOR NO KEY UPDATE OF inventory_account
            """,
            [[a[0] for a in ordered], [a[1] for a in ordered]],
        )


def _move(source_id: UUID, location_id: int, changes: list[tuple[int, int]], kind: K, now: datetime) -> None:
    _lock([(variant, location_id) for variant, _ in changes])
    params: dict[str, Any] = {
        "source": source_id,
        "location": location_id,
        "variants": [variant for variant, _ in changes],
        "changes": [change for _, change in changes],
        "kind": kind.value,
        "now": now,
    }
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE inventory_account AS account SET on_hand = on_hand + change
            FROM unnest(%(variants)s::int[], %(changes)s::bigint[]) AS moved (variant_id, change)
            WHERE account.variant_id = moved.variant_id AND account.location_id = %(location)s
              AND account.on_hand + change >= account.held
            """,
            params,
        )
        if cursor.rowcount < len(changes):
            raise NotEnough(f"Not enough free units at location {location_id}; nothing was moved.")
        cursor.execute(
            """
            INSERT INTO inventory_movement
                (source_id, variant_id, location_id, step, kind, on_hand_change, held_change, at)
            SELECT %(source)s, variant_id, %(location)s, 0, %(kind)s, change, 0, %(now)s
            FROM unnest(%(variants)s::int[], %(changes)s::bigint[]) AS moved (variant_id, change)
            """,
            params,
        )
