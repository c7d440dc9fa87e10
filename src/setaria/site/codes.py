"""What `setaria codes` does and prints. Never a code itself: whoever reads a terminal could spend it."""

from collections import Counter
from datetime import datetime
from pathlib import Path
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table

from setaria.kernel.clock import now
from setaria.people.members.models import Member
from setaria.trade.drops.models import Drop
from setaria.trade.friendcodes import give as giving
from setaria.trade.friendcodes import queries


def allow(slug: str, codes_max: int, each_max: int, until: datetime | None) -> int:
    """Say how many codes a drop has; return 1 when the numbers do not fit."""
    drop = _drop(slug)
    if drop is None:
        return 1
    try:
        giving.allow(drop, codes_max=codes_max, codes_per_member_max=each_max, expires_at=until)
    except giving.CannotAllow as error:
        typer.echo(str(error), err=True)
        return 1
    typer.echo(f"{slug}: {codes_max:,} codes, {each_max} a member.")
    return 0


def give(slug: str, codes: int, emails: Path | None, points_min: int | None) -> int:
    """Give members so many codes each: those of a list, or those with so many points. Returns 1 unless all have them."""
    drop = _drop(slug)
    if drop is None:
        return 1
    if (emails is None) == (points_min is None):
        typer.echo("Say to whom: either --emails FILE or --points N.", err=True)
        return 1
    if emails is not None:
        listed = {line.strip().lower() for line in emails.read_text(encoding="utf-8").splitlines() if line.strip()}
        members = Member.objects.filter(email__in=listed)
        for stranger in sorted(listed - set(members.values_list("email", flat=True))):
            typer.echo(f"{stranger}: not a member", err=True)
    else:
        listed = set()
        members = Member.objects.filter(fan_points__gte=points_min, is_active=True)
    ids = list(members.order_by("-fan_points", "pk").values_list("pk", flat=True))
    tally: Counter[giving.Answer] = Counter()
    for at in range(0, len(ids), giving.BATCH_GIFTS_MAX):
        gifts = [giving.Gift(id, codes) for id in ids[at : at + giving.BATCH_GIFTS_MAX]]
        tally.update(giving.give(drop, gifts, now=now()))
    for answer, count in tally.items():
        typer.echo(f"{answer.value}: {count:,} members")
    return 0 if set(tally) <= {giving.Answer.GIVEN} and len(ids) >= len(listed) else 1


def show(slug: str) -> int:
    """Print a drop's codes: their ids, to whom they were given, the last four characters, how they stand."""
    drop = _drop(slug)
    if drop is None:
        return 1
    table = Table(title=f"Codes of {slug}", title_justify="left")
    for column in ("id", "given to", "ends in", "state"):
        table.add_column(column)
    for held, member in queries.of_drop(drop, now()):
        table.add_row(str(held.id), member.email if member else "?", held.tail, held.state.value)
    Console().print(table)
    return 0


def revoke(ids: list[UUID]) -> int:
    """Take codes back by their ids; return 1 when one could not be."""
    answers = giving.revoke(ids, now=now())
    for id, answer in zip(ids, answers, strict=True):
        typer.echo(f"{id} {answer.value}")
    return 0 if set(answers) <= {giving.Answer.REVOKED} else 1


def _drop(slug: str) -> Drop | None:
    drop = Drop.objects.filter(slug=slug).first()
    if drop is None:
        typer.echo(f"There is no drop {slug!r}.", err=True)
    return drop
