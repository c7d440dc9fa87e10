"""How one member stands in a waiting room, asked of the database: what leave to order depends on."""

import hmac
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cache
from hashlib import blake2b
from struct import Struct
from uuid import UUID

import msgspec
from django.conf import settings
from django.db import connection

# An order on its way when the offer ends still counts: the pass and the seat live on for so long.
GRACE_SECONDS = 20
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BODY = Struct(">QIQ")


class NoTurn(StrEnum):
    """Why somebody may not order: the codes that the page explains."""

    NOT_IN_ROOM = "NOT_IN_ROOM"
    NOT_YET = "NOT_YET"
    TURN_OVER = "TURN_OVER"
    TURN_USED = "TURN_USED"


class Turn(msgspec.Struct, frozen=True):
    """Leave to order once, until then. Asking again, from whatever device, is the same leave: the same order's id."""

    number: int
    order_id: UUID
    admitted_at: datetime
    offered_until: datetime


_TURN = """
    SELECT w.number, v.admitted_at, v.offered_until,
           EXISTS (SELECT 1 FROM orders_order AS o
                   WHERE o.customer_id = w.customer_id AND o.drop_id = w.drop_id AND o.placed_at >= v.admitted_at)
    FROM queues_waiter AS w
    LEFT JOIN queues_wave AS v ON v.drop_id = w.drop_id AND w.number BETWEEN v.first AND v.through
    WHERE w.drop_id = %s AND w.customer_id = %s
"""


def turn_of(drop_id: int, customer_id: int, now: datetime) -> Turn | NoTurn:
    """Say whether it is a customer's turn in a drop."""
    with connection.cursor() as cursor:
        cursor.execute(_TURN, [drop_id, customer_id])
        row = cursor.fetchone()
    if row is None:
        return NoTurn.NOT_IN_ROOM
    number, admitted_at, offered_until, used = row
    if admitted_at is None:
        return NoTurn.NOT_YET
    if used:
        return NoTurn.TURN_USED
    if now >= offered_until:
        return NoTurn.TURN_OVER
    return Turn(number, order_id_of(customer_id, drop_id, admitted_at), admitted_at, offered_until)


def order_id_of(customer_id: int, drop_id: int, admitted_at: datetime) -> UUID:
    """The one order that a turn is good for: a UUIDv7 of the instant of admission, and of what only we can compute.

    Because it follows from the turn, two tabs or devices that order at once order the same thing, not two.
    """
    milliseconds = (admitted_at - _EPOCH) // timedelta(milliseconds=1)
    body = _BODY.pack(customer_id, drop_id, milliseconds)
    chance = blake2b(body, key=_key(settings.SECRET_KEY), digest_size=10).digest()
    value = (milliseconds << 80 | int.from_bytes(chance)) & ~(0xF << 76 | 0x3 << 62)
    return UUID(int=value | 0x7 << 76 | 0x2 << 62)


@cache
def _key(secret: str) -> bytes:
    return hmac.digest(secret.encode(), b"setaria.queues.order.v1", "sha256")
