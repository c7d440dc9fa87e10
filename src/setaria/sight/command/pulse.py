"""Pulses: each process says about once a second that it lives and how it is; one that falls silent is noticed.

Any process that speaks looks after the others: the first to see a silence enters it, once, since the row remembers.
"""

import os
import socket
import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec
import psycopg
import structlog
from django.db import Error as DjangoError
from django.db import connection

from setaria.kernel import clock

BEAT_SECONDS = 1.0
# Above what a killed PostgreSQL takes to come back: then all parts are silent, and none of them is to blame.
SILENT_AFTER = timedelta(seconds=8)
FORGOTTEN_AFTER = timedelta(hours=1)

log = structlog.get_logger(__name__)

_BEAT = """
    INSERT INTO command_pulse (part, process, started_at, at, silent, said)
    VALUES (%(part)s, %(process)s, %(now)s, %(now)s, false, %(said)s::jsonb)
    ON CONFLICT (part, process) DO UPDATE SET at = excluded.at, said = excluded.said, silent = false
"""
_SILENCES = """
    WITH silent AS (
        UPDATE command_pulse SET silent = true
        WHERE (part, process) IN (SELECT part, process FROM command_pulse
                                  WHERE NOT silent AND at < %(silent_before)s FOR UPDATE SKIP LOCKED)
        RETURNING part, process, at
    )
    INSERT INTO command_incident (at, level, part, text)
    SELECT %(now)s, 'failure', part, process || ' fell silent at ' || to_char(at AT TIME ZONE 'UTC', 'HH24:MI:SS') || ' UTC'
    FROM silent
"""
_FORGET = "DELETE FROM command_pulse WHERE silent AND at < %(forgotten_before)s"
_REST = "DELETE FROM command_pulse WHERE part = %(part)s AND process = %(process)s"


def me() -> str:
    """Return this process's name: host and process id."""
    return f"{socket.gethostname()[:60]} {os.getpid()}"


def beat(part: str, said: Mapping[str, Any], *, now: datetime, process: str = "") -> None:
    """Say that this process lives, and how it is; enter and forget others that fell silent."""
    values: dict[str, str | datetime] = {
        "part": part, "process": process or me(), "now": now, "said": msgspec.json.encode(said).decode(),
        "silent_before": now - SILENT_AFTER, "forgotten_before": now - FORGOTTEN_AFTER,
    }  # fmt: skip
    with connection.cursor() as cursor:
        for sql in (_BEAT, _SILENCES, _FORGET):
            cursor.execute(sql, values)


def rest(part: str, *, process: str = "") -> None:
    """Say goodbye: this process ends as it should, and its silence means nothing."""
    with connection.cursor() as cursor:
        cursor.execute(_REST, {"part": part, "process": process or me()})


def beat_until(stopped: threading.Event, part: str, say: Callable[[], Mapping[str, Any]] = dict) -> None:
    """Beat about once a second until told to stop, then say goodbye. Blocks; meant for a thread of its own.

    A database that is away is waited for: then everybody is silent, and the log begins again with it.
    """
    while not stopped.wait(BEAT_SECONDS):
        try:
            beat(part, say(), now=clock.now())
        except (psycopg.Error, DjangoError) as error:
            log.warning("pulse_waits_for_database", error=repr(error))
            connection.close()
    try:
        rest(part)
    except (psycopg.Error, DjangoError):
        log.warning("left_without_goodbye", part=part)
    connection.close()
