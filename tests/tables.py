"""The test database's tables: emptied between tests, and looked at for what must always hold, in few milliseconds.

Both are asked for after nearly every test. What PostgreSQL would do anew each time is to plan: two hundred small
statements took ten times as long as they ran. So each is one statement, kept prepared.
"""

from functools import cache

import psycopg
from django.db import connection

from setaria.kernel.invariants import all_invariants, check

_LOCK_SECONDS_MAX = 30  # a test that left a transaction open fails plainly, and does not hang


def empty_tables() -> None:
    """Empty what was written to; what the migrations filled stays."""
    try:
        _emptier(connection.settings_dict["NAME"]).execute("SELECT tests_empty_tables()")
    except psycopg.OperationalError:
        if not _emptier(connection.settings_dict["NAME"]).closed:
            raise
        let_go()  # a test has ended all sessions, to see what becomes of its own
        empty_tables()


def breaches() -> dict[str, list[str]]:
    """Invariants that do not hold, with the offending keys.

    One statement asks which there are; only those are asked one by one, as `setaria audit` does.
    """
    connection.ensure_connection()
    asker = psycopg.Cursor(connection.connection)  # Django's own prepares nothing
    with connection.wrap_database_errors, asker:
        broken = {name for (name,) in asker.execute(_broken(), prepare=True)}
    suspects = [invariant for invariant in all_invariants() if invariant.name in broken] if broken else []
    return {finding.name: finding.offenders for finding in check(suspects)}


def somebody_waits_for_a_lock() -> bool:
    """Whether a session of the test database waits for another's lock now."""
    (waits,) = _emptier(connection.settings_dict["NAME"]).execute(_WAITS, prepare=True).fetchone()
    return waits


def install() -> None:
    """Make the function that empties, once a database."""
    with connection.cursor() as cursor:
        cursor.execute(_TABLES)
        tables = [table for (table,) in cursor.fetchall()]
        kept = {table for table in tables if _has_rows(cursor, table)}
        steps = "\n".join(_STEP.format(table) for table in tables if table not in kept)
        cursor.execute(_EMPTY.format(steps))
    _emptier(connection.settings_dict["NAME"])  # now, and not by the first of several threads at once


class Kept:
    """What is in the tables now, to be put back as often as it is wanted: a world that takes long to build."""

    def __init__(self) -> None:
        self._session = _emptier(connection.settings_dict["NAME"])
        self._session.execute("CREATE SCHEMA tests_kept")
        steps = []
        with connection.cursor() as cursor:
            cursor.execute(_COLUMNS)
            for table, columns in cursor.fetchall():
                if _has_rows(cursor, f"public.{table}"):
                    self._session.execute(f"CREATE TABLE tests_kept.{table} AS TABLE public.{table}")
                    steps.append(_PUT_BACK.format(table, columns))
        self._session.execute(
            "CREATE FUNCTION tests_kept.put_back() RETURNS void LANGUAGE plpgsql AS"
            f" $$ #variable_conflict use_column\nBEGIN {' '.join(steps)} END $$"
        )

    def put_back(self) -> None:
        """Fill the tables, which are empty."""
        self._session.execute("SELECT tests_kept.put_back()")

    def forget(self) -> None:
        """Let it go."""
        self._session.execute("DROP SCHEMA tests_kept CASCADE")


def let_go() -> None:
    """Close what was kept open."""
    if _emptier.cache_info().currsize:
        _emptier(connection.settings_dict["NAME"]).close()
        _emptier.cache_clear()


def _has_rows(cursor, table: str) -> bool:
    cursor.execute(f"SELECT EXISTS (SELECT 1 FROM {table})")
    return cursor.fetchone()[0]


@cache
def _emptier(database: str) -> psycopg.Connection:
    """A session of its own, for good: to change the role throws every plan of a session away.

    The role spares the order that foreign keys ask for, and the triggers that guard history.
    """
    known = connection.get_connection_params()
    server = {name: known[name] for name in ("user", "password", "host", "port") if name in known}
    session = psycopg.connect(**server, dbname=database, autocommit=True)
    session.execute("SET session_replication_role = replica")
    session.execute(f"SET lock_timeout = '{_LOCK_SECONDS_MAX}s'")
    return session


@cache
def _broken() -> str:
    return " UNION ALL ".join(f"SELECT '{each.name}' WHERE EXISTS ({each.breaches})" for each in all_invariants())


_WAITS = """
SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')
"""
_TABLES = """
SELECT c.oid::regclass::text FROM pg_class AS c
WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
"""
# Only what is emptied is put back, and no column that PostgreSQL works out itself.
_COLUMNS = """
SELECT c.relname, string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum)
FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid
WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
AND (SELECT prosrc FROM pg_proc WHERE proname = 'tests_empty_tables') LIKE '%DELETE FROM ' || c.oid::regclass || ';%'
GROUP BY c.relname
"""
_PUT_BACK = "INSERT INTO public.{0} ({1}) OVERRIDING SYSTEM VALUE SELECT {1} FROM tests_kept.{0};"
# Deleting from few small tables is quicker than truncating them. A function's own statements stay planned.
_STEP = "IF EXISTS (SELECT 1 FROM {0}) THEN DELETE FROM {0}; END IF;"
_EMPTY = """
CREATE FUNCTION tests_empty_tables() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    {}
    -- As the triggers would: what a process remembers under this number is over.
    UPDATE orders_terms_version SET number = number + 1;
    UPDATE quotes_version SET number = number + 1;
END $$;
"""
