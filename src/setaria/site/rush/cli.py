"""`setaria rush`: start or find an instance, set the stage, let the crowd in, and reckon up."""

from __future__ import annotations

import importlib
import multiprocessing
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from multiprocessing.connection import Connection as Pipe
from pathlib import Path

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from setaria.site.rush import instance as instances
from setaria.site.rush import report
from setaria.site.rush.instance import Instance, NoInstance
from setaria.site.rush.kills import Action, Troubles, actions, kills_at, restarts_at
from setaria.site.rush.notes import Evidence, Plan, Ready, Tally
from setaria.site.rush.play import perform
from setaria.site.rush.report import Report
from setaria.site.rush.scenario import NoScenario, Preorder, Scenario, load

OPENS_SECONDS_MIN = 5.0
PREPARED_PER_SECOND = 12_000  # requests, on a slow core, while the crowd gets ready before the opening

# Rehearsals that are more than a crowd from a file: modules with a `main(scale, seed, url, json_file)`.
PLAYS = {"overload": "setaria.site.rush.overload", "bots": "setaria.site.rush.bots"}


class CrowdFailed(Exception):
    """The crowd's process ended before its notes were complete."""


def main(
    scenario: str,
    scale: float | None,
    seed: int,
    url: str | None,
    json_file: Path | None,
    kills: int = 0,
    web: int = 1,
    restarts: int = 0,
) -> int:
    """Play a scenario and print what became of it; 0 if nothing was lost, doubled or oversold, else 1.

    Its own instance has `web` web processes. `kills`: so many times a part of it is killed in the middle; `restarts`:
    so often it is started anew by `setaria restart`. 2 means it could not be played.
    """
    if scenario in PLAYS:
        code: int = importlib.import_module(PLAYS[scenario]).main(scale, seed, url, json_file)
        return code
    console = report.screen()
    try:
        whole = load(scenario)
        chosen = whole.scaled(scale or whole.scale)
        if url and (kills or restarts):
            raise NoInstance("Only parts of an instance of our own can be killed or restarted: leave out the address.")
        troubles = kills_at(kills, seed, chosen.seconds) + restarts_at(restarts, chosen.seconds)
        with ExitStack() as stack:
            rush = _kind(chosen)(console, Path(scenario).stem, chosen, seed, troubles)
            if url:
                instance = instances.running(url)
            else:
                with rush.step("An instance of our own"):
                    instance = stack.enter_context(instances.temporary(web=web))
            use_django(instance)
            result = rush.play(instance, actions(instance, seed))
            if json_file is not None:
                json_file.write_bytes(msgspec.json.format(msgspec.json.encode(result), indent=2) + b"\n")
            return 0 if result.clean else 1
    except (NoScenario, NoInstance, CrowdFailed) as error:
        console.print(f"[red]✗[/] {escape(str(error))}")
        return 2


def _kind(scenario: Scenario) -> type[Rush]:
    if not isinstance(scenario, Preorder):
        return Rush
    from setaria.site.rush.preorder.rehearsal import PreorderRush

    return PreorderRush


class Rush:
    """One rehearsal, step by step."""

    perform: Callable[[Plan, Pipe], None] = staticmethod(perform)  # the crowd's, in a process of its own

    def __init__(
        self, console: Console, name: str, scenario: Scenario, seed: int, troubles: list[tuple[float, str]]
    ) -> None:
        """`troubles`: (seconds after opening, name of an action that `play` is given)."""
        self._console, self._name, self._scenario, self._seed = console, name, scenario, seed
        self._troubles = troubles
        self.seconds: dict[str, float] = {}

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Time a step, and say that it is done."""
        began = time.monotonic()
        yield
        self.seconds[title] = round(time.monotonic() - began, 1)
        self._console.print(f"[green]✓[/] {title}  [dim]{self.seconds[title]:.1f} s[/]")

    def play(self, instance: Instance, actions: Mapping[str, Action]) -> Report:
        """Take every step after there is an instance, which this process's Django uses; print and return the report."""
        from setaria.site.rush import aftermath
        from setaria.site.rush.stage import set_stage

        scenario = self._scenario
        self._console.print(f"[bold]{escape(scenario.title)}[/]  [dim]{escape(scenario.source)}[/]")
        ahead = OPENS_SECONDS_MIN + scenario.shoppers * (1 + scenario.wanting_twice) / PREPARED_PER_SECOND
        run = f"r{int(time.time()) % 36**5:x}s{self._seed % 4096:x}"
        with self.step(f"{scenario.shoppers:,} customers, stock, the drop"):
            stage = set_stage(scenario, run, timedelta(seconds=ahead))
        plan = Plan(
            scenario=scenario, seed=self._seed, url=instance.url, slug=stage.slug, drop_id=stage.drop_id,
            opens_at=stage.opens_at.timestamp(), skus=stage.skus, customer_ids=stage.customer_ids,
            currency=stage.currency,
            secret=instance.secret,
        )  # fmt: skip
        with self.step("The rush"):
            evidence, done = self._let_in(actions, plan)
        with self.step("Every order settled"):
            aftermath.await_settled(stage, scenario)
        with self.step("The reckoning"):
            result, statements, findings = aftermath.reckon_up(
                self._name, scenario, self._seed, stage, evidence, done, self.seconds
            )
        report.show(self._console, result, statements, findings)
        return result

    def _let_in(self, actions: Mapping[str, Action], plan: Plan) -> tuple[Evidence, list[tuple[float, str]]]:
        """Run the crowd in a process of its own; show how it goes, make the troubles, and return those made."""
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe(duplex=False)
        crowd = context.Process(target=self.perform, args=(plan, theirs), name="crowd")
        crowd.start()
        theirs.close()
        troubles = Troubles(self._troubles, actions, plan.opens_at)
        try:
            with self._progress() as progress:
                task = progress.add_task("", total=None, placed=0, paid=0, refused=0, rate=0)
                before = (time.monotonic(), 0)
                while True:
                    if ours.poll(0.05):
                        match ours.recv():
                            case Evidence() as evidence:
                                return evidence, troubles.done
                            case Ready(wishes):
                                progress.update(task, total=wishes)
                            case Tally(settled, placed, paid, refused):
                                seconds = max(1e-3, time.monotonic() - before[0])
                                rate = (placed - before[1]) / seconds
                                before = (time.monotonic(), placed)
                                progress.update(
                                    task, completed=settled, placed=placed, paid=paid, refused=refused, rate=rate
                                )
                    troubles.look()
        except EOFError:
            raise CrowdFailed("The crowd's process ended early; what it said is above.") from None
        finally:
            ours.close()
            crowd.join(5)
            if crowd.is_alive():
                crowd.kill()

    def _progress(self) -> Progress:
        return Progress(
            TextColumn("[bold]placed {task.fields[placed]:,}  paid {task.fields[paid]:,}"),
            BarColumn(),
            TextColumn("refused {task.fields[refused]:,}  {task.fields[rate]:,.0f} orders/s"),
            TimeElapsedColumn(),
            console=self._console,
            refresh_per_second=4,
            disable=not self._console.is_terminal,
            transient=True,
        )


def use_django(instance: Instance) -> None:
    """Point this process's Django at the instance; it must not have been set up before."""
    os.environ["DATABASE_URL"] = instance.database_url
    os.environ["SETARIA_SECRET_KEY"] = instance.secret
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "setaria.site.settings")
    import django

    django.setup()
