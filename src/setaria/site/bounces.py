"""`setaria bounces`: mail that came back. Thin; imports what it needs when it is called."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from setaria.site.instance import HomeOption, set_up_django, use_instance

bounces = typer.Typer(help="Mail that came back, and complaints.", no_args_is_help=True)
TRY_AGAIN = 75  # EX_TEMPFAIL: a mail server keeps the mail and calls us again


@bounces.command("take")
def take(home: HomeOption = None) -> None:
    """Read a mail that came back from standard input, as a mail server pipes it, and note what it says.

    Ends with 0 also for a mail that says nothing, so that no answer to it is sent; with 75 while the database is away.
    """
    from setaria.people.notices.returned import REPORT_BYTES_MAX

    raw = sys.stdin.buffer.read(REPORT_BYTES_MAX)
    use_instance(home)
    set_up_django()
    from django.db import Error

    from setaria.kernel.clock import now
    from setaria.people.notices.bounces import take_in

    try:
        believed = take_in(raw, now=now())
    except Error as error:
        typer.echo(repr(error), err=True)
        raise typer.Exit(TRY_AGAIN) from error
    for report, address in believed:
        typer.echo(f"{address}  {report.what}  {report.status} {report.said}".rstrip())
    if not believed:
        typer.echo("It reports nothing of a mail of ours.")


@bounces.command("list")
def show(count: Annotated[int, typer.Option(min=1, max=10_000)] = 50, home: HomeOption = None) -> None:
    """Print the addresses that only get what everybody is always told."""
    use_instance(home)
    set_up_django()
    from setaria.people.notices.models import Bounce

    for each in Bounce.objects.filter(lifted_at=None).order_by("-at")[:count]:
        typer.echo(f"{each.at:%Y-%m-%d %H:%M}  {each.address}  {each.kind}  {each.status} {each.said}".rstrip())
