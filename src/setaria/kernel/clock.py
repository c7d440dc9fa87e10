"""The server's clock. Verbs take `now` as an argument; only the outermost layer reads it here."""

from datetime import UTC, datetime


def now() -> datetime:
    """Return the current instant, aware and in UTC, with microseconds."""
    return datetime.now(UTC)
