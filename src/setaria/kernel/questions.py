"""Asking in one go: statements that are sent together, prepared once a connection, answered in one trip.

A page that needs ten small things of the database asks for them at once. Put together by Django's ORM, such a query costs
some 1,000 of Python's function calls each time; here it costs tens, and PostgreSQL has planned it before.
"""

from collections.abc import Callable, Mapping
from functools import cache
from time import perf_counter
from typing import Any, NamedTuple

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Model
from psycopg.pq import TransactionStatus

from setaria.kernel.pipeline import Pipeline, Value


class Question(NamedTuple):
    """A statement with `%(name)s` for its values, and what becomes of its rows; as they are, unless it says otherwise."""

    sql: str
    values: Mapping[str, Value]
    make: Callable[[tuple[Any, ...]], Any] | None = None


def ask(*questions: Question, commit: bool = False) -> list[list[Any]]:
    """Return the rows of each statement, run one after the other in their order.

    Each sees what was committed before it began. Outside a transaction, what they write is committed together, all or
    nothing. Inside one, with `commit`, these are its last: it is committed in the same trip, unless it is within another
    that has the last word. Raises django.db.Error, after which the connection is a new one.
    """
    db = connections[DEFAULT_DB_ALIAS]  # once: looking it up by `connection` costs five calls each time
    db.ensure_connection()
    raw = db.connection
    inside = db.in_atomic_block
    began = perf_counter()
    with db.wrap_database_errors:
        try:
            pipeline = Pipeline(raw)
            if inside and raw.pgconn.transaction_status == TransactionStatus.IDLE:
                pipeline.query("BEGIN", {})  # psycopg would, at the first statement of its own
            found = [pipeline.query(one.sql, one.values) for one in questions]
            if commit and inside and not db.savepoint_ids and not db.needs_rollback:
                pipeline.query("COMMIT", {})  # psycopg then finds nothing left to commit
            pipeline.finish()
        except BaseException:
            db.close()  # the one sure way to leave a broken pipeline
            raise
    if db.queries_logged:
        asked = ";\n".join(one.sql for one in questions)
        db.queries_log.append({"sql": asked, "time": f"{perf_counter() - began:.3f}"})
    answers = [rows.fetchall() for rows in found]
    return [list(map(one.make, rows)) if one.make else rows for one, rows in zip(questions, answers, strict=True)]


def rows_of(model: type[Model], rest: str, values: Mapping[str, Value]) -> Question:
    """Ask for rows of a model's table; `rest` is what stands after its name: WHERE, ORDER BY.

    For tables of plain columns: what a field makes of its column by itself is not done.
    """
    select, make = _table(model)
    return Question(f"{select} {rest}", values, make)


@cache
def _table(model: type[Model]) -> tuple[str, Callable[[tuple[Any, ...]], Model]]:
    names = [field.attname for field in model._meta.concrete_fields]
    columns = ", ".join(f'"{field.column}"' for field in model._meta.concrete_fields)

    def make(row: tuple[Any, ...]) -> Model:
        return model.from_db(DEFAULT_DB_ALIAS, names, row)

    return f'SELECT {columns} FROM "{model._meta.db_table}"', make
