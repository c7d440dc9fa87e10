"""Taking in a settlement file: all of it or nothing, once, however often it is sent; then what differs is listed."""

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import md5, sha256
from pathlib import Path
from typing import IO, Any
from uuid import UUID

import msgspec
from django.db import connection, transaction

from setaria.trade.reconciliation.formats import DISPUTES_TOLD, BadFile, read
from setaria.trade.reconciliation.models import Statement

LOCK = 0x5E7A_F11E  # one file at a time
NOTE_CHARS_MAX = 400


class Taken(msgspec.Struct, frozen=True):
    """A file that is in: its lines, how many of them are new, and how many differences are open now."""

    rows: int
    fresh: int
    again: bool
    open: int


_STAGE = """
    CREATE TEMPORARY TABLE staged_entry (
        id uuid, kind smallint, reference text, about uuid, amount bigint, fee bigint, currency text, at timestamptz
    ) ON COMMIT DROP
"""
_STATEMENT = """
    INSERT INTO reconciliation_statement (provider, name, digest, rows, since, until, at, by)
    SELECT %(provider)s, %(name)s, %(digest)s, count(*), min(at), max(at), %(now)s, %(by)s FROM staged_entry
    RETURNING id, rows
"""
_ENTER = """
    INSERT INTO reconciliation_entry (id, statement_id, provider, kind, reference, about, amount, fee, currency, at)
    SELECT DISTINCT ON (kind, reference) id, %(statement)s, %(provider)s, kind, reference, about, amount, fee, currency, at
    FROM staged_entry ORDER BY kind, reference
    ON CONFLICT DO NOTHING
"""


# A file of a long time takes minutes to read and to compare, and is committed then; the books look back one.
_STAMP = "UPDATE reconciliation_statement SET at = %s WHERE id = %s"


def take_in(file: Path, provider: str, *, by: str, now: datetime, clock: Callable[[], float] = time.monotonic) -> Taken:
    """Take a provider's file in and compare; raises BadFile, or KeyError for a provider without a format.

    The same bytes again change nothing; lines that another file brought before are passed over. The file is stamped with
    when it was in: `now`, and the whole seconds that it took by `clock`.
    """
    began = clock()
    with file.open("rb") as opened:
        digest = _digest(opened)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        known = Statement.objects.filter(digest=digest).first()
        if known is not None:
            return Taken(known.rows, 0, True, _open(cursor))
        cursor.execute(_STAGE)
        columns = "COPY staged_entry (id, kind, reference, about, amount, fee, currency, at) FROM STDIN"
        with file.open(encoding=_encoding(file), newline="") as lines, cursor.copy(columns) as copy:
            for row in read(provider, lines):
                copy.write_row((identity(provider, row[0], row[1]), *row))
        cursor.execute("ANALYZE staged_entry")
        cursor.execute("SELECT count(*) FROM staged_entry")
        if not cursor.fetchone()[0]:
            raise BadFile("There is no line in it.")
        key: dict[str, Any] = {
            "provider": provider,
            "name": file.name[:200],
            "digest": digest,
            "now": now,
            "by": by[:254],
        }
        cursor.execute(_STATEMENT, key)
        statement, rows = cursor.fetchone()
        cursor.execute(_ENTER, {"provider": provider, "statement": statement})
        fresh = cursor.rowcount
        cursor.execute("ANALYZE reconciliation_entry")
        _compare(cursor, now)
        if took := int(clock() - began):
            cursor.execute(_STAMP, [now + timedelta(seconds=took), statement])
        return Taken(rows, fresh, False, _open(cursor))


def identity(provider: str, kind: int, reference: str) -> UUID:
    """Return the id of a provider's line: the same line is the same entry, in whatever file it comes."""
    return UUID(bytes=md5(f"{provider} {kind} {reference}".encode(), usedforsecurity=False).digest(), version=3)


def _digest(opened: IO[bytes]) -> str:
    digest = sha256()
    for block in _blocks(opened):
        digest.update(block)
    return digest.hexdigest()


def _blocks(opened: IO[bytes]) -> Iterator[bytes]:
    while block := opened.read(1 << 20):
        yield block


def _encoding(file: Path) -> str:
    """Alipay writes GBK, the others UTF-8; the first part of a file tells."""
    with file.open("rb") as opened:
        head = opened.read(1 << 16).rpartition(b"\n")[0]
    try:
        head.decode("utf-8-sig")
    except UnicodeDecodeError:
        return "gb18030"
    return "utf-8-sig"


def compare(*, now: datetime) -> int:
    """List what differs by now, and close what was explained since; return how many differences are open."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        _compare(cursor, now)
        return _open(cursor)


# Ours: what came in, and what was sent back, of providers that have sent files, in the time that those tell of.
_OURS = """
    CREATE TEMPORARY TABLE staged_ours ON COMMIT DROP AS
    SELECT 1::smallint AS what, s.payment_id AS id, s.provider, s.amount, s.currency, s.at FROM orders_settlement AS s
    UNION ALL SELECT 1, r.payment_id, r.provider, r.amount, r.currency, r.at FROM preorders_receipt AS r
    UNION ALL SELECT 2, r.id, r.provider, -r.amount, r.currency, r.sent_at FROM payments_refund AS r
    WHERE r.sent_at IS NOT NULL AND r.sent_by = ''
    UNION ALL SELECT 5, d.id, d.provider, -d.amount, d.currency, d.held_at FROM payments_dispute AS d
    WHERE d.held_at IS NOT NULL AND d.provider = ANY (%(disputes)s)
    UNION ALL SELECT 6, d.id, d.provider, d.amount, d.currency, d.ended_at FROM payments_dispute AS d
    WHERE d.held_at IS NOT NULL AND d.outcome = 'won' AND d.provider = ANY (%(disputes)s)
"""
_DIFFER = """
    CREATE TEMPORARY TABLE staged_difference ON COMMIT DROP AS
    SELECT CASE WHEN o.id IS NULL THEN 'theirs' ELSE 'amount' END AS kind, e.provider, e.kind AS what, e.reference, e.about,
           e.amount AS theirs, o.amount AS ours, e.currency
    FROM reconciliation_entry AS e LEFT JOIN staged_ours AS o
        ON o.id = e.about AND o.what = e.kind AND o.provider = e.provider
    WHERE e.kind <> 3 AND (o.id IS NULL OR (o.amount, o.currency) <> (e.amount, e.currency))
    UNION ALL
    SELECT 'ours', o.provider, o.what, o.id::text, o.id, NULL, o.amount, o.currency
    FROM staged_ours AS o
    WHERE EXISTS (SELECT 1 FROM reconciliation_statement AS f
                  WHERE f.provider = o.provider AND o.at >= f.since AND o.at <= f.until)
      AND NOT EXISTS (SELECT 1 FROM reconciliation_entry AS e
                      WHERE e.about = o.id AND e.kind = o.what AND e.provider = o.provider)
"""
_LIST = """
    INSERT INTO reconciliation_difference
        (kind, provider, what, reference, about, theirs, ours, currency, found_at, resolved_by, note)
    SELECT kind, provider, what, reference, about, theirs, ours, currency, %(now)s, '', '' FROM staged_difference
    ON CONFLICT (provider, what, kind, reference) DO NOTHING
"""
_EXPLAIN = """
    UPDATE reconciliation_difference AS d SET resolved_at = %(now)s, note = 'explained since'
    WHERE resolved_at IS NULL AND NOT EXISTS (
        SELECT 1 FROM staged_difference AS s
        WHERE (s.provider, s.what, s.kind, s.reference) = (d.provider, d.what, d.kind, d.reference))
"""


def _compare(cursor: Any, now: datetime) -> None:
    for sql in (_OURS, "ANALYZE staged_ours", _DIFFER, "ANALYZE staged_difference", _LIST, _EXPLAIN):
        cursor.execute(sql, {"now": now, "disputes": list(DISPUTES_TOLD)} if "%(" in sql else None)
    cursor.execute("DROP TABLE staged_ours, staged_difference")


def _open(cursor: Any) -> int:
    cursor.execute("SELECT count(*) FROM reconciliation_difference WHERE resolved_at IS NULL")
    return int(cursor.fetchone()[0])


class Answer(StrEnum):
    """What became of resolving a difference."""

    RESOLVED = "RESOLVED"
    UNKNOWN = "UNKNOWN"  # no such difference, or it is resolved already; nothing was changed
    UNSIGNED = "UNSIGNED"  # no note, or nobody's name; nothing was changed


def resolve(difference: int, *, note: str, by: str, now: datetime) -> Answer:
    """Close a difference for good, saying why; it is not listed again."""
    if not note.strip() or not by.strip():
        return Answer.UNSIGNED
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE reconciliation_difference SET resolved_at = %s, resolved_by = %s, note = %s"
            " WHERE id = %s AND resolved_at IS NULL",
            [now, by.strip()[:254], note.strip()[:NOTE_CHARS_MAX], difference],
        )
        return Answer.RESOLVED if cursor.rowcount else Answer.UNKNOWN
