"""The books of more and more orders: what entering, reading, comparing and auditing them takes, and how that grows.

On a PostgreSQL of its own that flushes to disk, with no web server and no worker beside it. The orders are made by
`ledger`, in this process. Each size adds to the last; what is measured at a size is of all orders there are then, or of
as many as its rows say.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec
from django.db import connection

from setaria.kernel.clock import now
from setaria.kernel.invariants import check_all
from setaria.site.bench.ledger import PROVIDER, Ledger
from setaria.site.rush import processes
from setaria.trade.books import queries
from setaria.trade.books.accounts import Account, Source
from setaria.trade.books.record import record
from setaria.trade.reconciliation.models import Difference
from setaria.trade.reconciliation.take_in import compare, take_in

SLAB = 20_000  # orders placed, then paid: what is kept in memory does not grow with the ledger
PAGE = 200

Tell = Callable[[str, int], None]  # what is done, and how many orders further it is


class Step(msgspec.Struct, frozen=True):
    """Something done: to so many rows, in so many seconds, and with how many of the processors' on either side."""

    name: str
    rows: int
    seconds: float
    client_cpu: float
    postgresql_cpu: float


class Checked(msgspec.Struct, frozen=True):
    """One invariant of the audit, and its time."""

    name: str
    rows: int
    seconds: float


class Size(msgspec.Struct, frozen=True):
    """What was measured when there were so many orders."""

    orders: int
    steps: list[Step]
    invariants: list[Checked]  # the slowest first


class Wrong(Exception):
    """The books are not what they must be; their figures mean nothing."""


def measure(postgresql: int, sizes: Sequence[int], folder: Path, tell: Tell) -> Iterator[Size]:
    """Let the ledger grow from size to size and measure at each; files go to `folder`. Needs Django set up.

    `postgresql` is its process id. Raises Wrong, or NotMade of the ledger.
    """
    ledger = Ledger()
    for size in sizes:
        at = _At(postgresql, ledger, tell)
        at.grow(size, folder / f"{size}.csv")
        at.enter()
        at.read()
        at.reconcile(folder / f"{size}.csv")
        audited = at.audit()
        yield Size(ledger.orders, at.steps, audited)


class _At:
    """The measurements at one size."""

    def __init__(self, postgresql: int, ledger: Ledger, tell: Tell) -> None:
        self._postgresql, self._ledger, self._tell = postgresql, ledger, tell
        self._spent: dict[str, tuple[int, float, float, float]] = {}

    @property
    def steps(self) -> list[Step]:
        return [Step(name, rows, *(round(s, 4) for s in spent)) for name, (rows, *spent) in self._spent.items()]

    def grow(self, size: int, file: Path) -> None:
        """Place and pay what is missing, a slab after the other."""
        while (missing := size - self._ledger.orders) > 0:
            count = min(SLAB, missing)
            with self._measured("orders placed", count):
                due = self._ledger.place(count)
            with self._measured("payments settled", count):
                self._ledger.settle(due, file)
            self._tell("orders placed and paid", count)

    def enter(self) -> None:
        """Enter all of it in the books, and let the planner know how much there is, as the database does by itself."""
        self._tell("the books", 0)
        with self._measured("entries made in the books", 0):
            made = record(now=now())
        self._count("entries made in the books", made)
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")

    def read(self) -> None:
        """Ask the books what people ask them."""
        market, month, some = self._ledger.market_id, self._ledger.month, self._ledger.some
        with self._measured("trial balance"):
            standing = queries.trial_balance()
        if not standing or sum(each.balance for each in standing) != 0:
            raise Wrong("The trial balance does not add up to nothing.")
        with self._measured("revenue by quarter"):
            queries.revenue_by_quarter(market)
        with self._measured("a statement's first page", PAGE):
            list(queries.statement(Account.REVENUE, market, month)[:PAGE])
        with self._measured("a statement's page in the middle", PAGE):
            middle = (Source.SALE, some[len(some) // 2], 0)
            list(queries.statement(Account.REVENUE, market, month, after=middle)[:PAGE])
        with self._measured("an order's story"):
            queries.story_of(some[-1])

    def reconcile(self, file: Path) -> None:
        """Take the provider's file in, and list what differs: exactly what the ledger made differ."""
        self._tell("settlement files", 0)
        with self._measured("settlement file taken in and compared", 0):
            taken = take_in(file, PROVIDER, by="bench", now=now())
        self._count("settlement file taken in and compared", taken.rows)
        with self._measured("everything compared again", self._ledger.orders):
            compare(now=now())
        with self._measured("differences listed", PAGE):
            found = Difference.objects.filter(resolved_at=None).order_by("found_at", "id")
            listed = (found.count(), len(found[:PAGE]))
        if listed[0] != self._ledger.differences:
            raise Wrong(f"{listed[0]} differences were listed, not {self._ledger.differences}.")
        with self._measured("fees entered in the books", 0):
            made = record(now=now())
        self._count("fees entered in the books", made)
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")

    def audit(self) -> list[Checked]:
        """Check every invariant."""
        self._tell("audit", 0)
        found = []
        with self._measured("audit, all of it", self._ledger.orders):
            for finding in check_all():
                if not finding.holds:
                    raise Wrong(f"{finding.name} does not hold: {'; '.join(finding.offenders)}")
                found.append(Checked(finding.name, finding.rows, round(finding.seconds, 4)))
                self._tell(f"audit: {finding.name}", 0)
        return sorted(found, key=lambda one: one.seconds, reverse=True)

    @contextmanager
    def _measured(self, name: str, rows: int = 1) -> Iterator[None]:
        """Add what passes meanwhile to a step."""
        postgresql = self._postgresql_seconds()
        client, began = time.process_time(), time.perf_counter()
        yield
        took, spent = time.perf_counter() - began, time.process_time() - client
        before = self._spent.get(name, (0, 0.0, 0.0, 0.0))
        added = (rows, took, spent, self._postgresql_seconds() - postgresql)
        self._spent[name] = tuple(map(sum, zip(before, added, strict=True)))  # type: ignore[assignment]

    def _count(self, name: str, rows: int) -> None:
        """Say how many rows a step had, where that is known only after it."""
        self._spent[name] = (rows, *self._spent[name][1:])

    def _postgresql_seconds(self) -> float:
        return processes.cpu_seconds(processes.family(self._postgresql))
