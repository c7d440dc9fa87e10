"""`setaria bench`: the goals that are about orders, measured on this machine."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from multiprocessing.connection import Connection as Pipe
from pathlib import Path

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table

from setaria.site.bench import ground
from setaria.site.bench.environment import Environment, look
from setaria.site.bench.ground import PRICE, Ground
from setaria.site.bench.load import Measured, Sample, serve
from setaria.site.bench.pairs import Outcome, compare
from setaria.site.rush.instance import Instance, NoInstance, temporary
from setaria.site.rush.processes import processor_ticks
from setaria.site.rush.report import screen

THREADS_TRIED = (2, 4, 8, 16)
WARM_SECONDS = 0.5
PER_SECOND_FIRST = 14_000  # requests prepared for the first sample of a kind; later ones go by what was seen
PREPARED_BEYOND = 1.6
CONNECTIONS = 256
STOLEN_WORTH_TELLING = 0.02


class Effort(msgspec.Struct, frozen=True):
    """How long is measured: so many pairs of samples of so many seconds."""

    pairs: int
    seconds: float


QUICK, USUAL, FULL = Effort(3, 1.5), Effort(5, 4.0), Effort(9, 8.0)


class Result(msgspec.Struct, frozen=True):
    """Everything a run of the benchmark found."""

    environment: Environment
    effort: Effort
    outcomes: list[Outcome]
    baseline_threads: int
    stolen: float  # share of the processors' time that a hypervisor gave to other machines meanwhile


def main(quick: bool, full: bool, json_file: Path | None) -> int:
    """Measure and print; 0 even where a goal is missed (it says so), 1 if nothing could be measured."""
    console = screen()
    effort = QUICK if quick else FULL if full else USUAL
    try:
        with temporary() as instance, ground.naive(instance) as naive_url:
            result = Bench(console, instance, naive_url, effort).run()
    except NoInstance as error:
        console.print(f"[red]✗[/] {escape(str(error))}")
        return 1
    show(console, result)
    if json_file is not None:
        json_file.write_bytes(msgspec.json.format(msgspec.json.encode(result), indent=2) + b"\n")
    return 0


class Bench:
    """One run against one instance."""

    def __init__(self, console: Console, instance: Instance, naive_url: str, effort: Effort) -> None:
        self._console, self._instance, self._naive_url, self._effort = console, instance, naive_url, effort
        self._rates: dict[str, float] = {}

    def run(self) -> Result:
        """Measure every goal in turn."""
        _use_django(self._instance)
        environment = look(self._instance.database_url)
        ticks, stolen = processor_ticks()
        hot = ground.lay("hot", 1)
        samples = self._effort.pairs * 2 * 4 + len(THREADS_TRIED)
        progress = Progress(console=self._console, disable=not self._console.is_terminal, transient=True)
        with progress, generator() as pipe:
            task = progress.add_task("", total=samples)

            def tick(text: str) -> None:
                progress.update(task, advance=1, description=text)

            measure = partial(self._measure, pipe)
            outcomes = [
                compare(
                    f"durable orders ÷ empty requests, {connections:,} connections", goal,
                    partial(measure, hot, connections=connections),
                    partial(measure, hot, connections=connections, path="/rush/empty"),
                    self._effort.pairs, partial(tick, f"orders ÷ empty, {connections}"),
                )
                for connections, goal in ((256, 0.45), (1024, 0.60))
            ]  # fmt: skip
            threads = self._best_threads(measure, hot, partial(tick, "the baseline's threads"))
            outcomes.append(
                compare(
                    "orders ÷ the same one at a time, SELECT … FOR UPDATE", 20.0,
                    partial(measure, hot),
                    partial(measure, hot, path=f"/naive/{threads}/{hot.slug}"),
                    self._effort.pairs, partial(tick, "gate ÷ one at a time"),
                )
            )  # fmt: skip
            wide = ground.lay("wide", ground.WIDE_ITEMS)
            outcomes.append(
                compare(
                    f"one hot product ÷ {ground.WIDE_ITEMS:,} products evenly", 0.90,
                    partial(measure, hot), partial(measure, wide),
                    self._effort.pairs, partial(tick, "hot ÷ even"),
                )
            )  # fmt: skip
        ticks_after, stolen_after = processor_ticks()
        share = (stolen_after - stolen) / max(1, ticks_after - ticks)
        return Result(environment, self._effort, outcomes, threads, round(share, 3))

    def _measure(self, pipe: Pipe, drop: Ground, connections: int = CONNECTIONS, path: str = "") -> Measured:
        kind = f"{path}{drop.slug}{connections}"
        pipe.send(
            Sample(
                url=self._naive_url if path.startswith("/naive") else self._instance.url,
                path=path or f"/rush/{drop.slug}/orders",
                connections=connections,
                seconds=self._effort.seconds,
                warm_seconds=WARM_SECONDS,
                drop_id=drop.drop_id,
                skus=drop.skus,
                price=PRICE,
                secret=self._instance.secret,
                per_second_max=int(self._rates.get(kind, PER_SECOND_FIRST) * PREPARED_BEYOND),
                empty=path == "/rush/empty",
                watched=ground.watched(self._instance),
            )
        )
        measured: Measured = pipe.recv()
        self._rates[kind] = max(measured.per_second, self._rates.get(kind, 0.0), 500.0)
        return measured

    def _best_threads(self, measure: partial[Measured], hot: Ground, tick: partial[None]) -> int:
        """Try some sizes of the baseline's pool and give it its best."""
        rates = {}
        for threads in THREADS_TRIED:
            self._rates[f"/naive/{threads}/{hot.slug}{hot.slug}{CONNECTIONS}"] = 2_000.0
            rates[threads] = measure(hot, path=f"/naive/{threads}/{hot.slug}").per_second
            tick()
        return max(rates, key=lambda threads: rates[threads])


@contextmanager
def generator() -> Iterator[Pipe]:
    """Run the load generator in a process of its own; send it Samples, receive Measured."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs,), name="load")
    process.start()
    theirs.close()
    try:
        yield ours
    finally:
        ours.close()
        process.join(10)
        if process.is_alive():
            process.kill()


def show(console: Console, result: Result) -> None:
    """Print the environment and the goals."""
    e = result.environment
    console.print(
        f"{e.cores} cores ({e.processor}), Python {e.python}, PostgreSQL {e.postgresql}, fsync {e.fsync}, "
        f"synchronous_commit {e.synchronous_commit}, one durable commit {e.commit_ms:.2f} ms, "
        f"load average before {e.load_average_before}"
    )
    table = Table("what", "goal", "median", "min–max", "reached", "rates, /s", "p50, p99, ms", "refused")
    for o in result.outcomes:
        table.add_row(
            o.name, f"≥ {o.goal:g}", f"{o.ratio:.2f}", f"{o.ratio_min:.2f}–{o.ratio_max:.2f}",
            "[green]yes[/]" if o.reached else "[red]no[/]", f"{o.above:,.0f} ÷ {o.below:,.0f}",
            f"{o.above_p50_ms:.1f}, {o.above_p99_ms:.1f}", f"{o.refused_or_lost:,}",
        )  # fmt: skip
    console.print(table)
    for o in result.outcomes:
        spent = ", ".join(f"{name} {us:.0f}" for name, us in o.cpu_us.items())
        console.print(f"Processor time of an order, µs ({o.name}): {spent}")
    if result.stolen >= STOLEN_WORTH_TELLING:
        console.print(
            f"[yellow]A hypervisor gave {result.stolen:.0%} of the processors' time to others meanwhile:[/] rates are "
            "lower for it, and ratios of what needs several processes at once to what needs one are, too."
        )
    console.print(
        f"{result.effort.pairs} pairs of {result.effort.seconds:g} s in turn; the load generator shares the cores. "
        f"The baseline had {result.baseline_threads} threads, its best of {', '.join(map(str, THREADS_TRIED))}."
    )


def _use_django(instance: Instance) -> None:
    os.environ |= {"DATABASE_URL": instance.database_url, "SETARIA_SECRET_KEY": instance.secret}
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "setaria.site.settings")
    import django

    django.setup()
