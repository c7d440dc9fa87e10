"""`setaria payments`: thin, each imports what it needs when it is called."""

from __future__ import annotations

from typing import Annotated

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
