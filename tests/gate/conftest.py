import sys
from collections.abc import Iterator

import pytest

from setaria.kernel import clock
from setaria.trade.drops.models import Drop
from tests.gate.client import Client, running
from tests.world import HOUR, MINUTE, World


class Night:
    """A world by the real clock, with a drop that opened an hour ago."""

    def __init__(self) -> None:
        self.world = World(clock.now() - HOUR)
        self.phone = self.world.thing(f"phone-{id(self)}", price=199900, stock=100)
        self.band = self.world.thing(f"band-{id(self)}", price=14900, stock=100)
        self.programme = self.world.programme(50, lasts=2 * HOUR)
        self.drop = self.world.drop({self.phone: 5, self.band: 50}, limit=3, closes_at=clock.now() + HOUR)
        self.world.now = clock.now()

    @property
    def a_phone(self) -> tuple[str, int, int]:
        """A line."""
        return self.phone.sku, 1, 199900

    @property
    def a_band(self) -> tuple[str, int, int]:
        """A line."""
        return self.band.sku, 1, 14900

    def another_drop(self, opens_in: int, lasts: int) -> Drop:
        """One that opens in so many minutes."""
        opens_at = clock.now() + opens_in * MINUTE
        return self.world.drop({self.phone: 1}, opens_at=opens_at, closes_at=opens_at + lasts * MINUTE)


@pytest.fixture
def night(transactional_db: None) -> Iterator[Night]:
    made = Night()
    yield made
    # Orders of made-up customers are no fault of the gate's.
    breaches = made.world.breaches()
    breaches.pop("orders_are_of_known_people_and_channels", None)
    assert breaches == {}


@pytest.fixture
def gate(night: Night) -> Iterator[Client]:
    switching = sys.getswitchinterval()
    with running() as client:
        yield client
    sys.setswitchinterval(switching)
