"""What a rush is made of: a TOML file in `scenarios/`, or one of your own."""

from __future__ import annotations

from pathlib import Path

import msgspec

SCENARIOS = Path(__file__).parent / "scenarios"
SECONDS_MIN = 1.0

Texts = dict[str, str]


class NoScenario(Exception):
    """There is no such scenario, or its file makes no sense; the text says which."""


class Item(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A variant on offer: price in minor units, units in the pool at scale 1, share of the demand.

    `variants`: so many of the kind, each with these units and this share, numbered behind the SKU.
    """

    sku: str
    name: Texts
    price: int
    units: int
    weight: float
    limit: int = 1
    variants: int = 1

    def each(self) -> list[Item]:
        """Return the variants one by one."""
        if self.variants == 1:
            return [self]
        numbers = range(1, self.variants + 1)
        return [msgspec.structs.replace(self, sku=f"{self.sku}-{n:03}", variants=1) for n in numbers]


class Manners(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How buyers and their bank behave, as weights: see `crowd.Manner`."""

    in_time: float = 0.0
    repeated: float = 0.0
    failed_first: float = 0.0
    out_of_order: float = 0.0
    wrong_amount: float = 0.0
    twice: float = 0.0
    late: float = 0.0
    never: float = 0.0


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A rush at scale 1. Shares are of the shoppers, times in seconds, amounts in minor units.

    A scale multiplies people, units and seconds alike, so that the crowd stays as dense.
    """

    title: str
    source: str
    shoppers: int
    seconds: float
    connections: int
    curve: list[tuple[float, float]]  # (share of the time, rate), joined by straight lines
    payments: Manners
    items: list[Item]
    payment_seconds: int
    basket: list[float] = msgspec.field(
        default_factory=lambda: [1.0]
    )  # how many orders have one line, two, three, as weights; never an item twice
    pay_after_seconds: tuple[float, float] = (0.2, 3.0)
    early: float = 0.0  # come in the second before opening, are refused and come back
    wanting_twice: float = 0.0  # try to get around the limit with a second order
    repeats: float = 0.0  # send the same pass again after the answer
    cuts: float = 0.0  # lose the connection before the answer, then send the same again
    persistent: float = 0.0  # keep trying while it is sold out
    retry_seconds: float = 2.0
    patience_seconds: float = 0.0  # after the last arrival; then even the persistent go home
    milestone: int | None = None
    milestone_seconds: float | None = None  # the documented time
    scale: float = 1.0  # unless another is asked for

    def scaled(self, scale: float) -> Scenario:
        """Return the same crowd, larger or smaller: at least one shopper and one unit of everything."""
        items = [msgspec.structs.replace(i, units=max(1, round(i.units * scale))) for i in self.items]
        return msgspec.structs.replace(
            self,
            shoppers=max(1, round(self.shoppers * scale)),
            seconds=max(SECONDS_MIN, self.seconds * scale),
            connections=max(2, min(self.connections, round(self.shoppers * scale))),
            items=items,
            scale=scale,
        )


class Preorder(Scenario, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """People come for places in a programme; its one item's units are the places promised.

    Then supplies arrive, each a share of those units, and the places they reach become orders that want to be paid.
    """

    supplies: list[float]

    @property
    def arrivals(self) -> list[int]:
        """The units of each supply; none is lost to rounding, none is empty."""
        bounds = [round(self.items[0].units * sum(self.supplies[: n + 1])) for n in range(len(self.supplies))]
        return [there - before for before, there in zip([0, *bounds], bounds, strict=False) if there > before]


def load(name: str) -> Scenario:
    """Read a scenario by its name, or from a file by its path; raises NoScenario."""
    file = Path(name) if name.endswith(".toml") else SCENARIOS / f"{name}.toml"
    try:
        found = msgspec.toml.decode(file.read_bytes())
        scenario = msgspec.convert(found, Preorder if "supplies" in found else Scenario)
    except FileNotFoundError:
        known = ", ".join(sorted(path.stem for path in SCENARIOS.glob("*.toml")))
        raise NoScenario(
            f"There is no scenario {name!r}. There are: {known}; or give the path of a .toml file."
        ) from None
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise NoScenario(f"{file}: {error}") from None
    items = [one for item in scenario.items for one in item.each()]
    if not 1 <= len(scenario.basket) <= len(items):
        raise NoScenario(f"{file}: a basket has one line at least, and no more than there are items.")
    return msgspec.structs.replace(scenario, items=items)
