"""What the supervisor saw, on its way into the command centre's incident log.

The supervisor has neither Django nor, when PostgreSQL is what died, a database. So it writes a line into a file of the
home, and the worker enters it once there are a database and a worker again. The instant is the supervisor's.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import msgspec

FILE = "happenings.jsonl"
BYTES_MAX = 1_000_000  # a worker that never comes back must not fill the disk


class Happening(msgspec.Struct, frozen=True):
    """A line: when, which part, how grave (an incident's level), and what."""

    at: datetime
    part: str
    level: str
    text: str


def happened(home: Path, part: str, level: str, text: str) -> None:
    """Write it down; what cannot be written is lost, since a full disk must not end the supervisor."""
    line = msgspec.json.encode(Happening(datetime.now(UTC), part, level, text)) + b"\n"
    file = home / FILE
    with suppress(OSError):
        if not file.exists() or file.stat().st_size < BYTES_MAX:
            with file.open("ab") as out:
                out.write(line)


def enter(home: Path) -> int:
    """Enter what was written into the incident log, each line once; return how many. For one worker at a time.

    The file is set aside first, so that nothing is missed that is written meanwhile, and goes away only after the commit:
    what is entered a second time because of a kill in between is known by its instant.
    """
    from django.db import transaction

    from setaria.sight.command.incidents import note_incident
    from setaria.sight.command.models import Incident

    aside = home / f"{FILE}.taken"
    if not aside.exists():
        try:
            (home / FILE).replace(aside)
        except FileNotFoundError:
            return 0
    entered = 0
    with transaction.atomic():
        for one in _read(aside):
            if not Incident.objects.filter(at=one.at, part=one.part, by=None).exists():
                note_incident(one.text, now=one.at, level=one.level, part=one.part)
                entered += 1
    aside.unlink()
    return entered


def _read(file: Path) -> list[Happening]:
    found = []
    for line in file.read_bytes().splitlines():
        with suppress(msgspec.DecodeError):  # cut off by a full disk or a power cut
            found.append(msgspec.json.decode(line, type=Happening))
    return found
