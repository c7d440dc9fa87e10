"""What goes in at the door and what comes out: plain values, the same for every channel."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

BATCH_ORDERS_MAX = 2_000
ORDER_LINES_MAX = 50
LINE_QUANTITY_MAX = 10_000
ORDER_TOTAL_MAX = 10**15  # minor units; a full batch of such orders still fits the counters' 64 bits


class Code(StrEnum):
    """Why an order was refused. Stable: clients and reports rely on them."""

    MALFORMED = "MALFORMED"
    UNKNOWN_ITEM = "UNKNOWN_ITEM"
    MARKET_INFORMS_ONLY = "MARKET_INFORMS_ONLY"
    NOT_OPEN = "NOT_OPEN"
    CLOSED = "CLOSED"
    PRICE_CHANGED = "PRICE_CHANGED"
    OVER_LIMIT = "OVER_LIMIT"
    SOLD_OUT = "SOLD_OUT"
    ID_CONFLICT = "ID_CONFLICT"


class Line(msgspec.Struct, frozen=True):
    """So many of one variant, at the unit price the buyer saw (minor units)."""

    variant_id: int
    quantity: int
    unit_price: int


class Request(msgspec.Struct, frozen=True):
    """An order somebody wants placed. `id` is a UUIDv7 minted by whoever asks, and the idempotency key."""

    id: UUID
    customer_id: int
    channel_id: int
    lines: tuple[Line, ...]
    drop_id: int | None = None


class Placed(msgspec.Struct, frozen=True, tag="placed", tag_field="outcome"):
    """The order exists and its stock is held until `pay_by`. `total` in minor units of `currency`."""

    id: UUID
    total: int
    currency: str
    pay_by: datetime


class Refused(msgspec.Struct, frozen=True, tag="refused", tag_field="outcome"):
    """The order does not exist, and nothing was changed. `variant_id` tells which line was the reason."""

    id: UUID
    code: Code
    variant_id: int | None = None


Outcome = Placed | Refused
