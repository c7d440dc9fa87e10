"""What goes in where places are taken, and what comes out."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

BATCH_PLACES_MAX = 2_000


class Code(StrEnum):
    """Why a place was refused. Stable: clients and reports rely on them."""

    MALFORMED = "MALFORMED"
    UNKNOWN_PROGRAMME = "UNKNOWN_PROGRAMME"
    NOT_OPEN = "NOT_OPEN"
    LANE_NOT_OPEN = "LANE_NOT_OPEN"
    CLOSED = "CLOSED"
    OVER_LIMIT = "OVER_LIMIT"
    FULL = "FULL"
    ID_CONFLICT = "ID_CONFLICT"


class Take(msgspec.Struct, frozen=True):
    """A place somebody wants. `id` is a UUIDv7 minted with the pass: the idempotency key, and the later order's id."""

    id: UUID
    customer_id: int
    programme_id: int


class Taken(msgspec.Struct, frozen=True, tag="taken", tag_field="outcome"):
    """The place exists. With a deposit it stands in the queue once that is paid, by `deposit_by`."""

    id: UUID
    number: int
    deposit_by: datetime | None


class Refused(msgspec.Struct, frozen=True, tag="refused", tag_field="outcome"):
    """There is no such place, and nothing was changed."""

    id: UUID
    code: Code


Outcome = Taken | Refused
