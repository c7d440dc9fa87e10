"""`setaria faults`: rush after rush against one instance whose parts, line, disk and clocks break; each reckoned up."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from random import Random

import msgspec
from rich.console import Console
from rich.table import Table

from setaria.site.binaries import DatabaseServerError
from setaria.site.faults.database import Database, Disk, disk, kill
from setaria.site.faults.plan import CLOCK, DISK_FULL, JUMP_SECONDS_MAX, plan
from setaria.site.faults.proxy import Fault, Proxy
from setaria.site.home import Home
from setaria.site.rush import kills as killing
from setaria.site.rush.cli import CrowdFailed, Rush, use_django
from setaria.site.rush.instance import Instance, NoInstance, temporary
from setaria.site.rush.kills import Action
from setaria.site.rush.report import Report, screen
from setaria.site.rush.scenario import NoScenario, Scenario, load

KILLS_EACH = 8  # a rush
DISK_EVERY = 4  # rushes


class Round(msgspec.Struct, frozen=True):
    """One rush: what was broken, and how it ended. `broken`: statements and invariants that did not hold."""

    seed: int
    seconds: float
    kills: dict[str, int]
    others: dict[str, int]
    line: dict[str, int]  # faults of the line that met a commit
    requests: int
    placed: int
    lost_connections: int
    unsure: int
    wall_is_right: bool
    broken: dict[str, int]

    @property
    def clean(self) -> bool:
        """Whether everything held."""
        return not self.broken and self.wall_is_right


class Faults(msgspec.Struct, frozen=True):
    """All rushes of a run."""

    scenario: str
    seed: int
    web: int
    disk_was_limited: bool
    database_starts: int
    seconds: float
    rounds: list[Round]

    @property
    def kills(self) -> int:
        """How many parts were killed in all."""
        return sum(sum(each.kills.values()) for each in self.rounds)


def main(kills: int, seed: int, scenario: str, web: int, json_file: Path | None) -> int:
    """Break things until so many parts were killed; 0 when every rush was clean, 1 when not, 2 when it could not be."""
    console = screen()
    try:
        chosen = load(scenario)
        with ExitStack() as stack:
            breaking = Breaking(console, stack, chosen.scaled(chosen.scale), seed, web)
            result = breaking.run(Path(scenario).stem, kills)
    except (NoScenario, NoInstance, CrowdFailed, DatabaseServerError) as error:
        console.print(f"[red]✗[/] {error}", markup=True)
        return 2
    show(console, result)
    if json_file is not None:
        json_file.write_bytes(msgspec.json.format(msgspec.json.encode(result), indent=2) + b"\n")
    return 0 if all(each.clean for each in result.rounds) else 1


class Breaking:
    """An instance with everything around it that can break."""

    def __init__(self, console: Console, stack: ExitStack, scenario: Scenario, seed: int, web: int) -> None:
        self._console, self._scenario, self._seed, self._web = console, scenario, seed, web
        self._disk: Disk = stack.enter_context(disk())
        if not self._disk.limited:
            console.print("[dim]The disk is not filled: that takes a file system of its own, and root to mount it.[/]")
        self._database = stack.enter_context(Database(Home(self._disk.folder / "home")))
        self._proxy = stack.enter_context(Proxy(self._database.socket, seed))
        self._wrong_by = self._disk.folder.parent / "clock-wrong-by"
        self._jumps = Random(seed + 11)
        self._jump()
        started = stack.enter_context(
            temporary(
                web=web,
                variables={
                    "DATABASE_URL": self._proxy.url("setaria"),
                    "SETARIA_CLOCK_WRONG_BY": str(self._wrong_by),
                },
            )
        )
        # We ourselves speak to the database directly.
        self._instance: Instance = replace(started, database_url=self._database.url)
        use_django(self._instance)

    def run(self, name: str, kills: int) -> Faults:
        """Play as many rushes as it takes."""
        began = time.monotonic()
        rounds: list[Round] = []
        left = kills
        while left > 0 or not rounds:
            number = len(rounds)
            rounds.append(self._round(name, self._seed + number, min(left, KILLS_EACH), number % DISK_EVERY == 1))
            left -= max(1, sum(rounds[-1].kills.values()))
            self._tell(rounds[-1], kills - left, kills)
        return Faults(
            scenario=name, seed=self._seed, web=self._web, disk_was_limited=self._disk.limited,
            database_starts=self._database.starts, seconds=round(time.monotonic() - began, 1), rounds=rounds,
        )  # fmt: skip

    def _round(self, name: str, seed: int, kills: int, fill: bool) -> Round:
        planned = plan(seed, kills, self._scenario.seconds, disk=fill and self._disk.limited)
        before = Counter(self._proxy.hits)
        began = time.monotonic()
        quiet = Console(quiet=True)
        report = Rush(quiet, name, self._scenario, seed, planned).play(self._instance, self._actions(seed))
        self._proxy.disarm()
        self._disk.close()
        return _round(seed, time.monotonic() - began, report, self._proxy.hits - before)

    def _actions(self, seed: int) -> Mapping[str, Action]:
        known = killing.actions(self._instance, seed)
        known["postgres"] = lambda: kill(self._database.pids())
        known[CLOCK] = self._jump
        known[DISK_FULL] = self._disk.fill
        for fault in Fault:
            known[fault.value] = lambda fault=fault: self._proxy.arm(fault)  # type: ignore[misc]
        return known

    def _jump(self) -> bool:
        draft = self._wrong_by.with_suffix(".new")
        draft.write_text(f"{self._jumps.uniform(-JUMP_SECONDS_MAX, JUMP_SECONDS_MAX):.3f}")
        draft.replace(self._wrong_by)
        return True

    def _tell(self, done: Round, kills: int, wanted: int) -> None:
        mark = "[green]✓[/]" if done.clean else "[red]✗[/]"
        broken = ", ".join(f"{name}: {count}" for name, count in done.broken.items())
        self._console.print(
            f"{mark} seed {done.seed}: {sum(done.kills.values())} killed ({kills} of {wanted}), "
            f"{sum(done.line.values())} faults of the line, {done.placed:,} orders, {done.unsure:,} unsure answers, "
            f"{done.seconds:.0f} s {broken}"
        )


def _round(seed: int, seconds: float, report: Report, hits: Counter[str]) -> Round:
    made = Counter(name for _, name in report.kills)
    broken = {name: count for name, count in report.reckoning.items() if count}
    return Round(
        seed=seed,
        seconds=round(seconds, 1),
        kills={name: made[name] for name in killing.PARTS if made[name]},
        others={name: made[name] for name in (CLOCK, DISK_FULL) if made[name]},
        line=dict(hits),
        requests=report.requests,
        placed=report.placed,
        lost_connections=report.lost_connections - report.cut_connections,
        unsure=report.refused_answers.get("UNSURE", 0),
        wall_is_right=report.wall_is_right,
        broken=broken | dict.fromkeys(report.audit_broken, 1),
    )


def show(console: Console, result: Faults) -> None:
    """Print what was broken in all, and what came of it."""
    table = Table(title="Broken on purpose", title_justify="left", show_header=False)
    table.add_column()
    table.add_column(justify="right")
    for kind in ("kills", "line", "others"):
        total: Counter[str] = Counter()
        for each in result.rounds:
            total.update(getattr(each, kind))
        for name, count in sorted(total.items()):
            table.add_row(f"killed: {name}" if kind == "kills" else name, f"{count:,}")
    for name, text in (("requests", "requests"), ("placed", "orders placed"), ("unsure", "answers: cannot tell yet"),
                       ("lost_connections", "connections lost by the crowd")):  # fmt: skip
        table.add_row(text, f"{sum(getattr(each, name) for each in result.rounds):,}")
    console.print(table)
    clean = sum(each.clean for each in result.rounds)
    colour = "green" if clean == len(result.rounds) else "red"
    console.print(
        f"[{colour}]{clean} of {len(result.rounds)} rushes clean[/] with {result.kills} kills in {result.seconds:.0f} s: "
        "every acknowledged order there, none twice, none that nobody wanted, arrival order kept, every invariant held."
        if clean == len(result.rounds)
        else f"[{colour}]{len(result.rounds) - clean} of {len(result.rounds)} rushes NOT clean[/]; "
        f"`setaria faults --kills {KILLS_EACH} --seed N` plays one again."
    )
