"""What became of a rush, as a value, as JSON and as tables."""

from __future__ import annotations

from array import array
from collections import Counter

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from setaria.kernel.invariants import Finding
from setaria.site.rush.reckoning import Statement

FEN = 100
PAPER_COLUMNS = 130


class Latency(msgspec.Struct, frozen=True):
    """Milliseconds from the instant a request was due to its answer."""

    p50: float
    p90: float
    p99: float
    max: float


class Passed(msgspec.Struct, frozen=True):
    """An amount (minor units) of paid orders, and when the wall says it was passed, in seconds after opening."""

    amount: int
    seconds: float
    documented_seconds: float | None


class Queue(msgspec.Struct, frozen=True):
    """What a programme's places came to."""

    promised: int
    taken: int
    supplies: list[int]  # units that arrived, one supply after another
    orders: int  # places that became orders, passed on ones included
    passed_on: int  # units whose order lapsed, and that went to the next
    waiting: int  # places that still stand in the queue


class Report(msgspec.Struct, frozen=True):
    """Everything a rush showed. Counts are orders unless their name says otherwise."""

    scenario: str
    title: str
    source: str
    seed: int
    scale: float
    shoppers: int
    connections: int
    placed: int
    paid: int
    expired: int
    paid_amount: int
    refused_answers: dict[str, int]
    wishes_by_last_answer: dict[str, int]
    bank_answers: dict[str, int]
    refunds: int
    orders_per_second_mean: float
    orders_per_second_peak: int
    placing_ms: Latency | None
    refusing_ms: Latency | None
    requests: int
    client_cpu_us_per_request: float
    cut_connections: int
    lost_connections: int
    kills: list[tuple[float, str]]
    passed: list[Passed]
    milestone: int | None
    milestone_seconds: float | None
    milestone_documented_seconds: float | None
    wall_is_right: bool
    reckoning: dict[str, int]
    audit_invariants: int
    audit_rows: int
    audit_broken: list[str]
    seconds: dict[str, float]
    queue: Queue | None = None

    @property
    def clean(self) -> bool:
        """Whether nothing was lost, doubled, oversold or miscounted."""
        return not any(self.reckoning.values()) and not self.audit_broken and self.wall_is_right


def screen() -> Console:
    """Return where tables are printed; wide enough for them where it is not a terminal."""
    console = Console(highlight=False, soft_wrap=True)
    return console if console.is_terminal else Console(highlight=False, soft_wrap=True, width=PAPER_COLUMNS)


def latency(values: array[float]) -> Latency | None:
    """Summarise milliseconds; None where there are none."""
    if not values:
        return None
    ordered = sorted(values)
    return Latency(*(round(ordered[min(len(ordered) - 1, int(len(ordered) * q))], 2) for q in (0.5, 0.9, 0.99, 1.0)))


def mean_and_peak(placed_in_second: Counter[int]) -> tuple[float, int]:
    """Return orders a second: over the time in which nine tenths were placed, and in the best whole second."""
    if not placed_in_second:
        return 0.0, 0
    wanted, total, seconds = 0.9 * sum(placed_in_second.values()), 0, 0
    for second in range(max(placed_in_second) + 1):
        total += placed_in_second[second]
        seconds = second + 1
        if total >= wanted:
            break
    return round(total / seconds, 1), max(placed_in_second.values())


def show(console: Console, report: Report, statements: list[Statement], findings: list[Finding]) -> None:
    """Print the tables."""
    table = Table(title=escape(report.title), title_justify="left", show_header=False)
    table.add_column()
    table.add_column(justify="right")
    for name, value in _rows(report):
        table.add_row(name, value)
    console.print(table)
    must = Table("must be 0", "is", "meaning", title="The reckoning", title_justify="left")
    for statement in statements:
        colour = "red" if statement.count else "green"
        must.add_row(statement.name.replace("_", " "), f"[{colour}]{statement.count:,}[/]", statement.says)
    console.print(must)
    for statement in statements:
        for offender in statement.offenders:
            console.print(f"[red]{statement.name}[/]: {escape(offender)}")
    for finding in findings:
        for offender in finding.offenders:
            console.print(f"[red]{finding.name}[/]: {escape(offender)}")
    broken = len(report.audit_broken)
    colour = "red" if broken else "green"
    console.print(
        f"Audit: {report.audit_invariants} invariants over {report.audit_rows:,} rows, [{colour}]{broken} broken[/]. "
        f"The wall's figures {'are' if report.wall_is_right else '[red]are NOT[/]'} the orders'."
    )


def _rows(r: Report) -> list[tuple[str, str]]:
    rows = [
        ("shoppers (connections)", f"{r.shoppers:,} ({r.connections:,})"),
        *(_queue(r.queue) if r.queue else ()),
        ("orders placed", f"{r.placed:,}"),
        ("  paid", f"{r.paid:,}  (¥{r.paid_amount / FEN:,.0f})"),
        ("  expired", f"{r.expired:,}"),
        ("refunds sent", f"{r.refunds:,}"),
        *((f"refused: {code}", f"{count:,}") for code, count in sorted(r.refused_answers.items())),
        (
            f"{'places' if r.queue else 'orders'} a second: mean, best second",
            f"{r.orders_per_second_mean:,.0f}, {r.orders_per_second_peak:,}",
        ),
        ("placing, ms: p50, p90, p99, max", _ms(r.placing_ms)),
        ("refusing, ms: p50, p90, p99, max", _ms(r.refusing_ms)),
        ("connections cut by buyers, lost", f"{r.cut_connections:,}, {r.lost_connections - r.cut_connections:,}"),
    ]
    rows += [("troubles", ", ".join(f"{name} at {at:.1f} s" for at, name in r.kills))] if r.kills else []
    for passed in r.passed:
        documented = f" (documented: {passed.documented_seconds:.0f} s)" if passed.documented_seconds else ""
        rows.append((f"¥{passed.amount / FEN:,.0f} after", f"{passed.seconds:.1f} s{documented}"))
    if r.milestone and r.milestone_seconds is None:
        rows.append((f"¥{r.milestone / FEN:,.0f}", "not reached"))
    rows.append(("seconds in all", f"{sum(r.seconds.values()):.0f}"))
    return rows


def _queue(q: Queue) -> list[tuple[str, str]]:
    return [
        ("places taken, of promised", f"{q.taken:,}, {q.promised:,}"),
        ("supplies", ", ".join(f"{units:,}" for units in q.supplies)),
        ("lapsed and passed on, still waiting", f"{q.passed_on:,}, {q.waiting:,}"),
    ]


def _ms(value: Latency | None) -> str:
    return "-" if value is None else f"{value.p50:,.1f}, {value.p90:,.1f}, {value.p99:,.1f}, {value.max:,.1f}"
