"""`setaria drill`: a campaign's night in a copy of the database. The real one is read, and gets the result."""

from __future__ import annotations

import os
import subprocess
import sys

import msgspec
import psycopg
from django.conf import settings
from psycopg import sql
from rich.markup import escape
from rich.table import Table

from setaria.kernel.clock import now
from setaria.site.campaigns import cli
from setaria.site.campaigns.rehearse import Trial
from setaria.site.embedded import temporary_postgres
from setaria.site.up import setaria
from setaria.trade.campaigns.answers import Refused
from setaria.trade.campaigns.capacity import last_measured
from setaria.trade.campaigns.check import check, note_drill
from setaria.trade.campaigns.models import Campaign

# What the copy must not have: payments that would be told of, people who are signed in. Its own migrations are there
# already.
_TABLES = """
    SELECT tablename FROM pg_tables WHERE schemaname = 'public'
    AND tablename NOT IN ('django_migrations', 'django_session', 'sandbox_notice')
    ORDER BY tablename
"""
_SEQUENCES = """
    SELECT format('SELECT setval(%L, greatest((SELECT max(%I) FROM %I), 1))', pg_get_serial_sequence(
        quote_ident(table_name), column_name), column_name, table_name)
    FROM information_schema.columns
    WHERE table_schema = 'public' AND pg_get_serial_sequence(quote_ident(table_name), column_name) IS NOT NULL
"""


def copy(live: str, target: str) -> None:
    """Copy every table in one snapshot of the live database, which is opened for reading only."""
    with psycopg.connect(live) as source, psycopg.connect(target) as sink:
        source.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        tables = [row[0] for row in source.execute(_TABLES).fetchall()]
        sink.execute("SET session_replication_role = replica")
        names = sql.SQL(", ").join(map(sql.Identifier, tables))
        sink.execute(sql.SQL("TRUNCATE {}").format(names))
        for table in tables:
            out = sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(table))
            back = sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(table))
            with source.cursor().copy(out) as reading, sink.cursor().copy(back) as writing:
                for block in reading:
                    writing.write(block)
        for (statement,) in sink.execute(_SEQUENCES).fetchall():
            sink.execute(statement)


def drill(slug: str, by: str) -> int:
    """Check a campaign, rehearse it in a copy, print and keep what came of it; 0 when all of it passed."""
    console = cli._english()
    try:
        member = cli.staff(by)
    except cli.Nobody as error:
        return cli._fail(console, str(error))
    checked = check(slug, by=member, now=now(), capacity=last_measured(settings.HOME))
    if isinstance(checked, Refused):
        return cli._refused(console, checked)
    cli.show_findings(console, checked.findings)
    revision = Campaign.objects.get(slug=slug).revision
    trials = _in_a_copy(slug)
    table = Table("tried in the copy", "must come to", "came to")
    for trial in trials:
        colour = "green" if trial.passed else "red"
        table.add_row(escape(trial.what), trial.expected, f"[{colour}]{escape(trial.came)}[/]")
    console.print(table)
    passed = checked.passed and bool(trials) and all(trial.passed for trial in trials)
    found = {"trials": msgspec.to_builtins(trials), "findings": msgspec.to_builtins(checked.findings)}
    noted = note_drill(slug, revision, passed=passed, found=found, by=member, now=now())
    if isinstance(noted, Refused):
        return cli._refused(console, noted)
    console.print("[green]✓ passed[/]" if passed else "[red]✗ failed[/]")
    return 0 if passed else 1


def _in_a_copy(slug: str) -> list[Trial]:
    with temporary_postgres() as server:
        url = server.url("setaria")
        env = os.environ | {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "setaria.site.settings"}
        subprocess.run(setaria("manage", "migrate", "--verbosity=0"), env=env, check=True)
        copy(os.environ["DATABASE_URL"], url)
        program = [sys.executable, "-P", "-m", "setaria.site.campaigns.rehearse", slug]
        done = subprocess.run(program, env=env, check=True, stdout=subprocess.PIPE)
        return msgspec.json.decode(done.stdout, type=list[Trial])
