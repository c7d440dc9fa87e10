"""`setaria invoices`: thin, each imports what it needs when it is called."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from setaria.site.instance import HomeOption, set_up_django, use_instance

invoices = typer.Typer(help="Invoices: whose they are, one as a file, the tax they add up to.", no_args_is_help=True)
MarketArgument = Annotated[str, typer.Argument(help="Code of the market, such as cn.")]


@invoices.command("issuer")
def issuer(
    market: MarketArgument,
    prefix: Annotated[str, typer.Option(help="Begins every number, such as CN.")],
    name: Annotated[str, typer.Option(help="Who sells.")],
    tax_id: Annotated[str, typer.Option(help="Their tax number.")],
    street: Annotated[str, typer.Option()],
    city: Annotated[str, typer.Option()],
    country: Annotated[str, typer.Option(help="ISO 3166, such as CN.")],
    postcode: Annotated[str, typer.Option()] = "",
    every: Annotated[
        bool, typer.Option("--every/--asked", help="For every order paid from now on, or for those who ask.")
    ] = False,
    home: HomeOption = None,
) -> None:
    """Name who sells in a market; without it no invoice is written there. Named again, later invoices say so."""
    use_instance(home)
    set_up_django()
    from setaria.site.invoices.show import name_issuer
    from setaria.trade.invoices.rules import Party

    raise typer.Exit(name_issuer(market, prefix, Party(name, country, tax_id, street, city, postcode), every))


@invoices.command("save")
def save(
    name: Annotated[str, typer.Argument(help="The document's number, such as CN-2026-000001.")],
    to: Annotated[
        Path | None, typer.Option("--to", help="The file; default: NAME.pdf here.", show_default=False)
    ] = None,
    data: Annotated[bool, typer.Option("--data", help="Its data within (Factur-X, EN 16931).")] = False,
    home: HomeOption = None,
) -> None:
    """Write a document as a PDF."""
    use_instance(home)
    set_up_django()
    from setaria.site.invoices.show import save_document

    raise typer.Exit(save_document(name, to or Path(f"{name}.pdf"), data))


@invoices.command("tax")
def tax(market: MarketArgument, home: HomeOption = None) -> None:
    """Print the tax a market's documents add up to, by month and rate: invoices less credit notes."""
    use_instance(home)
    set_up_django()
    from setaria.site.invoices.show import show_tax

    raise typer.Exit(show_tax(market))
