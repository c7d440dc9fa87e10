"""What moves a waiting room on: the early ones get their numbers at the opening, then people are let in.

Every process that could do it tries, twice a second; the room's row decides who does. So no process is special, and a
room goes on when any of them dies.
"""

from datetime import datetime, timedelta
from typing import Any

import msgspec
import structlog
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from setaria.trade.queues.rules import Left, Load, allowed, next_rate, seats
from setaria.trade.queues.turns import GRACE_SECONDS

STEP_SECONDS = 0.5

log = structlog.get_logger(__name__)

_DUE = "SELECT 1 FROM queues_queue WHERE drop_id = %(drop)s AND (stepped_at IS NULL OR stepped_at <= %(due)s)"
# The row's condition is looked at again once the lock is had, so of two that wait only one goes on.
_LOCK = """
    SELECT q.numbered_at IS NOT NULL, q.places, q.admitted_to, q.rate, q.offer_seconds, q.stepped_at,
           d.opens_at, d.closes_at
    FROM queues_queue AS q JOIN drops_drop AS d ON d.id = q.drop_id
    WHERE q.drop_id = %(drop)s AND (q.stepped_at IS NULL OR q.stepped_at <= %(due)s)
    FOR NO KEY UPDATE OF q
"""
# `rules.shuffled`, said to PostgreSQL. Who came after the opening but before this statement stands behind, in order
# of arrival.
_NUMBER = """
    WITH early AS (
        SELECT q.seed || sha256(string_agg(uuid_send(w.pseudonym), ''::bytea ORDER BY w.pseudonym)) AS key
        FROM queues_queue AS q JOIN queues_waiter AS w ON w.drop_id = q.drop_id
        WHERE q.drop_id = %(drop)s AND w.joined_at < %(opens_at)s
        GROUP BY q.drop_id
    ), ranked AS (
        SELECT w.customer_id, row_number() OVER (
            ORDER BY w.joined_at >= %(opens_at)s,
                     CASE WHEN w.joined_at < %(opens_at)s THEN sha256(early.key || uuid_send(w.pseudonym)) END,
                     CASE WHEN w.joined_at >= %(opens_at)s THEN w.joined_at END, w.pseudonym
        ) AS number
        FROM queues_waiter AS w LEFT JOIN early ON true
        WHERE w.drop_id = %(drop)s
    ), numbered AS (
        UPDATE queues_waiter AS w SET number = ranked.number FROM ranked
        WHERE w.drop_id = %(drop)s AND w.customer_id = ranked.customer_id
    )
    UPDATE queues_queue SET numbered_at = %(now)s, early = (
        SELECT count(*) FROM queues_waiter AS w WHERE w.drop_id = %(drop)s AND w.joined_at < %(opens_at)s
    )
    WHERE drop_id = %(drop)s
"""
# One statement, so one snapshot: an order turns a seat somebody holds into a unit nobody has, and read one after the
# other the two could count it not at all. Items that are withdrawn are not for sale.
_LEFT = """
    SELECT (SELECT coalesce(array_agg(a.on_hand - a.held), '{}')
            FROM drops_dropitem AS i
            JOIN drops_drop AS d ON d.id = i.drop_id
            JOIN inventory_account AS a ON a.variant_id = i.variant_id AND a.location_id = d.pool_id
            WHERE i.drop_id = %(drop)s),
           (SELECT coalesce(array_agg(i.limit_per_customer), '{}')
            FROM drops_dropitem AS i
            JOIN drops_drop AS d ON d.id = i.drop_id
            JOIN inventory_account AS a ON a.variant_id = i.variant_id AND a.location_id = d.pool_id
            WHERE i.drop_id = %(drop)s),
           (SELECT count(*) FROM queues_wave AS v
            JOIN queues_waiter AS w ON w.drop_id = v.drop_id AND w.number BETWEEN v.first AND v.through
            WHERE v.drop_id = %(drop)s AND v.offered_until + %(grace)s * interval '1 second' > %(now)s
              AND NOT EXISTS (SELECT 1 FROM orders_order AS o
                              WHERE o.customer_id = w.customer_id AND o.drop_id = w.drop_id
                                AND o.placed_at >= v.admitted_at))
"""
_UNPAID = "SELECT count(*) FROM orders_order WHERE status = 1 AND drop_id = %(drop)s"
_ADMIT = """
    INSERT INTO queues_wave (drop_id, first, through, admitted_at, offered_until)
    VALUES (%(drop)s, %(first)s, %(through)s, %(now)s, %(until)s)
"""
_KEEP = """
    UPDATE queues_queue SET admitted_to = admitted_to + %(admitted)s, rate = %(rate)s, seats = %(seats)s,
                            unpaid = %(unpaid)s, stepped_at = %(now)s
    WHERE drop_id = %(drop)s
"""


class _Room(msgspec.Struct, frozen=True):
    """A room as locked."""

    numbered: bool
    places: int
    admitted_to: int
    rate: float
    offer_seconds: int
    stepped_at: datetime | None
    opens_at: datetime
    closes_at: datetime


def step(drop_id: int, load: Load, *, now: datetime) -> int:
    """Do what is due in a room; return how many people were let in.

    Nothing happens when another process did it less than `STEP_SECONDS` ago, before the opening, or after the end.
    Any number of processes may call it at once, each with its own load.
    """
    about: dict[str, Any] = {
        "drop": drop_id,
        "now": now,
        "due": now - timedelta(seconds=STEP_SECONDS),
        "grace": GRACE_SECONDS,
    }
    with connection.cursor() as cursor:
        cursor.execute(_DUE, about)
        if cursor.fetchone() is None:
            return 0
        with transaction.atomic():
            cursor.execute(_LOCK, about)
            row = cursor.fetchone()
            if row is None:
                return 0
            return _move(cursor, _Room(*row), load, about)


def _move(cursor: CursorWrapper, room: _Room, load: Load, about: dict[str, Any]) -> int:
    now: datetime = about["now"]
    if not room.opens_at <= now < room.closes_at:
        return 0
    if not room.numbered:
        cursor.execute(_NUMBER, {**about, "opens_at": room.opens_at})
        log.info("queue_numbered", drop=about["drop"], places=room.places)
    since = (now - room.stepped_at).total_seconds() if room.stepped_at else STEP_SECONDS
    open_seats, nothing_left = _seats(cursor, about)
    could = min(room.places - room.admitted_to, open_seats)
    rate = next_rate(room.rate, load, since, pressing=could > allowed(room.rate, since))
    admitted = min(could, allowed(rate, since))
    if admitted:
        until = min(now + timedelta(seconds=room.offer_seconds), room.closes_at)
        first = room.admitted_to + 1
        cursor.execute(_ADMIT, {**about, "first": first, "through": room.admitted_to + admitted, "until": until})
    unpaid = _unpaid(cursor, about) if nothing_left else 0
    left = {"admitted": admitted, "rate": rate, "seats": open_seats - admitted, "unpaid": unpaid}
    cursor.execute(_KEEP, {**about, **left})
    return admitted


def _seats(cursor: CursorWrapper, about: dict[str, Any]) -> tuple[int, bool]:
    """How many more may come in, and whether not a single unit is left."""
    cursor.execute(_LEFT, about)
    free, limits, outstanding = cursor.fetchone()
    items = [Left(*item) for item in zip(free, limits, strict=True)]
    return seats(items, outstanding), not any(free)


def _unpaid(cursor: CursorWrapper, about: dict[str, Any]) -> int:
    cursor.execute(_UNPAID, about)
    count: int = cursor.fetchone()[0]
    return count
