"""Decisions about codes: pure, no database and no clock."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

SPENT_ATTEMPTS_MAX = 20


class Answer(StrEnum):
    """What became of a code that somebody presented. Stable: clients and reports rely on them."""

    GOOD = "GOOD"  # it may be spent, or taken; nothing was done
    SPENT = "SPENT"  # by this customer, now or before
    TAKEN = "TAKEN"  # it is in this customer's account, since now or before
    MISTYPED = "MISTYPED"  # no code at all: a typing error
    UNKNOWN_CODE = "UNKNOWN_CODE"  # well typed, and not (or no longer) anybody's
    USED = "USED"  # by somebody else
    REVOKED = "REVOKED"
    EXPIRED = "EXPIRED"
    CLOSED = "CLOSED"  # the drop is over
    ALREADY_IN = "ALREADY_IN"  # this customer has spent another code in this drop; this one is still good
    TOO_MANY = "TOO_MANY"  # too many wrong codes within an hour
    UNKNOWN_CUSTOMER = "UNKNOWN_CUSTOMER"


class Known(msgspec.Struct):
    """A code as the batch sees it while deciding."""

    id: UUID
    drop_id: int
    held_by: int
    turn: int
    spent_by: int | None
    revoked: bool
    expires_at: datetime
    closes_at: datetime


def judge(code: Known, customer_id: int, now: datetime) -> Answer:
    """Say whether a customer may do something with a code; GOOD says that they may."""
    if code.spent_by is not None:
        return Answer.SPENT if code.spent_by == customer_id else Answer.USED
    if code.revoked:
        return Answer.REVOKED
    if now >= code.closes_at:
        return Answer.CLOSED
    return Answer.EXPIRED if now >= code.expires_at else Answer.GOOD
