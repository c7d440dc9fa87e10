"""The ways in which the sandbox bank can treat a payment: those in which real banks surprise a shop. Pure."""

from enum import StrEnum
from typing import Literal

import msgspec

Status = Literal["succeeded", "failed"]

LATE_SECONDS = 20
AFTERWARDS_SECONDS = 3


class Manner(StrEnum):
    """What the person at the sandbox bank's page wants to see happen."""

    NOW = "now"
    LATE = "late"
    THRICE = "thrice"
    FAIL = "fail"
    WRONG_AMOUNT = "wrong-amount"
    OUT_OF_ORDER = "out-of-order"


class Message(msgspec.Struct, frozen=True):
    """One notification: so many seconds after the payment, saying this."""

    after_seconds: int
    status: Status


class Course(msgspec.Struct, frozen=True):
    """How a payment goes: what the bank takes (minor units), whether it does, and what it tells the shop."""

    amount: int
    succeeded: bool
    messages: tuple[Message, ...]


_GOOD: Status = "succeeded"
_BAD: Status = "failed"
_MESSAGES: dict[Manner, tuple[Message, ...]] = {
    Manner.NOW: (Message(0, _GOOD),),
    Manner.LATE: (Message(LATE_SECONDS, _GOOD),),
    Manner.THRICE: (Message(0, _GOOD), Message(1, _GOOD), Message(AFTERWARDS_SECONDS, _GOOD)),
    Manner.FAIL: (Message(0, _BAD),),
    Manner.WRONG_AMOUNT: (Message(0, _GOOD),),
    # A first try failed, a second succeeded, and the news of the first is the slower one.
    Manner.OUT_OF_ORDER: (Message(0, _GOOD), Message(AFTERWARDS_SECONDS, _BAD)),
}


def course(manner: Manner, amount: int) -> Course:
    """Say how a payment of `amount` goes in a manner."""
    return Course(
        amount=_wrong(amount) if manner is Manner.WRONG_AMOUNT else amount,
        succeeded=manner is not Manner.FAIL,
        messages=_MESSAGES[manner],
    )


def _wrong(amount: int) -> int:
    """An amount that is off by the least there is, since that is the hardest to see."""
    return amount - 1 if amount > 1 else amount + 1
