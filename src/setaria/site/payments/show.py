"""What `setaria payments` does and prints."""

from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table

from setaria.kernel.clock import now
from setaria.kernel.ids import new_id
from setaria.people.members.models import Member
from setaria.site.books.show import money
from setaria.trade.aftersales.take_back import Taken, Wish, take_back
from setaria.trade.payments.cases import Answer, resolve
from setaria.trade.payments.models import Case

SHOWN_MAX = 200


def staff(email: str) -> bool:
    """Whether somebody of the staff signs; says so where not."""
    known = Member.objects.filter(email=email.strip().lower(), is_staff=True).exists()
    if not known:
        typer.echo(f"{email} is not a member of staff.", err=True)
    return known


def show_cases(resolved: bool) -> int:
    """Print the cases; 1 when one is open."""
    found = Case.objects.filter(resolved_at__isnull=not resolved).order_by("opened_at")[:SHOWN_MAX]
    if not found:
        typer.echo("Nothing was resolved yet." if resolved else "Nothing waits for anybody.")
        return 0
    table = Table("case", "since", "kind", "provider", "amount", "order or payment", "about")
    for case in found:
        amount = money(case.amount, case.currency) if case.amount is not None and case.currency else ""
        about = f"{case.note} ({case.resolved_by})" if resolved else case.text
        table.add_row(
            str(case.pk), f"{case.opened_at:%Y-%m-%d %H:%M}", case.kind, case.provider, amount,
            str(case.order_id or case.payment_id or case.reference), about,
        )  # fmt: skip
    Console().print(table)
    return 0 if resolved else 1


def resolve_case(case: int, note: str, by: str) -> int:
    """Close a case; 1 when it cannot be."""
    if not staff(by):
        return 1
    answer = resolve(case, note=note, by=by, now=now())
    if answer is not Answer.RESOLVED:
        typer.echo("It needs a note." if answer is Answer.UNSIGNED else f"There is no open case {case}.", err=True)
        return 1
    typer.echo(f"Case {case} is resolved.")
    return 0


def take(order: UUID, lines: list[str], reason: str, by: str, shipping: bool, restock: bool, id: UUID | None) -> int:
    """Take lines back; 1 when they cannot be, with the reason's code."""
    if not staff(by):
        return 1
    try:
        units = {int(position): int(n) for position, _, n in (line.partition(":") for line in lines)}
    except ValueError:
        typer.echo("A line is its position and how many units, such as 0:2.", err=True)
        return 1
    wish = Wish(id or new_id(), order, units, reason, by=by.strip(), shipping=shipping, restock=restock)
    answer = take_back(wish, now=now())
    if not isinstance(answer, Taken):
        typer.echo(f"{answer.value}: nothing was changed.", err=True)
        return 1
    typer.echo(f"{money(answer.amount, answer.currency)} goes back to the buyer.")
    return 0
