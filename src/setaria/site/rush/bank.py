"""The sandbox bank as the rush plays it: takes the money once, and tells of it as badly as real banks do."""

from __future__ import annotations

from random import Random
from typing import Literal
from uuid import UUID

import msgspec

from setaria.site.rush.client import post
from setaria.site.rush.crowd import Manner, seeded_id
from setaria.site.rush.scenario import Scenario
from setaria.trade.payments.sandbox.notification import SIGNATURE_HEADER, Notification, key_from, sign

PATH = "/payments/sandbox/notify"
AFTER_EXPIRY_SECONDS = 2.0  # the worker lets overdue orders go within a second

_encode = msgspec.json.Encoder().encode


class Telling(msgspec.Struct, frozen=True):
    """One message, so many seconds after the order was acknowledged. `taken`: the money it is about."""

    after: float
    payment_id: UUID
    succeeded: bool
    amount: int


class Bank:
    """Decides what becomes of each order's payment, and signs the messages."""

    def __init__(self, scenario: Scenario, currency: str, secret: str, host: str, random: Random) -> None:
        self._scenario, self._currency = scenario, currency
        self._key = key_from(secret)
        self._host = host
        self._random = random

    def tellings(self, manner: Manner, total: int, placed_ms: int) -> list[Telling]:
        """Return the messages about an order of `total`, in the order they were meant to be sent."""
        low, high = self._scenario.pay_after_seconds
        after = low + (high - low) * self._random.random()
        first = seeded_id(self._random, placed_ms)
        good = Telling(after, first, True, total)
        match manner:
            case Manner.IN_TIME:
                return [good]
            case Manner.REPEATED:
                return [good, later(good, 0.05), later(good, 0.5)]
            case Manner.FAILED_FIRST:
                second = seeded_id(self._random, placed_ms)
                return [Telling(after, first, False, total), Telling(after + 0.5, second, True, total)]
            case Manner.OUT_OF_ORDER:
                return [good, Telling(after + 0.3, first, False, total)]
            case Manner.WRONG_AMOUNT:
                return [Telling(after, first, True, total - 1)]
            case Manner.TWICE:
                return [good, Telling(after + 0.2, seeded_id(self._random, placed_ms), True, total)]
            case Manner.LATE:
                return [later(good, self._scenario.payment_seconds + AFTER_EXPIRY_SECONDS)]
            case Manner.NEVER:
                return []

    def message(self, order_id: UUID, telling: Telling) -> bytes:
        """Prepare the signed notification as it goes over the wire."""
        status: Literal["succeeded", "failed"] = "succeeded" if telling.succeeded else "failed"
        body = _encode(Notification(telling.payment_id, order_id, status, telling.amount, self._currency))
        return post(PATH, body, self._host, [(SIGNATURE_HEADER, sign(self._key, body))])


def later(telling: Telling, seconds: float) -> Telling:
    """Return the same message, sent later."""
    return msgspec.structs.replace(telling, after=telling.after + seconds)
