"""`setaria payments`: thin, each imports what it needs when it is called."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from setaria.site.instance import HomeOption, set_up_django, use_instance

payments = typer.Typer(help="Money from providers: what a person must look at.", no_args_is_help=True)
ByOption = Annotated[str, typer.Option(help="Who does it: the email address of somebody of the staff.")]


@payments.command("cases")
def cases(
    resolved: Annotated[bool, typer.Option("--resolved", help="Those resolved, instead of the open ones.")] = False,
    home: HomeOption = None,
) -> None:
    """List what a person must look at; 1 when something is open."""
    use_instance(home)
    set_up_django()
    from setaria.site.payments.show import show_cases

    raise typer.Exit(show_cases(resolved))


@payments.command("resolve")
def resolve(
    case: Annotated[int, typer.Argument(help="The case's number.")],
    note: Annotated[str, typer.Option(help="What was done.")],
    by: ByOption,
    home: HomeOption = None,
) -> None:
    """Close a case."""
    use_instance(home)
    set_up_django()
    from setaria.site.payments.show import resolve_case

    raise typer.Exit(resolve_case(case, note, by))


@payments.command("refund")
def refund(
    order: Annotated[UUID, typer.Argument(help="The order's number.")],
    reason: Annotated[str, typer.Option(help="Why.")],
    by: ByOption,
    line: Annotated[list[str], typer.Option(help="A line's position and how many units: 0:2. May be repeated.")] = [],  # noqa: B006
    shipping: Annotated[bool, typer.Option("--shipping", help="The shipping, too.")] = False,
    restock: Annotated[
        bool, typer.Option("--restock/--no-restock", help="Whether its units are for sale again.")
    ] = True,
    id: Annotated[UUID | None, typer.Option("--id", help="The same id takes back once.", show_default=False)] = None,
    home: HomeOption = None,
) -> None:
    """Take lines of a paid order back and refund them."""
    use_instance(home)
    set_up_django()
    from setaria.site.payments.show import take

    raise typer.Exit(take(order, line, reason, by, shipping, restock, id))


@payments.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A provider's settlement file, CSV.")],
    provider: Annotated[str, typer.Option(help="Whose: stripe, alipay, wechat, sandbox.")],
    by: ByOption,
    home: HomeOption = None,
) -> None:
    """Take a settlement file in and list what differs; the same file twice changes nothing."""
    use_instance(home)
    set_up_django()
    from setaria.site.payments.files import take

    raise typer.Exit(take(file, provider, by))


@payments.command("differences")
def differences(home: HomeOption = None) -> None:
    """Compare again and list what differs; 1 when something does."""
    use_instance(home)
    set_up_django()
    from setaria.site.payments.files import show

    raise typer.Exit(show())


@payments.command("settle-difference")
def settle_difference(
    difference: Annotated[int, typer.Argument(help="The difference's number.")],
    note: Annotated[str, typer.Option(help="Why it is, and what was done.")],
    by: ByOption,
    home: HomeOption = None,
) -> None:
    """Close a difference."""
    use_instance(home)
    set_up_django()
    from setaria.site.payments.files import settle

    raise typer.Exit(settle(difference, note, by))
