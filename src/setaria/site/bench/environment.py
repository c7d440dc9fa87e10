"""What was measured on: figures mean nothing without it."""

from __future__ import annotations

import os
import platform
import statistics
import time

import msgspec
import psycopg

COMMITS = 200


class Environment(msgspec.Struct, frozen=True):
    """The machine, the versions, and how long one durable commit of one small row takes here (median, ms)."""

    cores: int
    processor: str
    python: str
    postgresql: str
    fsync: str
    synchronous_commit: str
    commit_ms: float
    load_average_before: float


def describe(e: Environment) -> str:
    """Say it in one line."""
    return (
        f"{e.cores} cores ({e.processor}), Python {e.python}, PostgreSQL {e.postgresql}, fsync {e.fsync}, "
        f"synchronous_commit {e.synchronous_commit}, one durable commit {e.commit_ms:.2f} ms, "
        f"load average before {e.load_average_before}"
    )


def look(database_url: str) -> Environment:
    """Ask the machine and the database; writes and drops a table of its own."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        shown = {name: _one(connection, f"SHOW {name}") for name in ("server_version", "fsync", "synchronous_commit")}
    return Environment(
        cores=len(os.sched_getaffinity(0)),
        processor=_processor(),
        python=platform.python_version(),
        postgresql=shown["server_version"].split()[0],
        fsync=shown["fsync"],
        synchronous_commit=shown["synchronous_commit"],
        commit_ms=round(commit_ms(database_url), 3),
        load_average_before=round(os.getloadavg()[0], 2),
    )


def commit_ms(database_url: str) -> float:
    """Return how long one durable commit of one small row takes (median); uses a table of its own."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE bench_commit (n int)")
        times = []
        for n in range(COMMITS):
            began = time.perf_counter()
            connection.execute("INSERT INTO bench_commit VALUES (%s)", (n,))
            times.append((time.perf_counter() - began) * 1000)
        connection.execute("DROP TABLE bench_commit")
    return statistics.median(times)


def _one(connection: psycopg.Connection[tuple[str, ...]], sql: str) -> str:
    row = connection.execute(sql).fetchone()
    return row[0] if row else "?"


def _processor() -> str:
    try:
        with open("/proc/cpuinfo") as info:
            return next(line.partition(":")[2].strip() for line in info if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.machine()
