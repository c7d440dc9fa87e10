"""What the crowd is told before, says meanwhile, and remembers afterwards: values that cross a process boundary."""

from __future__ import annotations

from array import array
from collections import Counter

import msgspec

from setaria.site.rush.history import Attempt
from setaria.site.rush.scenario import Scenario


class Plan(msgspec.Struct, frozen=True):
    """Everything a crowd needs to play a (scaled) scenario against an instance."""

    scenario: Scenario
    seed: int
    url: str
    slug: str
    drop_id: int
    opens_at: float  # seconds since 1970
    skus: list[str]  # of the scenario's items, as they are called in this instance
    customer_ids: list[int]
    currency: str  # of the market
    secret: str  # the instance's: signs passes and the bank's notifications


class Ready(msgspec.Struct, frozen=True):
    """All requests are prepared; this many orders are wanted."""

    wishes: int


class Tally(msgspec.Struct, frozen=True):
    """How it goes, a few times a second. `settled`: wishes that will not be tried again."""

    settled: int
    placed: int
    paid: int
    refused: int


class Evidence(msgspec.Struct):
    """The crowd's own notes, which the reckoning holds against the database. Ids are 16 bytes, amounts minor units."""

    wishes: list[tuple[bytes, int, tuple[int, ...]]] = msgspec.field(default_factory=list)  # order, customer, items
    acks: list[tuple[bytes, int, str]] = msgspec.field(default_factory=list)  # order, total, pay_by: each content once
    bank: list[tuple[bytes, bytes, int]] = msgspec.field(default_factory=list)  # payment, order, amount taken
    attempts: list[Attempt] = msgspec.field(default_factory=list)  # every answered request for an order
    refused: Counter[str] = msgspec.field(default_factory=Counter)  # answers by code
    settled: Counter[str] = msgspec.field(default_factory=Counter)  # last answers of all wishes, by code or PLACED
    bank_told: Counter[str] = msgspec.field(default_factory=Counter)  # notifications by answer
    placing_ms: array[float] = msgspec.field(default_factory=lambda: array("d"))  # from the intended instant
    refusing_ms: array[float] = msgspec.field(default_factory=lambda: array("d"))
    placed_in_second: Counter[int] = msgspec.field(default_factory=Counter)  # seconds after opening
    mixed_up: int = 0  # answers that were about somebody else's order
    lost_connections: int = 0
    cut_connections: int = 0
    requests: int = 0
    cpu_seconds: float = 0.0
