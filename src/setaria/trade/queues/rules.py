"""The waiting room's decisions: pure, no database and no clock."""

from collections.abc import Collection, Iterable
from hashlib import sha256
from uuid import UUID

import msgspec

# How fast people are let in, in people a second. It begins low, grows while the door keeps up, and is cut when it
# does not; a few seconds lie between letting somebody in and their order, so growing is slower than cutting.
RATE_FIRST = 50.0
RATE_MIN = 1.0
RATE_MAX = 5_000.0
RATE_GROWTH_A_SECOND = 1.25
RATE_CUT = 0.5

# A door that keeps orders waiting for longer, or more pages, is behind. The gate itself refuses at one second and at
# 256 pages: it should not come to that for people we let in.
ORDER_WAIT_SECONDS_MAX = 0.25
PAGES_WAITING_MAX = 50

# A step that comes late (a restart) must not let in a flood for the time in which nobody was let in.
CATCH_UP_SECONDS_MAX = 2.0

# Estimates are rounded up to these, in seconds: finer ones would promise what nobody can know. Longer than the last
# we cannot tell.
ESTIMATES_SECONDS = (30, 60, 120, 180, 300, 600, 900, 1_200, 1_800, 2_700, 3_600, 7_200)
ESTIMATE_SECONDS_MIN = 20.0  # how long admissions must have been watched before their pace says anything

# How often a page asks: soon when its turn is near, else as often as a process can answer everybody.
ASK_SECONDS_MIN = 2.0
ASK_SECONDS_MAX = 60.0
ASK_NEAR_SECONDS, ASK_FAR_SECONDS, NEAR_SECONDS = 3.0, 15.0, 120.0
ASKS_A_SECOND_MAX = 2_000.0


class Left(msgspec.Struct, frozen=True):
    """An item's units that nobody holds, and how many of them one customer may have."""

    free: int
    limit: int


class Load(msgspec.Struct, frozen=True):
    """How the door does, as one process sees it: how long a new order would wait, at how many orders are done a
    second, and how many pages wait.
    """

    order_wait_seconds: float = 0.0
    pages_waiting: int = 0
    orders_a_second: float = 0.0

    @property
    def orders_behind(self) -> bool:
        """Whether more orders come than are served."""
        return self.order_wait_seconds > ORDER_WAIT_SECONDS_MAX

    @property
    def behind(self) -> bool:
        """Whether more comes than is served."""
        return self.orders_behind or self.pages_waiting > PAGES_WAITING_MAX


def list_digest(pseudonyms: Iterable[UUID]) -> bytes:
    """Sum up who is in: the SHA-256 of all pseudonyms, in order of their bytes."""
    return sha256(b"".join(sorted(pseudonym.bytes for pseudonym in pseudonyms))).digest()


def shuffled(seed: bytes, pseudonyms: Collection[UUID]) -> list[UUID]:
    """Put the early ones in the order that the seed and the list itself make.

    The seed alone does not do it: whoever knew it early could tell which account will stand in front. With the
    digest of the whole list in it, one more person changes everybody's rank, so nobody knows any before the list is
    closed. PostgreSQL does the same in `step`, and anybody can again from the published list (`proof`).
    """
    key = seed + list_digest(pseudonyms)
    return sorted(pseudonyms, key=lambda each: (sha256(key + each.bytes).digest(), each.bytes))


def seats(items: Iterable[Left], outstanding: int) -> int:
    """How many more people may come in for what is left, beside the `outstanding` ones who have yet to order.

    Everybody let in shall find a full share of some item. At the very end there is less than a full share: then one
    person at a time.
    """
    left = list(items)
    full = sum(item.free // item.limit for item in left)
    if full == 0 and any(item.free > 0 for item in left):
        full = 1
    return max(0, full - outstanding)


def next_rate(rate: float, load: Load, seconds: float, *, pressing: bool) -> float:
    """What the door is trusted with after `seconds` under this load, in people a second.

    It grows only while more are `pressing` than it allows: a pace that was not used proves nothing. While the door is
    behind it does all it can, so what it did is the measure: never more than that, and less than before.
    """
    if rate <= 0:
        return RATE_FIRST
    if load.behind:
        most = min(rate, load.orders_a_second) if load.orders_behind and load.orders_a_second else rate
        return max(RATE_MIN, most * RATE_CUT)
    if not pressing:
        return rate
    return min(RATE_MAX, rate * RATE_GROWTH_A_SECOND ** min(seconds, CATCH_UP_SECONDS_MAX))


def allowed(rate: float, seconds: float) -> int:
    """How many may come in for `seconds` at this rate; at least one, and no flood after a pause."""
    return max(1, int(rate * min(seconds, CATCH_UP_SECONDS_MAX)))


def estimate(ahead: int, seats: int, admitted: int, seconds: float) -> int | None:
    """Seconds until somebody with `ahead` people before them comes in, rounded up; None where we cannot tell.

    `admitted` people came in during the last `seconds`. We cannot tell before we have watched for a while, while
    nobody comes in, or when what is left will not reach so far: then it takes units that come back.
    """
    if seconds < ESTIMATE_SECONDS_MIN or admitted <= 0 or ahead >= seats:
        return None
    exact = (ahead + 1) * seconds / admitted
    return next((step for step in ESTIMATES_SECONDS if exact <= step), None)


def ask_early(to_opening: float, crowd: float) -> float:
    """In how many seconds a page should ask again before it has a number, `to_opening` seconds before the opening.

    Nothing happens until then, so nobody asks past it; pages add chance of their own, or all would ask at once.
    """
    usual = ASK_FAR_SECONDS if to_opening > NEAR_SECONDS else ASK_NEAR_SECONDS
    again = min(ASK_SECONDS_MAX, max(usual, crowd / ASKS_A_SECOND_MAX))
    return again if to_opening <= 0 else min(again, to_opening + ASK_SECONDS_MIN)


def ask_again(ahead: int, a_second: float, crowd: float) -> float:
    """In how many seconds a page should ask again.

    About ten times on the way to its turn, and never more often than a process can answer all `crowd` pages that ask
    it. `a_second` people come in a second.
    """
    own = (ahead + 1) / max(a_second, 1.0) / 10
    return min(ASK_SECONDS_MAX, max(ASK_SECONDS_MIN, own, crowd / ASKS_A_SECOND_MAX))
