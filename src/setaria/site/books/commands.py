"""`setaria books`: thin, each imports what it needs when it is called."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import typer

from setaria.site.instance import HomeOption, set_up_django, use_instance

books = typer.Typer(help="The books: how accounts stand, an order's story, months that close.", no_args_is_help=True)
MarketArgument = Annotated[str, typer.Argument(help="Code of the market, such as cn.")]
MonthArgument = Annotated[datetime, typer.Argument(formats=["%Y-%m"], help="The month, such as 2026-11.")]


@books.command("balance")
def balance(
    market: Annotated[str, typer.Option(help="Only this market, by its code.", show_default=False)] = "",
    until: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m"], help="As of the end of this month.", show_default=False)
    ] = None,
    home: HomeOption = None,
) -> None:
    """Print the trial balance: every account, debits and credits."""
    use_instance(home)
    set_up_django()
    from setaria.site.books.show import show_balance

    raise typer.Exit(show_balance(market, until.date() if until else None))


@books.command("order")
def order(
    id: Annotated[UUID, typer.Argument(help="An order's number, or a place's.")], home: HomeOption = None
) -> None:
    """Tell an order's story in money, entry by entry."""
    use_instance(home)
    set_up_django()
    from setaria.site.books.show import show_story

    raise typer.Exit(show_story(id))


@books.command("revenue")
def revenue(market: MarketArgument, home: HomeOption = None) -> None:
    """Print a market's revenue by quarter and kind of product, without tax, and each kind's share."""
    use_instance(home)
    set_up_django()
    from setaria.site.books.show import show_revenue

    raise typer.Exit(show_revenue(market))


@books.command("close")
def close(
    market: MarketArgument,
    month: MonthArgument,
    by: Annotated[str, typer.Option(help="Who closes it: an email address.")],
    home: HomeOption = None,
) -> None:
    """Let a month that is over take no more entries; what comes late counts in the next."""
    use_instance(home)
    set_up_django()
    from setaria.site.books.show import close_month

    raise typer.Exit(close_month(market, month.date(), by))


@books.command("record")
def record(home: HomeOption = None) -> None:
    """Look through the whole history for what is not in the books yet, and enter it."""
    use_instance(home)
    set_up_django()
    from setaria.site.books.show import record_everything

    raise typer.Exit(record_everything())
