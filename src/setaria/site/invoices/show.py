"""What `setaria invoices` does and prints."""

from pathlib import Path

import msgspec
import typer
from django.core.exceptions import ValidationError
from rich.console import Console
from rich.table import Table

from setaria.kernel.clock import now
from setaria.markets.models import Market
from setaria.site.books.show import money
from setaria.trade.invoices.document import pdf
from setaria.trade.invoices.electronic import pdf_with_xml
from setaria.trade.invoices.models import Invoice, Issuer
from setaria.trade.invoices.queries import tax_totals
from setaria.trade.invoices.rules import Party, percent


def name_issuer(code: str, prefix: str, seller: Party, every: bool) -> int:
    """Keep who sells in a market; 1 when there is no such market or the names will not do."""
    market = _market(code)
    if market is None:
        return 1
    at = now()
    found = Issuer.objects.filter(pk=market.pk).first() or Issuer(market=market, since=at, until=at)
    when = Issuer.When.PAID if every else Issuer.When.ASKED
    if every and found.when != when:
        found.since = found.until = at
    found.prefix, found.when = prefix, when
    for field, value in msgspec.structs.asdict(seller).items():
        setattr(found, field, value)
    try:
        found.full_clean()
    except ValidationError as error:
        for field, texts in error.message_dict.items():
            typer.echo(f"--{field.replace('_', '-')}: {' '.join(texts)}", err=True)
        return 1
    found.save()
    written = "every order paid from now on" if every else "who asks"
    typer.echo(f"Invoices of {code} are numbered {prefix}-YEAR-NUMBER and written for {written}.")
    return 0


def save_document(name: str, file: Path, data: bool) -> int:
    """Write a document to a file; 1 when there is none of that number."""
    found = Invoice.objects.filter(name=name).first()
    if found is None:
        typer.echo(f"There is no document {name}. A number looks like CN-2026-000001.", err=True)
        return 1
    file.write_bytes(pdf_with_xml(found) if data else pdf(found))
    typer.echo(f"{found.get_kind_display().capitalize()} {name}, {money(found.gross, found.currency)}: {file}")
    return 0


def show_tax(code: str) -> int:
    """Print tax by month and rate; 1 when there is no such market."""
    market = _market(code)
    if market is None:
        return 1
    table = Table("month", "rate", "documents", "net", "tax", title=f"Tax on invoices, {code}", title_justify="left")
    totals = tax_totals(market.pk)
    for each in totals:
        table.add_row(
            f"{each.month:%Y-%m}", f"{percent(each.rate_bp)}%", f"{each.documents:,}", money(each.net, each.currency),
            money(each.tax, each.currency),
        )  # fmt: skip
    if not totals:
        typer.echo(f"No invoices have been written in {code}.")
        return 0
    Console().print(table)
    return 0


def _market(code: str) -> Market | None:
    market = Market.objects.filter(code=code).first()
    if market is None:
        codes = ", ".join(Market.objects.order_by("code").values_list("code", flat=True))
        typer.echo(f"There is no market {code}. There are: {codes}.", err=True)
    return market
