"""A world whose clock is the real one, since pages read it themselves."""

from collections.abc import Iterator

import pytest

from setaria.kernel import clock
from tests.world import World


@pytest.fixture
def today(transactional_db: None) -> Iterator[World]:
    """A world of this very moment, its books checked when the test is over."""
    made = World(clock.now())
    yield made
    assert made.breaches() == {}
