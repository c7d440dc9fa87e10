"""Taking a guard away on purpose, to see what it guards against; and putting it back."""

from collections.abc import Callable, Iterator

import pytest
from django.db import connection

from tests.tables import empty_tables


class Unguarded:
    """Drops constraints and disables triggers of the test database."""

    def __init__(self) -> None:
        self._restore: list[str] = []

    def __call__(self, *names: str) -> None:
        """Take away constraints, unique indexes or triggers by name."""
        for name in names:
            self._take(name)

    def _take(self, name: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint"
                " WHERE conname = %s AND conrelid <> 0",
                [name],
            )
            constraint = cursor.fetchone()
            if constraint is not None:
                table, definition = constraint
                cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
                self._restore.append(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
                return
            cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = %s", [name])
            index = cursor.fetchone()
            if index is not None:  # a unique constraint with a condition is only an index to PostgreSQL
                cursor.execute(f"DROP INDEX {name}")
                self._restore.append(index[0])
                return
            cursor.execute("SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = %s", [name])
            (table,) = cursor.fetchone()
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {name}")
            self._restore.append(f"ALTER TABLE {table} ENABLE TRIGGER {name}")

    def restore(self) -> None:
        """Put all of them back, over empty tables: what was broken meanwhile would not pass them."""
        empty_tables()
        with connection.cursor() as cursor:
            for statement in reversed(self._restore):
                cursor.execute(statement)


@pytest.fixture
def unguarded(transactional_db: None) -> Iterator[Unguarded]:
    """`unguarded("constraint_or_trigger")` removes it for the rest of the test."""
    guards = Unguarded()
    yield guards
    guards.restore()


def rewriting(old: str, new: str) -> Callable[..., object]:
    """A wrapper for `connection.execute_wrapper` that changes SQL on its way; fails if it never could."""

    def execute(run: Callable[..., object], sql: str, params: object, many: bool, context: object) -> object:
        return run(sql.replace(old, new), params, many, context)

    return execute
