"""What must always hold, as named SQL that returns no row when all is well.

Every app may have an `invariants.py` with `INVARIANTS`; `check_all` runs them against a live database in one
REPEATABLE READ snapshot, so that concurrent business cannot make a true statement look false.
"""

from collections.abc import Iterable, Iterator
from importlib import import_module
from importlib.util import find_spec
from time import perf_counter

import msgspec
from django.apps import apps
from django.db import connection, transaction

OFFENDERS_MAX = 20


class Invariant(msgspec.Struct, frozen=True):
    """One statement about the data. `counts` tells how many rows it looked at, `breaches` selects what breaks it."""

    name: str
    says: str
    counts: str
    breaches: str


class Finding(msgspec.Struct, frozen=True):
    """What checking one invariant found: rows looked at, the first offending keys, and how long it took."""

    name: str
    says: str
    rows: int
    offenders: list[str]
    seconds: float

    @property
    def holds(self) -> bool:
        """Whether nothing broke it."""
        return not self.offenders


def all_invariants() -> list[Invariant]:
    """Collect the invariants of every installed app."""
    found: list[Invariant] = []
    for app in apps.get_app_configs():
        name = f"{app.name}.invariants"
        if app.name.startswith("setaria.") and app.name != "setaria.kernel" and find_spec(name):
            found += import_module(name).INVARIANTS
    return found


def check_all() -> Iterator[Finding]:
    """Check every invariant against one snapshot of the database."""
    return check(all_invariants())


def check(invariants: Iterable[Invariant]) -> Iterator[Finding]:
    """Check these against one snapshot of the database."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        for invariant in invariants:
            began = perf_counter()
            cursor.execute(invariant.counts)
            rows = cursor.fetchone()[0]
            cursor.execute(f"SELECT * FROM ({invariant.breaches}) AS breaches LIMIT {OFFENDERS_MAX}")
            offenders = [" ".join(str(value) for value in row) for row in cursor.fetchall()]
            yield Finding(invariant.name, invariant.says, rows, offenders, perf_counter() - began)
