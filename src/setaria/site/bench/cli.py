"""`setaria bench`: the goals that are about orders and about pages, measured on this machine."""

from __future__ import annotations

import os
from functools import partial
from itertools import chain
from pathlib import Path

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table

from setaria.site.bench import ground
from setaria.site.bench.environment import Environment, describe, look
from setaria.site.bench.pairs import Outcome
from setaria.site.rush.instance import Instance, NoInstance, temporary
from setaria.site.rush.processes import processor_ticks
from setaria.site.rush.report import screen

STOLEN_WORTH_TELLING = 0.02
QUICK, USUAL, FULL = (3, 1.5, 40_000), (5, 4.0, 200_000), (9, 8.0, 1_000_000)  # pairs, seconds each, orders


class Result(msgspec.Struct, frozen=True):
    """Everything a run of the benchmark found."""

    environment: Environment
    pairs: int
    seconds: float
    web: int  # processes that serve
    outcomes: list[Outcome]
    baseline_threads: int
    orders_per_second: float  # durable ones through the gate, at its best; what a campaign's check goes by
    stolen: float  # share of the processors' time that a hypervisor gave to other machines meanwhile


def main(quick: bool, full: bool, json_file: Path | None, pages_only: bool = False, web: int = 1) -> int:
    """Measure and print; 0 even where a goal is missed (it says so), 1 if nothing could be measured."""
    console = screen()
    try:
        with temporary(web=web) as instance, ground.naive(instance) as naive_url:
            result = measure(console, instance, naive_url, QUICK if quick else FULL if full else USUAL, pages_only)
    except NoInstance as error:
        console.print(f"[red]✗[/] {escape(str(error))}")
        return 1
    show(console, result)
    if json_file is not None:
        json_file.write_bytes(msgspec.json.format(msgspec.json.encode(result), indent=2) + b"\n")
    return 0


def measure(
    console: Console, instance: Instance, naive_url: str, effort: tuple[int, float, int], pages_only: bool
) -> Result:
    """Measure every goal against a running instance and its baseline, or those about pages only."""
    _use_django(instance)
    from setaria.site.bench import pages
    from setaria.site.bench.goals import LOAD, WALLS, Effort, Goals, helper, samples  # need Django set up

    planned = Effort(*effort)
    environment = look(instance.database_url)
    ticks, stolen = processor_ticks()
    outcomes = []
    progress = Progress(console=console, disable=not console.is_terminal, transient=True)
    with progress, helper(LOAD, "load") as load, helper(WALLS, "screens") as walls:
        task = progress.add_task("", total=samples(planned))
        goals = Goals(
            instance, naive_url, planned, lambda text: progress.update(task, advance=1, description=escape(text))
        )
        tell = partial(progress.update, task, advance=1)
        about_pages = pages.measure(
            instance, load, planned.seconds, planned.pairs, lambda text: tell(description=escape(text))
        )
        # Pages before orders: what a rush leaves to do, books and lapsed orders, keeps the worker busy long after it.
        first, last = ((), ()) if pages_only else ([goals.idle()], goals.measure(load, walls))
        for outcome in chain(first, about_pages, last):
            outcomes.append(outcome)
            progress.console.print(line(outcome), highlight=False)
    ticks_after, stolen_after = processor_ticks()
    share = (stolen_after - stolen) / max(1, ticks_after - ticks)
    outcomes.sort(key=lambda outcome: outcome.goal.number)
    return Result(
        environment,
        planned.pairs,
        planned.seconds,
        len(instance.parts("web")),
        outcomes,
        goals.baseline_threads,
        max((outcome.above for outcome in outcomes if outcome.goal.number == 1), default=0.0),
        round(share, 3),
    )


def line(o: Outcome) -> str:
    """Say in one line what was wanted and what was found."""
    mark = "[green]✓[/]" if o.reached else "[red]✗[/]"
    return f"{mark} {escape(o.goal.name)}: {o.measured:g} ({o.goal.sign} {o.goal.wanted:g})"


def show(console: Console, result: Result) -> None:
    """Print the environment and the goals."""
    console.print(describe(result.environment))
    table = Table("goal", "what", "wanted", "median", "min–max", "reached", "behind it")
    for o in result.outcomes:
        table.add_row(
            str(o.goal.number), o.goal.name, f"{o.goal.sign} {o.goal.wanted:g}", f"{o.measured:g}",
            f"{o.lowest:g}–{o.highest:g}", "[green]yes[/]" if o.reached else "[red]no[/]", o.told,
        )  # fmt: skip
    console.print(table)
    for o in result.outcomes:
        if o.cpu_us:
            spent = ", ".join(f"{name} {us:.0f}" for name, us in o.cpu_us.items())
            console.print(f"Processor time of an order, µs ({o.goal.name}): {spent}")
    if result.stolen >= STOLEN_WORTH_TELLING:
        console.print(
            f"[yellow]A hypervisor gave {result.stolen:.0%} of the processors' time to others meanwhile:[/] rates are "
            "lower for it, and ratios of what needs several processes at once to what needs one are, too."
        )
    console.print(
        f"{result.pairs} pairs of {result.seconds:g} s in turn, web processes: {result.web}; the load "
        "generator and the walls share the cores. "
        f"The baseline had {result.baseline_threads} threads, its best."
    )


def _use_django(instance: Instance) -> None:
    os.environ |= {"DATABASE_URL": instance.database_url, "SETARIA_SECRET_KEY": instance.secret}
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "setaria.site.settings")
    import django

    django.setup()
