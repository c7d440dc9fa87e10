"""`setaria guard`: what the guard of a drop does, and what it shall do."""

from __future__ import annotations

from pathlib import Path

import msgspec
from django.db import IntegrityError
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from setaria.kernel.clock import now
from setaria.people.members.models import Member
from setaria.trade.drops.models import Drop
from setaria.trade.guard import grant, queries
from setaria.trade.guard.models import Policy
from setaria.trade.guard.rules import BadRules


def report(slug: str) -> int:
    """Print what came of all askings for passes, by rule; 1 where there is no such drop."""
    console = Console()
    drop = Drop.objects.filter(slug=slug).first()
    if drop is None:
        return _no_drop(console, slug)
    table = Table(
        "what came of it", "rule", "how often", title=f"Askings for a pass in {escape(slug)}", title_justify="left"
    )
    for told in queries.outcomes(drop.pk):
        table.add_row(told.outcome, escape(told.rule) or "-", f"{told.number:,}")
    console.print(table)
    console.print(f"Pardoned: {queries.pardons(drop.pk):,}.")
    return 0


def forgive(slug: str, email: str) -> int:
    """Pardon a member in a drop; 1 where there is no such drop, guard or member."""
    console = Console()
    drop = Drop.objects.filter(slug=slug).first()
    if drop is None:
        return _no_drop(console, slug)
    try:
        member = Member.objects.get(email=email.lower())
        new = grant.pardon(drop.pk, member.pk, now=now())
    except Member.DoesNotExist:
        console.print(f"There is no member {escape(email)}. Nothing was changed.")
        return 1
    except Policy.DoesNotExist:
        console.print(f"{escape(slug)} is not guarded, so nobody was turned away there. Nothing was changed.")
        return 1
    console.print(f"{escape(email)} {'can come in now.' if new else 'was pardoned before.'}")
    return 0


def guard(slug: str, rules: Path | None, least: int, most: int, hard: int, later: int = 60) -> int:
    """Guard a drop from now on; 1 where there is no such drop or the rules or bounds make no sense."""
    console = Console()
    drop = Drop.objects.filter(slug=slug).first()
    if drop is None:
        return _no_drop(console, slug)
    try:
        data = None if rules is None else msgspec.json.decode(rules.read_bytes())
        policy = grant.guard(drop.pk, data, tries_min=least, tries_max=most, tries_hard=hard, later_seconds=later)
    except (OSError, msgspec.DecodeError, BadRules) as error:
        console.print(f"{escape(str(error))} Nothing was changed.")
        return 1
    except IntegrityError:
        console.print("Work rises: min <= max <= hard <= 20,000 tries. Nothing was changed.")
        return 1
    console.print(
        f"{escape(slug)} is guarded by {len(policy.rules)} rules; work of {least} to {most} tries, hard {hard}."
    )
    return 0


def _no_drop(console: Console, slug: str) -> int:
    console.print(f"There is no drop {escape(slug)}. Nothing was changed.")
    return 1
