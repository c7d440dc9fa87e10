"""What goes in at the door and what comes out: plain values, the same for every channel."""

from datetime import datetime
from enum import IntEnum, StrEnum
from uuid import UUID

import msgspec

BATCH_ORDERS_MAX = 2_000
ORDER_LINES_MAX = 50
LINE_QUANTITY_MAX = 10_000
ORDER_CHARGES_MAX = 500
SOURCE_CHARS_MAX = 60
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


class ChargeKind(IntEnum):
    """What an amount beside the lines is for. All but the tax within the prices count towards the total."""

    SHIPPING = 1
    TAX = 2  # on top of the prices; below nothing where somebody exempt pays a price without the tax within it
    DISCOUNT = 3
    TAX_WITHIN = 4  # contained in the prices: tells, and adds nothing
    POINTS = 5  # paid for with points


class Charge(msgspec.Struct, frozen=True):
    """An amount beside the prices (minor units, signed), as the buyer saw it, and the share of one line in it.

    `line` is the line's position; None is the order as a whole (its shipping, and the tax of that). `source` says where
    it comes from, as "what:which": "shipping:standard", "tax:1300" (basis points), "promotion:7".
    """

    kind: ChargeKind
    amount: int
    source: str
    line: int | None = None


class Request(msgspec.Struct, frozen=True):
    """An order somebody wants placed. `id` is a UUIDv7 minted by whoever asks, and the idempotency key.

    `charges` come from a quote of ours (`trade/quotes`), never from outside. An order without any costs its lines.
    """

    id: UUID
    customer_id: int
    channel_id: int
    lines: tuple[Line, ...]
    drop_id: int | None = None
    charges: tuple[Charge, ...] = ()


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
