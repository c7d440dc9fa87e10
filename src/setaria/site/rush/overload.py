"""`setaria rush overload`: find what can be served, then let five times as many come, and see what holds.

Twice (at a small scale only the first): once with a database that is made slow (a trigger lets each order cost it so much time), so that what can be
served is the database's doing and the gate, the crowd and the pages have the processors; and once as the machine is,
where the crowd of five times needs more of the same processors than there are. Goal 6 is judged by the first.
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from multiprocessing.connection import Connection as Pipe
from pathlib import Path

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from setaria.site.bench.load import Measured, Sample
from setaria.site.rush import instance as instances
from setaria.site.rush import report
from setaria.site.rush.cli import use_django
from setaria.site.rush.instance import Instance, NoInstance
from setaria.site.rush.pressure import Press, Pressed, serve
from setaria.site.rush.report import Latency
from setaria.site.rush.scenario import Item, Manners, Scenario
from setaria.site.rush.watch import Watch, Watched

TIMES = 5.0
SCALE_OF_BOTH_MIN = 0.5  # a shorter one is for the judged stretch only
ACCEPTED_SHARE_MIN = 0.95
REFUSED_MS_MAX = 10.0
MEMORY_GROWTH_MAX = 1.1  # from one half of the overload to the other: what is bounded is full by then
BRAKE_SECONDS_EACH = 0.0008  # what an order costs the slow database
UNITS, PRICE, CUSTOMERS, LIMIT = 1_000_000_000, 199_900, 20_000, 10_000
PEAK_CONNECTIONS = 256
PEAK_SECONDS, OVERLOAD_SECONDS, WARM_SECONDS = 5.0, 12.0, 2.0
# Each holds one order that waits; the gate lets a second's worth wait, and refusals take some, too.
CONNECTIONS_MAX = 3_500
OFFERED_PER_SECOND_MAX = 30_000  # more than one process in Python can send

_BRAKE = """
    CREATE FUNCTION rush_brake() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_sleep((SELECT count(*) FROM fresh) * {seconds}); RETURN NULL; END $$;
    CREATE TRIGGER rush_brake AFTER INSERT ON orders_order REFERENCING NEW TABLE AS fresh
        FOR EACH STATEMENT EXECUTE FUNCTION rush_brake();
"""
_NO_BRAKE = "DROP TRIGGER rush_brake ON orders_order; DROP FUNCTION rush_brake();"


class Stretch(msgspec.Struct, frozen=True):
    """One peak and the overload after it."""

    name: str
    judged: bool
    peaks_per_second: tuple[float, float]  # before and after the overload: machines drift
    peak_ms: tuple[float, float]  # p50, p99
    offered_per_second: float
    pressed: Pressed
    watched: Watched
    unknown_orders: int  # acknowledged and not there
    seconds: float

    @property
    def peak_per_second(self) -> float:
        """The mean of both peaks."""
        return sum(self.peaks_per_second) / 2

    @property
    def accepted_share(self) -> float:
        """Accepted orders a second, of the peak's."""
        return self.pressed.placed_per_second / self.peak_per_second

    @property
    def goals(self) -> dict[str, bool]:
        """What must hold, and whether it does."""
        watched, refusing = self.watched, self.pressed.refusing_ms
        return {
            f"accepted at least {ACCEPTED_SHARE_MIN:.0%} of the peak": self.accepted_share >= ACCEPTED_SHARE_MIN,
            f"half of all refusals within {REFUSED_MS_MAX:.0f} ms, as the client sees them": refusing is not None
            and refusing.p50 <= REFUSED_MS_MAX,
            f"the server's part of a refusal within {REFUSED_MS_MAX:.0f} ms, 99 of 100": watched.turn_ms.get("p99", 1e9)
            <= REFUSED_MS_MAX,
            "every page answered": set(watched.pages) == {"200"},
            "the gate's memory does not grow": watched.gate_mb_second_half
            <= MEMORY_GROWTH_MAX * watched.gate_mb_first_half,
            "every acknowledged order is there": self.unknown_orders == 0,
        }


class Overload(msgspec.Struct, frozen=True):
    """What an overload showed, as a value and as JSON."""

    times: float
    scale: float
    seed: int
    stretches: list[Stretch]
    audit_broken: list[str]
    audit_rows: int

    @property
    def reached(self) -> bool:
        """Whether everything held in the stretches that are judged, and the audit found nothing anywhere."""
        held = all(all(stretch.goals.values()) for stretch in self.stretches if stretch.judged)
        return held and self.sound

    @property
    def sound(self) -> bool:
        """Whether nothing was lost or miscounted, whatever the speed."""
        return not self.audit_broken and not any(stretch.unknown_orders for stretch in self.stretches)


def main(scale: float | None, seed: int, url: str | None, json_file: Path | None) -> int:
    """Overload an instance of our own and print what held: 0 if nothing was lost, 1 if so, 2 if it could not be tried.

    `scale` shortens or lengthens it. Speed does not change the exit code, since it is the machine's; the report says
    of each goal whether it was reached.
    """
    console = report.screen()
    if url:
        console.print("[red]✗[/] An overload slows its database down: leave out the address.")
        return 2
    try:
        with instances.temporary() as instance, pressing() as pipe:
            use_django(instance)
            overload = _overload(console, instance, pipe, scale or 1.0, seed)
    except NoInstance as error:
        console.print(f"[red]✗[/] {escape(str(error))}")
        return 2
    show(console, overload)
    if json_file is not None:
        json_file.write_bytes(msgspec.json.format(msgspec.json.encode(overload), indent=2) + b"\n")
    return 0 if overload.sound else 1


def _overload(console: Console, instance: Instance, pipe: Pipe, scale: float, seed: int) -> Overload:
    from setaria.kernel.invariants import check_all
    from setaria.site.rush.stage import Stage, set_stage

    item = Item("HOT", {"en": "One hot product"}, PRICE, UNITS, 1.0, LIMIT)
    crowd = Scenario("Overload", "", CUSTOMERS, 1.0, 2, [(0.0, 1.0)], Manners(), [item], 3600)
    stage: Stage = set_stage(crowd, "overload", timedelta(seconds=1))
    time.sleep(2.0)  # until it is open and the gate has seen it

    def stretch(name: str, judged: bool) -> Stretch:
        found = _stretch(name, judged, instance, pipe, stage, scale, seed)
        console.print(
            f"[green]✓[/] {name}: {found.peak_per_second:,.0f} orders/s, and {found.pressed.placed_per_second:,.0f} "
            f"when {found.offered_per_second:,.0f}/s came  [dim]{found.seconds:.1f} s[/]"
        )
        return found

    _run(_BRAKE.format(seconds=BRAKE_SECONDS_EACH))
    slow = stretch(f"A slow database ({BRAKE_SECONDS_EACH * 1000:g} ms an order)", True)
    _run(_NO_BRAKE)
    both = [slow]
    if scale >= SCALE_OF_BOTH_MIN:
        both.append(stretch("This machine as it is (the crowd shares its processors)", False))
    findings = list(check_all())
    return Overload(
        times=TIMES, scale=scale, seed=seed, stretches=both,
        audit_broken=[finding.name for finding in findings if not finding.holds],
        audit_rows=sum(finding.rows for finding in findings),
    )  # fmt: skip


def _stretch(
    name: str, judged: bool, instance: Instance, pipe: Pipe, stage: object, scale: float, seed: int
) -> Stretch:
    from setaria.site.rush.stage import Stage

    assert isinstance(stage, Stage)
    began = time.monotonic()
    sample = Sample(
        url=instance.url, path=f"/rush/{stage.slug}/orders", connections=PEAK_CONNECTIONS,
        seconds=max(1.0, PEAK_SECONDS * scale), warm_seconds=WARM_SECONDS * min(1.0, scale), drop_id=stage.drop_id,
        skus=stage.skus, price=PRICE, secret=instance.secret, per_second_max=0,
    )  # fmt: skip
    pipe.send(Press(sample, 0.0, stage.customer_ids, seed))
    peak: Measured = pipe.recv()
    offered = min(TIMES * peak.per_second, OFFERED_PER_SECOND_MAX)
    wide = msgspec.structs.replace(sample, connections=CONNECTIONS_MAX, seconds=max(1.0, OVERLOAD_SECONDS * scale))
    with Watch(instance, ["/", f"/products/{stage.skus[0].lower()}/"]) as watch:
        pipe.send(Press(wide, offered, stage.customer_ids, seed + 1))
        pressed: Pressed = pipe.recv()
    watched = watch.told()
    pipe.send(Press(sample, 0.0, stage.customer_ids, seed + 2))
    again: Measured = pipe.recv()
    return Stretch(
        name=name, judged=judged, peaks_per_second=(round(peak.per_second, 1), round(again.per_second, 1)), peak_ms=(peak.p50_ms, peak.p99_ms),
        offered_per_second=round(offered, 1), pressed=msgspec.structs.replace(pressed, placed=[]),
        watched=watched, unknown_orders=_unknown(pressed.placed), seconds=round(time.monotonic() - began, 1),
    )  # fmt: skip


def _unknown(placed: list[bytes]) -> int:
    from uuid import UUID

    from django.db import connection

    with connection.cursor() as cursor:
        ids = [UUID(bytes=order) for order in placed]
        cursor.execute("SELECT count(*) FROM orders_order WHERE id = ANY(%s)", [ids])
        return len(set(ids)) - int(cursor.fetchone()[0])


def _run(sql: str) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(sql)


@contextmanager
def pressing() -> Iterator[Pipe]:
    """Run the crowd in a process of its own; send it Presses."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs,), name="pressure")
    process.start()
    theirs.close()
    try:
        yield ours
    finally:
        ours.close()
        process.join(10)
        if process.is_alive():
            process.kill()


def show(console: Console, overload: Overload) -> None:
    """Print the figures and what was reached."""
    table = Table(title=f"{overload.times:g} times what can be served", title_justify="left")
    table.add_column()
    for stretch in overload.stretches:
        table.add_column(escape(stretch.name), justify="right")
    for name, *values in zip(*(_rows(stretch) for stretch in overload.stretches), strict=True):
        table.add_row(name[0], *(value[1] for value in (name, *values)))
    console.print(table)
    for stretch in overload.stretches:
        word = "must be" if stretch.judged else "for comparison only"
        console.print(f"[bold]{escape(stretch.name)}[/] ({word})")
        for goal, holds in stretch.goals.items():
            console.print(f"  {'[green]reached[/]' if holds else '[red]not reached[/]'}  {goal}")
    broken = len(overload.audit_broken)
    console.print(f"Audit: {overload.audit_rows:,} rows, {broken} invariants broken.")
    console.print("[green]Reached.[/]" if overload.reached else "[red]Not reached.[/]")


def _rows(s: Stretch) -> list[tuple[str, str]]:
    p, w = s.pressed, s.watched
    return [
        ("peak, orders/s: before, after", "{:,.0f}, {:,.0f}".format(*s.peaks_per_second)),
        ("offered, orders/s", f"{s.offered_per_second:,.0f}"),
        ("accepted, orders/s", f"{p.placed_per_second:,.0f} ({s.accepted_share:.0%})"),
        ("sent, never sent", f"{p.sent:,}, {p.never_sent:,}"),
        ("answers", ", ".join(f"{status}: {n:,}" for status, n in p.answers.items())),
        ("placing, ms: p50, p99", _ms(p.placing_ms)),
        ("refusing, ms: p50, p99 (at the client)", _ms(p.refusing_ms)),
        ("event loop's turn, ms: p50, p99 (at the server)", f"≤ {w.turn_ms.get('p50', 0):g}, {w.turn_ms.get('p99', 0):g}"),
        ("sent after it was due, ms: p50, p99", _ms(p.sent_late_ms)),
        ("pages", ", ".join(f"{status}: {n:,}" for status, n in w.pages.items())),
        ("pages, ms: p50, p99", _ms(w.pages_ms)),
        ("memory, MB: before, peak, after", f"{w.memory_mb_before:,.0f}, {w.memory_mb_peak:,.0f}, {w.memory_mb_after:,.0f}"),
        ("the gate's, MB: most in either half", f"{w.gate_mb_first_half:,.0f}, {w.gate_mb_second_half:,.0f}"),
        ("the gate waited for a processor", f"{w.processor_wait_share:.0%} of the time"),
        ("longest queue at the door (shortest bound)", f"{w.lengths_max.get('gate_waiting orders', 0):,.0f} ({w.room_min:,.0f})"),
        ("pages busy at most", f"{w.lengths_max.get('pages_busy', 0):,.0f}"),
        ("the crowd's own share of a core", f"{p.cpu_share:.0%}"),
    ]  # fmt: skip


def _ms(value: Latency | None) -> str:
    return "-" if value is None else f"{value.p50:,.1f}, {value.p99:,.1f}"
