"""The state of the night, read once for everybody who looks: nine small queries; of orders only the unpaid ones."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import msgspec
from django.db import connection

from setaria.sight.command import rules
from setaria.sight.command.rules import Lamp, grade
from setaria.trade.guard.queries import turned_away

INCIDENTS_MAX = 30
SECOND = timedelta(seconds=1)


class Part(msgspec.Struct, frozen=True):
    """A process: its lamp, and seconds since it last spoke and since it started."""

    part: str
    process: str
    lamp: Lamp
    silent_seconds: float
    up_seconds: float


class Gauge(msgspec.Struct, frozen=True):
    """One measure with its lamp; `of` is what there is room for, if that is bounded."""

    name: str
    lamp: Lamp
    value: float
    unit: str
    of: float | None = None


class Entry(msgspec.Struct, frozen=True):
    """A line of the log."""

    id: int
    at: datetime
    level: str
    part: str
    text: str
    by: str


class State(msgspec.Struct, frozen=True):
    """Everything on the page that changes by itself. Rates are per second, over the last few seconds."""

    at: datetime
    lamp: Lamp
    parts: list[Part]
    gauges: list[Gauge]
    orders_per_second: float
    payments_per_second: float
    refusals_per_second: float
    refusals: list[tuple[str, int, float]]  # code (or drop, outcome and rule of its guard), so far, a second
    screens: int
    incidents: list[Entry]


_PULSES = "SELECT part, process, started_at, at, said::text FROM command_pulse WHERE NOT silent ORDER BY part, process"
_SILENT = "SELECT part, process, started_at, at FROM command_pulse WHERE silent AND at > %(recent)s ORDER BY at DESC"
_OVERDUE = """
    SELECT count(*), coalesce(extract(epoch FROM %(now)s - min(pay_by)), 0)::float8 FROM orders_order
    WHERE status = 1 AND pay_by < %(now)s
"""
_UNPAID = "SELECT count(*) FROM orders_order WHERE status = 1"
_MESSAGES = """
    SELECT count(*) FROM notices_message WHERE sent_at IS NULL AND given_up_at IS NULL AND due_at <= %(now)s
"""
_DATABASE = """
    SELECT count(*), current_setting('max_connections')::int,
           count(*) FILTER (WHERE wait_event_type = 'Lock'),
           coalesce(max(extract(epoch FROM clock_timestamp() - state_change)) FILTER (WHERE wait_event_type = 'Lock'), 0)::float8
    FROM pg_stat_activity WHERE backend_type = 'client backend'
"""
_INCIDENTS = f"""
    SELECT i.id, i.at, i.level, i.part, i.text, coalesce(nullif(m.name, ''), split_part(m.email, '@', 1), '')
    FROM command_incident AS i LEFT JOIN members_member AS m ON m.id = i.by_id ORDER BY i.id DESC LIMIT {INCIDENTS_MAX}
"""


class Watch:
    """Reads the state again and again; remembers the last counters, so that it can tell rates."""

    def __init__(self) -> None:
        self._before: dict[str, tuple[datetime, Counter[str]]] = {}
        self._rates: dict[str, Counter[str]] = {}

    def read(self, now: datetime) -> State:
        """Return the state as it is at this moment."""
        rows = _rows(_PULSES, now)
        said = {f"{part} {process}": (at, msgspec.json.decode(text)) for part, process, _, at, text in rows}
        said["guard"] = (now, {"counters": _guard(now)})  # one for all processes: its counts are in the database
        silent = [(*row, None) for row in _rows(_SILENT, now)]
        parts = [
            Part(part, process, rules.pulse(at, now), round((now - at) / SECOND, 1), round((at - started) / SECOND))
            for part, process, started, at, _ in [*rows, *silent]
        ]
        rates = self._rate(said)
        total = sum((Counter(_counters(figures)) for _, figures in said.values()), Counter[str]())
        gauges = [*_door(said), *_due(now), *_database(now), _errors(rates)]
        missing = {"web", "worker"} - {part.part for part in parts if part.lamp == Lamp.GOOD}
        refused = {name[8:]: n for name, n in total.items() if name.startswith("refused ")}
        return State(
            at=now,
            lamp=rules.worst(*(g.lamp for g in gauges), *([Lamp.BAD] if missing else [])),
            parts=parts,
            gauges=gauges,
            orders_per_second=rates["order PLACED"],
            payments_per_second=rates["payment PAID"],
            refusals_per_second=round(sum(n for name, n in rates.items() if name.startswith("refused ")), 1),
            refusals=[
                (code, int(n), rates[f"refused {code}"]) for code, n in sorted(refused.items(), key=lambda r: -r[1])
            ],
            screens=sum(figures.get("screens", 0) for _, figures in said.values()),
            incidents=[Entry(*row) for row in _rows(_INCIDENTS, now)],
        )

    def _rate(self, said: dict[str, tuple[datetime, dict[str, Any]]]) -> Counter[str]:
        """What the processes did a second between their last two words."""
        for process, (at, figures) in said.items():
            counters: Counter[str] = Counter(_counters(figures))
            then, before = self._before.get(process, (at, counters))
            if at > then:
                seconds = (at - then) / SECOND
                self._rates[process] = Counter({k: (n - before[k]) / seconds for k, n in counters.items()})
            self._before[process] = (at, counters)
        gone = self._before.keys() - said.keys()
        for process in gone:
            del self._before[process]
            self._rates.pop(process, None)
        rates: Counter[str] = Counter()
        for each in self._rates.values():
            for name, n in each.items():
                rates[name] += n
        return Counter({name: round(n, 1) for name, n in rates.items()})


def _counters(figures: dict[str, Any]) -> dict[str, int]:
    counters: dict[str, int] = figures.get("counters", {})
    return counters


def _guard(now: datetime) -> dict[str, int]:
    """What the guards of running drops did, among the refusals by reason."""
    return {f"refused {slug}: {outcome} {rule}".rstrip(): n for (slug, outcome, rule), n in turned_away(now).items()}


def _door(said: dict[str, tuple[datetime, dict[str, Any]]]) -> list[Gauge]:
    doors = [figures for _, figures in said.values() if "waiting" in figures]
    waiting, room = sum(d["waiting"] for d in doors), sum(d["room"] for d in doors)
    slowest = max((d["batch_seconds"] for d in doors), default=0.0)
    return [
        Gauge("waiting at the door", grade(waiting / room if room else 0, rules.WAITING_SHARE_WATCH, 1.0), waiting,
              "requests", room),
        Gauge("time for a batch", grade(slowest, rules.BATCH_SECONDS_WATCH, rules.BATCH_SECONDS_BAD),
              round(slowest * 1000), "ms"),
    ]  # fmt: skip


def _due(now: datetime) -> list[Gauge]:
    ((overdue, seconds),) = _rows(_OVERDUE, now)
    ((unpaid,),) = _rows(_UNPAID, now)
    ((waiting,),) = _rows(_MESSAGES, now)
    return [
        Gauge("orders waiting for payment", Lamp.GOOD, unpaid, "orders"),
        Gauge("orders past their time to pay", grade(seconds, rules.OVERDUE_SECONDS_WATCH, rules.OVERDUE_SECONDS_BAD),
              overdue, "orders"),
        Gauge("the sweeper is behind by", grade(seconds, rules.OVERDUE_SECONDS_WATCH, rules.OVERDUE_SECONDS_BAD),
              round(max(0.0, seconds), 1), "s"),
        Gauge("messages that are due", grade(waiting, rules.MESSAGES_WATCH, rules.MESSAGES_BAD), waiting, "messages"),
    ]  # fmt: skip


def _database(now: datetime) -> list[Gauge]:
    ((used, allowed, waiting, longest),) = _rows(_DATABASE, now)
    share = used / allowed
    return [
        Gauge("database connections", grade(share, rules.CONNECTIONS_SHARE_WATCH, rules.CONNECTIONS_SHARE_BAD), used,
              "connections", allowed),
        Gauge("waiting for a lock", grade(longest, rules.LOCK_SECONDS_WATCH, rules.LOCK_SECONDS_BAD), waiting,
              "connections"),
    ]  # fmt: skip


def _errors(rates: Counter[str]) -> Gauge:
    answered = sum(n for name, n in rates.items() if name.startswith("page "))
    share = rates["page 5xx"] / answered if answered else 0.0
    return Gauge(
        "pages that failed", grade(share, rules.ERRORS_SHARE_WATCH, rules.ERRORS_SHARE_BAD), round(share * 100, 2), "%"
    )


def _rows(sql: str, now: datetime) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, {"now": now, "recent": now - 60 * 15 * SECOND})
        return cursor.fetchall()
