"""Reading in one go: statements that are sent together, prepared once a connection, answered in one trip.

A page that needs ten small things of the database asks for them at once. Put together by Django's ORM, such a query costs
some 1,500 of Python's function calls each time; here it costs tens, and PostgreSQL has planned it before.
"""

from collections.abc import Mapping
from time import perf_counter
from typing import Any

from django.db import connection

from setaria.kernel.pipeline import Pipeline, Value

Question = tuple[str, Mapping[str, Value]]
Answer = list[tuple[Any, ...]]


def ask(*questions: Question) -> list[Answer]:
    """Return the rows of each statement (`%(name)s` for its values), in their order, read one after the other.

    Only reads and locks nothing: outside a transaction each statement stands by itself. Raises django.db.Error, after which
    the connection is a new one.
    """
    connection.ensure_connection()
    began = perf_counter()
    with connection.wrap_database_errors:
        try:
            pipeline = Pipeline(connection.connection)
            found = [pipeline.query(sql, values) for sql, values in questions]
            pipeline.finish()
        except BaseException:
            connection.close()  # the one sure way to leave a broken pipeline
            raise
    if connection.queries_logged:
        connection.queries_log.extend({"sql": sql, "time": f"{perf_counter() - began:.3f}"} for sql, _ in questions)
    return [rows.fetchall() for rows in found]
