"""What the guard noted is of use for minutes, or for as long as the drop: after that it is nobody's business."""

from datetime import datetime, timedelta

from django.db import connection

MINUTES_KEPT = 5
AFTER_CLOSING = timedelta(days=1)  # time for a report and a complaint; the tallies hold no person and stay
ROWS_MAX = 10_000  # at a time

_FORGET = {
    "guard_count": "(minute > 0 AND minute < %(minute)s) OR drop_id IN (SELECT id FROM over)",
    "guard_seen": "drop_id IN (SELECT id FROM over)",
    "guard_spent": "expires_at < %(now)s",
    "guard_grant": "drop_id IN (SELECT id FROM over)",
    "guard_late": "drop_id IN (SELECT id FROM over)",
    "guard_pardon": "drop_id IN (SELECT id FROM over)",
}


def forget(now: datetime) -> int:
    """Delete what is not needed any more, so many rows of each table at a time; return how many."""
    values: dict[str, int | datetime] = {
        "now": now,
        "minute": int(now.timestamp()) // 60 - MINUTES_KEPT,
        "over": now - AFTER_CLOSING,
    }
    gone = 0
    with connection.cursor() as cursor:
        for table, which in _FORGET.items():
            cursor.execute(
                f"WITH over AS (SELECT id FROM drops_drop WHERE closes_at < %(over)s)"
                f" DELETE FROM {table} WHERE ctid = ANY(ARRAY(SELECT ctid FROM {table} WHERE {which}"
                f" LIMIT {ROWS_MAX}))",
                values,
            )
            gone += cursor.rowcount
    return gone
