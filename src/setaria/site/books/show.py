"""What `setaria books` does and prints."""

from collections import defaultdict
from datetime import date
from decimal import Decimal
from uuid import UUID

import typer
from babel.numbers import format_currency, get_currency_precision
from django.utils import translation
from rich.console import Console
from rich.table import Table

from setaria.goods.catalog.models import Kind
from setaria.kernel.clock import now
from setaria.kernel.texts import text_in
from setaria.markets.models import Market
from setaria.people.members.models import Member
from setaria.trade.books import correct, queries
from setaria.trade.books.accounts import Source
from setaria.trade.books.record import record


def money(amount: int, currency: str) -> str:
    """Write an amount of minor units, such as ¥1,999.00."""
    value = Decimal(amount).scaleb(-get_currency_precision(currency))
    return format_currency(value, currency, locale="en")


@translation.override("en")  # the command line speaks English, and so do the accounts' names on it
def show_balance(code: str, until: date | None) -> int:
    """Print the trial balance; 1 when there is no such market."""
    market = _market(code) if code else None
    if code and market is None:
        return 1
    found = queries.trial_balance(market_id=market.pk if market else None, until=until)
    if not found:
        typer.echo("Nothing is in the books yet.")
        return 0
    for currency in sorted({standing.currency for standing in found}):
        standings = [standing for standing in found if standing.currency == currency]
        title = f"Trial balance, {currency}" + (f", to the end of {until:%Y-%m}" if until else "")
        table = Table("", "account", title=title, title_justify="left", show_footer=True)
        debit = sum(max(standing.balance, 0) for standing in standings)
        credit = sum(max(-standing.balance, 0) for standing in standings)
        table.add_column("debit", justify="right", footer=money(debit, currency))
        table.add_column("credit", justify="right", footer=money(credit, currency))
        for standing in standings:
            sides = (max(standing.balance, 0), max(-standing.balance, 0))
            written = [money(side, currency) if side else "" for side in sides]
            table.add_row(str(standing.account.value), str(standing.account.label), *written)
        Console().print(table)
    return 0


@translation.override("en")
def show_story(order_id: UUID) -> int:
    """Print all entries of an order; 1 when the books know nothing of it."""
    story = queries.story_of(order_id)
    if not story:
        typer.echo(
            f"Nothing is in the books about {order_id}. An order is entered once money has come for it.", err=True
        )
        return 1
    currency = Market.objects.get(pk=story[0].entry.market_id).currency
    table = Table("when", "what", "account", title=f"Order {order_id}", title_justify="left")
    table.add_column("debit", justify="right")
    table.add_column("credit", justify="right")
    for told in story:
        head = [f"{told.entry.at:%Y-%m-%d %H:%M:%S}", str(Source(told.entry.source).label)]
        for account, amount, _kind in told.lines:
            debit, credit = (money(amount, currency), "") if amount > 0 else ("", money(-amount, currency))
            table.add_row(*head, str(account.label), debit, credit)
            head = ["", told.entry.note] if head[0] else ["", ""]
        table.add_section()
    Console().print(table)
    return 0


def show_revenue(code: str) -> int:
    """Print a market's revenue by quarter and kind; 1 when there is no such market."""
    market = _market(code)
    if market is None:
        return 1
    earned = queries.revenue_by_quarter(market.pk)
    names = {kind.pk: text_in(kind.name) for kind in Kind.objects.all()}
    totals: dict[str, int] = defaultdict(int)
    for row in earned:
        totals[row.quarter] += row.amount
    table = Table("quarter", "kind", title=f"Revenue of {code}, without tax", title_justify="left")
    table.add_column("amount", justify="right")
    table.add_column("share", justify="right")
    for row in earned:
        share = f"{row.amount / totals[row.quarter]:.1%}" if totals[row.quarter] else ""
        table.add_row(row.quarter, names.get(row.kind_id, "?"), money(row.amount, row.currency), share)
    Console().print(table)
    return 0


def close_month(code: str, month: date, by: str) -> int:
    """Close a market's month; 1 when it cannot be, with the reason."""
    market = _market(code)
    if market is None:
        return 1
    if not Member.objects.filter(email=by.strip().lower(), is_staff=True).exists():
        typer.echo(f"{by} is not a member of staff.", err=True)
        return 1
    try:
        correct.close(market, month, by=by, now=now())
    except correct.CannotEnter as error:
        typer.echo(str(error), err=True)
        return 1
    typer.echo(f"{code} {month:%Y-%m} is closed.")
    return 0


def record_everything() -> int:
    """Enter whatever is missing."""
    typer.echo(f"{record(now=now(), everything=True):,} entries made.")
    return 0


def _market(code: str) -> Market | None:
    market = Market.objects.filter(code=code).first()
    if market is None:
        known = ", ".join(Market.objects.order_by("code").values_list("code", flat=True))
        typer.echo(f"There is no market {code!r}. There are: {known}.", err=True)
    return market
