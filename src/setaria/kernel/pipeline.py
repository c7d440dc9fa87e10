"""libpq's pipeline mode, spoken directly: many statements sent together, answers read when they are needed.

psycopg's own pipeline does the same with a cursor a statement, and hands Python's lock over at every step of each;
beside a busy event loop each hand-over costs up to the switch interval, and a batch of ten statements tens of them.
Here a batch gives the lock away only when it really waits for the server (docs/decisions/0004). Statements are
prepared on first use of a connection; parameters and results are binary.
"""

import re
import select
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from struct import Struct
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

import psycopg
from psycopg import errors
from psycopg.adapt import Transformer
from psycopg.pq import ExecStatus, Format

from setaria.kernel.arrays import Int4s, Int8s, Texts, Uuids

_NAMED = re.compile(r"%\((\w+)\)s")
_INT8 = Struct(">q").pack
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

Value = Int4s | Int8s | Uuids | Texts | UUID | str | int | datetime

# What a parameter may be: its type's number in PostgreSQL, and how its binary form is made.
_KINDS: dict[type, tuple[int, Callable[[Any], bytes]]] = {
    Int4s: (1007, bytes),
    Int8s: (1016, bytes),
    Uuids: (2951, bytes),
    Texts: (1009, bytes),
    UUID: (2950, lambda id: id.bytes),
    str: (25, str.encode),
    int: (20, _INT8),
    datetime: (1184, lambda instant: _INT8((instant - _EPOCH) // _MICROSECOND)),
}


class _Statement:
    """A statement as prepared on one connection."""

    def __init__(self, name: bytes, sql: str) -> None:
        self.name = name
        self.parameters = list(dict.fromkeys(_NAMED.findall(sql)))
        numbers = {parameter: f"${n}" for n, parameter in enumerate(self.parameters, start=1)}
        self.sql = _NAMED.sub(lambda match: numbers[match[1]], sql).encode()
        self.formats = [Format.BINARY] * len(self.parameters)


class _Session:
    """What is kept of a connection between its batches: statements it has prepared, ways to read what it answers."""

    def __init__(self, raw: psycopg.Connection[Any]) -> None:
        self.statements: dict[str, _Statement] = {}
        self.loads = Transformer(raw)
        self.pending: deque[Rows | None] = deque()  # answers to come, over all pipelines; None: the end of one
        self.poll = select.poll()
        self.poll.register(raw.pgconn.socket, select.POLLIN)


_sessions: WeakKeyDictionary[psycopg.Connection[Any], _Session] = WeakKeyDictionary()


class Rows:
    """A statement's answer, read from the server when first looked at."""

    def __init__(self, pipeline: "Pipeline") -> None:
        self._pipeline = pipeline
        self.rows: list[tuple[Any, ...]] | None = None

    def fetchall(self) -> list[tuple[Any, ...]]:
        """Return all rows; waits for the server, and raises psycopg.Error for what went wrong there."""
        if self.rows is None:
            self._pipeline.receive(self)
        assert self.rows is not None
        return self.rows

    def fetchone(self) -> tuple[Any, ...] | None:
        """Return the first row, or None where there is none."""
        return next(iter(self.fetchall()), None)

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        """Go through the rows."""
        return iter(self.fetchall())


class Pipeline:
    """One connection in pipeline mode, from the first statement to `finish`. For one thread.

    The next one may begin once this one is sealed: its statements then travel behind this one's. They are finished in
    the same order.
    """

    def __init__(self, raw: psycopg.Connection[Any]) -> None:
        session = _sessions.get(raw)
        if session is None:
            session = _sessions[raw] = _Session(raw)
        self._pgconn = raw.pgconn
        self._loads, self._statements, self._poll = session.loads, session.statements, session.poll
        self._pending = session.pending
        self._unsent = self._sealed = False
        self._pgconn.enter_pipeline_mode()

    def query(self, sql: str, values: Mapping[str, Value]) -> Rows:
        """Queue a statement with `%(name)s` parameters; nothing waits until its rows, or later ones, are looked at."""
        statement = self._statements.get(sql)
        if statement is None:
            statement = self._prepare(sql, values)
        packed = [_KINDS[type(value)][1](value) for value in map(values.__getitem__, statement.parameters)]
        self._pgconn.send_query_prepared(statement.name, packed, statement.formats, Format.BINARY)
        self._unsent = True
        return self._expect()

    def send(self) -> None:
        """Send what is queued and ask for its answers, without waiting for them."""
        if self._unsent:
            self._pgconn.send_flush_request()
            self._flush()
            self._unsent = False

    def receive(self, wanted: Rows) -> None:
        """Read answers, in the order of their statements, up to the wanted one."""
        self.send()
        while wanted.rows is None:
            self._read_answer()

    def seal(self) -> None:
        """Send what is queued; no statement comes after it. Does not wait."""
        if not self._sealed:
            self._pgconn.pipeline_sync()
            self._pending.append(None)
            self._flush()
            self._unsent, self._sealed = False, True

    def finish(self) -> None:
        """Send what is queued, read every answer, and leave pipeline mode. Raises what went wrong on the server."""
        self.seal()
        while self._read_answer():
            pass
        if not self._pending:
            self._pgconn.exit_pipeline_mode()

    def _prepare(self, sql: str, values: Mapping[str, Value]) -> _Statement:
        statement = _Statement(b"setaria_%d" % len(self._statements), sql)
        types = [_KINDS[type(values[parameter])][0] for parameter in statement.parameters]
        self._pgconn.send_prepare(statement.name, statement.sql, types)
        self._expect()
        self._statements[sql] = statement
        return statement

    def _expect(self) -> Rows:
        rows = Rows(self)
        self._pending.append(rows)
        return rows

    def _read_answer(self) -> bool:
        """Read the next answer; False at the end of a pipeline."""
        rows = self._pending.popleft()
        result = self._result()
        if rows is None:
            if result is None or result.status != ExecStatus.PIPELINE_SYNC:
                raise errors.InternalError("no end of the pipeline")
            return False
        if result is None or result.status not in (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK):
            raise errors.error_from_result(result) if result is not None else errors.InternalError("no answer")
        if result.status == ExecStatus.TUPLES_OK:
            self._loads.set_pgresult(result)
            rows.rows = self._loads.load_rows(0, result.ntuples, tuple)
        else:
            rows.rows = []
        end = self._result()
        assert end is None, "one statement has one answer"
        return True

    def _result(self) -> Any:
        pgconn = self._pgconn
        while pgconn.is_busy():
            self._poll.poll()
            pgconn.consume_input()
        return pgconn.get_result()

    def _flush(self) -> None:
        """Send all that is queued, reading meanwhile so that neither side waits for the other."""
        while self._pgconn.flush():
            self._poll.modify(self._pgconn.socket, select.POLLIN | select.POLLOUT)
            ready = self._poll.poll()
            if any(event & select.POLLIN for _, event in ready):
                self._pgconn.consume_input()
            self._poll.modify(self._pgconn.socket, select.POLLIN)
