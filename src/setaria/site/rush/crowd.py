"""Who comes, for what, and with which bad manners: all of it from a seed."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from itertools import accumulate
from random import Random
from uuid import UUID

import msgspec

from setaria.site.rush.curve import instants
from setaria.site.rush.scenario import Manners, Scenario

EARLY_SECONDS = 1.0
SECOND_TRY_SECONDS = 0.5


class Manner(IntEnum):
    """How an order is paid, and how the bank tells of it; the names are those of the scenario's shares."""

    IN_TIME = 0
    REPEATED = 1  # the same notification three times
    FAILED_FIRST = 2  # one attempt fails, the next succeeds
    OUT_OF_ORDER = 3  # the failure of an attempt is told after its success
    WRONG_AMOUNT = 4  # too little by one; must be given back
    TWICE = 5  # two payments succeed; one must be given back
    LATE = 6  # after the time to pay is over
    NEVER = 7


class Wish(msgspec.Struct):
    """One order that somebody wants: `at` seconds after opening (before it if negative)."""

    order_id: UUID
    customer: int  # number in the crowd
    items: tuple[int, ...]  # numbers in the scenario, in order
    at: float
    manner: Manner
    repeats: bool
    cuts: bool
    persists: bool


def crowd(scenario: Scenario, seed: int, opens_ms: int) -> list[Wish]:
    """Return the wishes in order of arrival; `opens_ms` (since 1970) goes into the orders' UUIDv7."""
    random = Random(seed)
    arrivals = instants(scenario.shoppers, scenario.curve, scenario.seconds)
    people = list(range(scenario.shoppers))
    random.shuffle(people)
    items = _Draw([item.weight for item in scenario.items])
    sizes = _Draw(scenario.basket) if len(scenario.basket) > 1 else None
    manners = _Draw(_weights(scenario.payments))
    wishes: list[Wish] = []
    for at, customer in zip(arrivals, people, strict=True):
        if random.random() < scenario.early:
            at = -EARLY_SECONDS * random.random()
        basket = _basket(items, sizes, random)
        wishes.append(_wish(scenario, random, opens_ms, customer, basket, at, manners))
        if random.random() < scenario.wanting_twice:
            again = max(at, 0.0) + SECOND_TRY_SECONDS * random.random()
            wishes.append(_wish(scenario, random, opens_ms, customer, basket, again, manners))
    wishes.sort(key=lambda wish: wish.at)
    return wishes


class _Draw:
    """Draws numbers by weight; cheaper than `random.choices` one at a time."""

    def __init__(self, weights: Sequence[float]) -> None:
        self._numbers = range(len(weights))
        self._bounds = list(accumulate(weights))

    def one(self, random: Random) -> int:
        return random.choices(self._numbers, cum_weights=self._bounds)[0]


def _basket(items: _Draw, sizes: _Draw | None, random: Random) -> tuple[int, ...]:
    if sizes is None:
        return (items.one(random),)
    wanted, basket = sizes.one(random) + 1, set[int]()
    while len(basket) < wanted:
        basket.add(items.one(random))
    return tuple(sorted(basket))


def _weights(manners: Manners) -> list[float]:
    return [getattr(manners, manner.name.lower()) for manner in Manner]


def _wish(
    scenario: Scenario, random: Random, opens_ms: int, customer: int, items: tuple[int, ...], at: float, manners: _Draw
) -> Wish:
    return Wish(
        order_id=seeded_id(random, opens_ms + int(at * 1000)),
        customer=customer,
        items=items,
        at=at,
        manner=Manner(manners.one(random)),
        repeats=random.random() < scenario.repeats,
        cuts=random.random() < scenario.cuts,
        persists=random.random() < scenario.persistent,
    )


def seeded_id(random: Random, ms: int) -> UUID:
    """Make a UUIDv7 of an instant (milliseconds since 1970) and a seeded generator."""
    chance = random.getrandbits(74)
    return UUID(int=ms << 80 | 7 << 76 | (chance >> 62) << 64 | 2 << 62 | chance & (1 << 62) - 1)
