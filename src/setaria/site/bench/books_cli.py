"""`setaria bench --books`: on a PostgreSQL of its own, with the table of what was measured."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table

from setaria.site.bench.environment import Environment, describe, look
from setaria.site.embedded import EmbeddedPostgres, temporary_postgres
from setaria.site.rush.report import screen

if TYPE_CHECKING:
    from setaria.site.bench.books import Size, Step

QUICK, USUAL, FULL = (1_000, 10_000), (10_000, 100_000), (10_000, 100_000, 1_000_000)  # orders
SLOWEST = 8


def main(quick: bool, full: bool, json_file: Path | None) -> int:
    """Measure and print; 1 where the ledger could not be made, or its books are not what they must be."""
    console = screen()
    with temporary_postgres(durable=True) as server, tempfile.TemporaryDirectory() as folder:
        _use_django(server)
        from setaria.site.bench.books import Wrong
        from setaria.site.bench.ledger import NotMade

        environment = look(server.url("setaria"))
        try:
            sizes = _measure(console, server, QUICK if quick else FULL if full else USUAL, Path(folder))
        except (NotMade, Wrong) as error:
            console.print(f"[red]✗[/] {escape(str(error))}")
            return 1
    show(console, environment, sizes)
    if json_file is not None:
        found = {"environment": environment, "sizes": sizes}
        json_file.write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=2) + b"\n")
    return 0


def show(console: Console, environment: Environment, sizes: Sequence[Size]) -> None:
    """Print what was measured on and what was measured, a column a size."""
    console.print(describe(environment))
    first, last = sizes[0], sizes[-1]
    headings = [f"{size.orders:,} orders" for size in sizes]
    table = Table("what", *headings, "processors' time, ours + PostgreSQL's", "÷ linear")
    for steps in zip(*(size.steps for size in sizes), strict=True):
        spent = f"{steps[-1].client_cpu:.1f} + {steps[-1].postgresql_cpu:.1f} s"
        grown = growth(steps[0], steps[-1], last.orders / first.orders)
        table.add_row(steps[-1].name, *map(_cell, steps), spent, f"{grown:.2f}")
    console.print(table)
    table = Table("the audit's slowest", *headings, "rows")
    for one in last.invariants[:SLOWEST]:
        times = [next(each.seconds for each in size.invariants if each.name == one.name) for size in sizes]
        table.add_row(one.name, *(f"{seconds:.2f} s" for seconds in times), f"{one.rows:,}")
    console.print(table)
    console.print("÷ linear: how much longer it took at the last size than at the first, by how much more there was.")


def growth(first: Step, last: Step, more: float) -> float:
    """How a step's time grew by how much more it had to do; of one that always has as many rows, by `more` orders."""
    if first.rows != last.rows:
        more = last.rows / first.rows
    return last.seconds / max(first.seconds, 1e-6) / more


def _cell(step: Step) -> str:
    """Seconds, and how many rows a second where that is what counts."""
    rate = f" ({step.rows / step.seconds:,.0f}/s)" if step.rows >= 1_000 and step.seconds else ""
    return f"{step.seconds:.3f} s{rate}"


def _measure(console: Console, server: EmbeddedPostgres, sizes: Sequence[int], folder: Path) -> list[Size]:
    from setaria.site.bench.books import measure

    assert server.process is not None, "it was started"
    found = []
    with Progress(console=console, disable=not console.is_terminal, transient=True) as progress:
        task = progress.add_task("", total=sizes[-1])
        for size in measure(
            server.process.pid, sizes, folder,
            lambda text, orders: progress.update(task, advance=orders, description=text),
        ):  # fmt: skip
            progress.console.print(f"measured at {size.orders:,} orders")
            found.append(size)
    return found


def _use_django(server: EmbeddedPostgres) -> None:
    os.environ |= {"DATABASE_URL": server.url("setaria"), "SETARIA_SECRET_KEY": secrets.token_urlsafe(48)}
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "setaria.site.settings")
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
