"""Decisions of a draw: pure, no database and no clock."""

import hmac
from base64 import b32encode
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from setaria.trade.admission.lanes import Lane, opening_for

PSEUDONYM_BYTES = 10  # 16 characters; ten million entries share one with a chance of one in 20 billion


class Answer(StrEnum):
    """What became of an entry or a withdrawal. Stable: clients and reports rely on them."""

    ENTERED = "ENTERED"  # now or before, for this very thing
    WITHDRAWN = "WITHDRAWN"  # now, before, or never entered
    UNKNOWN_DRAW = "UNKNOWN_DRAW"
    UNKNOWN_ITEM = "UNKNOWN_ITEM"  # not drawn for here
    UNKNOWN_CUSTOMER = "UNKNOWN_CUSTOMER"
    NOT_OPEN = "NOT_OPEN"  # not yet, or not yet for this customer
    NOT_ELIGIBLE = "NOT_ELIGIBLE"  # no lane takes this customer
    CLOSED = "CLOSED"


class Terms(msgspec.Struct, frozen=True):
    """How one may enter a draw."""

    opens_at: datetime
    closes_at: datetime
    sealed: bool
    lanes: tuple[Lane, ...]
    variants: frozenset[int]


def may_enter(terms: Terms | None, variant_id: int, who: tuple[datetime, int] | None, now: datetime) -> Answer:
    """Judge an entry; `who` is when the customer joined and their points. ENTERED says that it may be written."""
    if terms is None:
        return Answer.UNKNOWN_DRAW
    if who is None:
        return Answer.UNKNOWN_CUSTOMER
    if variant_id not in terms.variants:
        return Answer.UNKNOWN_ITEM
    if terms.sealed or now >= terms.closes_at:
        return Answer.CLOSED
    opens_at = opens_for(terms.opens_at, terms.lanes, who)
    if opens_at is None:
        return Answer.NOT_ELIGIBLE
    return Answer.ENTERED if now >= opens_at else Answer.NOT_OPEN


def may_withdraw(terms: Terms | None, now: datetime) -> Answer:
    """Judge a withdrawal."""
    if terms is None:
        return Answer.UNKNOWN_DRAW
    return Answer.CLOSED if terms.sealed or now >= terms.closes_at else Answer.WITHDRAWN


def opens_for(opens_at: datetime, lanes: Sequence[Lane], who: tuple[datetime, int]) -> datetime | None:
    """Return from when somebody may enter: by the draw's opening, or by the first lane that takes them."""
    if not lanes:
        return opens_at
    lane = opening_for(lanes, *who)
    return None if lane is None else max(lane, opens_at)


def offered_until(now: datetime, opens_at: datetime, closes_at: datetime, seconds: int) -> datetime:
    """Return until when a place is offered: `seconds` from now or from the drop's opening, within the drop."""
    return min(max(now, opens_at) + timedelta(seconds=seconds), closes_at)


def seed_from(secret: str, nonce: str) -> str:
    """Derive a draw's seed: 64 hex digits that nobody can know without the installation's secret."""
    return hmac.digest(secret.encode(), b"setaria.draws.seed.v1" + nonce.encode(), "sha256").hex()


def pseudonym_of(secret: str, draw_id: int, customer_id: int) -> str:
    """Derive what stands for a customer in one draw: always the same, and nobody can trace it without the secret."""
    mac = hmac.digest(secret.encode(), b"setaria.draws.pseudonym.v1 %d %d" % (draw_id, customer_id), "sha256")
    return b32encode(mac[:PSEUDONYM_BYTES]).decode().lower()
