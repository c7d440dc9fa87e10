"""What `setaria payments` does with settlement files, and prints."""

from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table

from setaria.kernel.clock import now
from setaria.site.books.show import money
from setaria.site.payments.show import SHOWN_MAX, staff
from setaria.trade.reconciliation.formats import BadFile
from setaria.trade.reconciliation.models import Difference, Entry
from setaria.trade.reconciliation.take_in import Answer, compare, resolve, take_in


def take(file: Path, provider: str, by: str) -> int:
    """Take a file in; 1 when it cannot be, with the line and the reason."""
    if not staff(by):
        return 1
    try:
        taken = take_in(file, provider, by=by.strip(), now=now())
    except (BadFile, UnicodeDecodeError) as error:
        typer.echo(f"{error} Nothing was taken in.", err=True)
        return 1
    except KeyError:
        typer.echo(f"There is no format for {provider!r}; there are stripe, alipay, wechat and sandbox.", err=True)
        return 1
    was = "was taken in before" if taken.again else f"{taken.fresh:,} of its {taken.rows:,} lines are new"
    typer.echo(f"{file.name}: {was}. {taken.open:,} differences are open.")
    return 0


def show() -> int:
    """Print what differs; 1 when something does."""
    count = compare(now=now())
    if not count:
        typer.echo("Everything that was compared agrees.")
        return 0
    table = Table("difference", "found", "kind", "what", "provider", "reference", title=f"{count:,} differences")
    table.add_column("theirs", justify="right")
    table.add_column("ours", justify="right")
    for each in Difference.objects.filter(resolved_at=None).order_by("id")[:SHOWN_MAX]:
        sides = [money(side, each.currency) if side is not None else "" for side in (each.theirs, each.ours)]
        what = Entry.Kind(each.what).name.lower()
        table.add_row(
            str(each.pk), f"{each.found_at:%Y-%m-%d %H:%M}", each.kind, what, each.provider, each.reference, *sides
        )
    Console().print(table)
    return 1


def settle(difference: int, note: str, by: str) -> int:
    """Close a difference; 1 when it cannot be."""
    if not staff(by):
        return 1
    answer = resolve(difference, note=note, by=by, now=now())
    if answer is not Answer.RESOLVED:
        typer.echo(
            "It needs a note." if answer is Answer.UNSIGNED else f"There is no open difference {difference}.", err=True
        )
        return 1
    typer.echo(f"Difference {difference} is resolved.")
    return 0
