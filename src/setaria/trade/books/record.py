"""What has happened becomes entries: looked up where it is kept, a set at a time, each once.

Nothing on an order's way writes here, so a rush costs the books only time. What is looked at is what happened since the
last time, and a little before it (`LATE`): a transaction may commit after a later one. Should something come later
still, the audit names it and `record` with `everything` enters it.
"""

from datetime import UTC, datetime, timedelta
from functools import cache

from django.db import connection, transaction

from setaria.kernel.questions import Question, ask
from setaria.trade.books.accounts import Account
from setaria.trade.books.happened import KINDS, Kind

ENTRIES_MAX = 50_000
# Longer than any transaction that settles: one that stands idle is ended after 20 seconds (site/settings.py).
LATE = timedelta(seconds=60)
MARK_EVERY = timedelta(seconds=30)
LOCK = 0x5E7A_B00C  # one writer at a time, and no month closes meanwhile
BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)


# Where there is anything to enter. A mark stands still while there is not, and is moved on once in a while (`MARK_EVERY`),
# so that a look at nothing writes nothing, and what was entered before is soon not looked through any more.
_LOOK = """
    WITH looked AS ({looks}),
    moved AS (
        INSERT INTO books_mark AS mark (source, until)
        SELECT source, %(now)s FROM looked WHERE NOT fresh AND NOT EXISTS (
            SELECT 1 FROM books_mark AS m WHERE m.source = looked.source AND m.until > %(stale)s)
        ORDER BY source
        ON CONFLICT (source) DO UPDATE SET until = greatest(mark.until, excluded.until)
    )
    SELECT source FROM looked WHERE fresh
"""
_LOOK_AT = """
    SELECT {source} AS source, EXISTS (
        SELECT 1 FROM ({happened}) AS h
        WHERE h.at >= (SELECT coalesce(max(until) - interval '{late} s', '-infinity') FROM books_mark WHERE source = {source})
          AND h.at <= %(now)s
          AND NOT EXISTS (SELECT 1 FROM books_entry AS entry WHERE entry.source = {source} AND entry.source_id = h.source_id)
    ) AS fresh
"""

# A closed month takes nothing: what comes late counts in the first month after it.
_FIND = """
    CREATE TEMPORARY TABLE happened ON COMMIT DROP AS
    SELECT h.*, greatest(date_trunc('month', h.at AT TIME ZONE market.time_zone)::date,
                         (SELECT max(closed.month) + interval '1 month' FROM books_closed AS closed
                          WHERE closed.market_id = h.market_id)::date) AS month
    FROM ({happened}) AS h JOIN markets_market AS market ON market.id = h.market_id
    WHERE h.at >= %(since)s AND h.at <= %(now)s AND NOT EXISTS (
        SELECT 1 FROM books_entry AS entry WHERE entry.source = {source} AND entry.source_id = h.source_id
    )
    ORDER BY h.at LIMIT %(limit)s
"""
_ENTER = """
    INSERT INTO books_entry (source, source_id, order_id, at, month, market_id, note, entered_at, entered_by)
    SELECT {source}, source_id, order_id, at, month, market_id, '', %(now)s, '' FROM happened
"""
_POST = """
    INSERT INTO books_posting (source, source_id, line, account, month, market_id, currency, kind_id, provider, amount)
    SELECT {source}, h.source_id, row_number() OVER (PARTITION BY h.source_id ORDER BY p.account, p.kind_id) - 1,
           p.account, h.month, h.market_id, h.currency, p.kind_id,
           CASE WHEN p.account IN ({clearing}, {fees}) THEN h.provider ELSE '' END, p.amount
    FROM ({postings}) AS p JOIN happened AS h USING (source_id) WHERE p.amount <> 0
"""


def record(*, now: datetime, everything: bool = False) -> int:
    """Enter all that has happened up to `now` and is not in the books; return how many entries that made.

    `everything` looks through the whole history, and not only at what happened since the last time.
    """
    made = 0
    for kind in KINDS if everything else _fresh(now):
        since = BEGINNING if everything else None
        while True:
            found, latest = _record_some(kind, now, since)
            made += found
            if found < ENTRIES_MAX:
                break
            since = latest  # what was just entered is not looked through again
    return made


def _fresh(now: datetime) -> list[Kind]:
    """Return the kinds of which something is to be entered: one statement, planned once a connection."""
    (rows,) = ask(Question(_question(), {"now": now, "stale": now - MARK_EVERY}))
    found = {source for (source,) in rows}
    return [kind for kind in KINDS if kind.source in found]


@cache
def _question() -> str:
    late = int(LATE.total_seconds())
    looks = (_LOOK_AT.format(source=kind.source.value, happened=kind.happened, late=late) for kind in KINDS)
    return _LOOK.format(looks=" UNION ALL ".join(looks))


@transaction.atomic
def _record_some(kind: Kind, now: datetime, since: datetime | None) -> tuple[int, datetime | None]:
    """Enter up to `ENTRIES_MAX`, of what happened from `since` on (None: since the last time); how many, the last's instant.

    What is found is counted before it is worked on: the planner knows nothing of what came in the last minute, and would
    take a rush's worth of it for one row.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        if since is None:
            cursor.execute("SELECT until FROM books_mark WHERE source = %s", [kind.source])
            marked = cursor.fetchone()
            since = BEGINNING if marked is None else marked[0] - LATE
        key = {"since": since, "now": now, "limit": ENTRIES_MAX}
        accounts = {"clearing": Account.CLEARING.value, "fees": Account.FEES.value}
        for sql in (_FIND, "ANALYZE happened", _ENTER, _POST):
            sql = sql.format(happened=kind.happened, postings=kind.postings, source=kind.source.value, **accounts)
            cursor.execute(sql, key)
        cursor.execute("SELECT count(*), max(at) FROM happened")
        count, latest = cursor.fetchone() or (0, None)
        cursor.execute("DROP TABLE happened")
        until = latest if count == ENTRIES_MAX else now
        cursor.execute(
            """
            INSERT INTO books_mark (source, until) VALUES (%s, %s)
            ON CONFLICT (source) DO UPDATE SET until = greatest(books_mark.until, excluded.until)
            """,
            [kind.source, until],
        )
    return int(count), latest
