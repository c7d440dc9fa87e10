"""The incident log: entries are added, by people and by parts, and never changed."""

from datetime import datetime

from django.db import connection

TEXT_CHARS_MAX = 400
PART_CHARS_MAX = 40
LEVELS = ("note", "warning", "failure")

_NOTE = """
    INSERT INTO command_incident (at, level, part, text, by_id)
    VALUES (%(now)s, %(level)s, %(part)s, %(text)s, %(by)s) RETURNING id
"""


def note_incident(text: str, *, now: datetime, level: str = "note", part: str = "", by: int | None = None) -> int:
    """Enter what happened; return the entry's id.

    `level`: note, warning or failure. `part`: which part it is about ("worker"). `by`: the member who writes; None where
    a part speaks for itself. A text that is too long is cut, since what a dying part says must not be lost over that;
    an empty one raises ValueError.
    """
    text = " ".join(text.split())
    if not text or level not in LEVELS:
        raise ValueError("An incident has a text, and a level out of: " + ", ".join(LEVELS))
    with connection.cursor() as cursor:
        cursor.execute(
            _NOTE,
            {"now": now, "level": level, "part": part[:PART_CHARS_MAX], "text": text[:TEXT_CHARS_MAX], "by": by},
        )
        entry: int = cursor.fetchone()[0]
        return entry
