"""What providers and we say to each other; pure."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec


class Down(Exception):
    """The provider did not answer, or answered that it cannot now. What came of the call is not known; ask later."""


class Refused(Exception):
    """The provider understood and said no; the text is its reason. Repeating the call would not help."""


class BadSignature(Exception):
    """A message that the provider did not sign; nothing in it may be believed."""


class BadNotification(Exception):
    """Signed by the provider, but nothing we understand."""


class State(StrEnum):
    """How a payment stands at its provider."""

    OPEN = "open"  # can still be paid, is under way, or whoever told us did not say enough
    AUTHORISED = "authorised"  # promised by the buyer's bank; `capture` takes it
    SUCCEEDED = "succeeded"
    FAILED = "failed"  # for good


class Word(msgspec.Struct, frozen=True):
    """A provider's verified word on one payment: how it stands, and what was taken (minor units)."""

    payment_id: UUID
    state: State
    amount: int = 0
    currency: str = ""
    reference: str = ""


class Matter(msgspec.Struct, frozen=True):
    """Something a provider tells that is for people to look at: a dispute, a refund that came back."""

    kind: str  # of `models.Case.Kind`
    reference: str  # the provider's own name of it: told twice, it is one
    payment: str  # the provider's own name of the payment it is about, if it is about one
    amount: int
    currency: str
    text: str


class Stand(StrEnum):
    """How a dispute stands."""

    OPEN = "open"
    HELD = "held"  # the provider has taken the money off us meanwhile
    WON = "won"
    LOST = "lost"


class Quarrel(msgspec.Struct, frozen=True):
    """What a provider tells of a dispute: how it stands, and about how much (minor units)."""

    reference: str  # the provider's own name of it
    payment: str  # the provider's own name of the payment
    amount: int
    currency: str
    stand: Stand


class Device(msgspec.Struct, frozen=True):
    """On what a buyer pays: a telephone has the provider's app at hand, a computer only shows a code to one.

    `within` names the app whose own browser it is (such as a chat); `address` is where the buyer comes from. `code` is what
    that app has handed over by which its provider knows the buyer, once the buyer was led there.
    """

    phone: bool = False
    within: str = ""
    address: str = ""
    code: str = ""


class Step(msgspec.Struct, frozen=True):
    """What the buyer does next: goes to an address, scans a code, or fills in the provider's form on our page."""

    reference: str = ""  # how the provider calls the payment; kept
    url: str = ""
    code: str = ""
    template: str = ""
    context: Mapping[str, Any] = {}
    origins: tuple[str, ...] = ()  # from where that form's scripts and frames come
