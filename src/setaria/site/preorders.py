"""`setaria preorders`: how programmes stand, units that arrived, weeks that slip."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table

from setaria.goods.inventory.move import NotEnough
from setaria.kernel.clock import now
from setaria.kernel.ids import new_id
from setaria.trade.preorders.end import end as end_programme
from setaria.trade.preorders.models import Notice, Place, Programme, Receipt, State, Week
from setaria.trade.preorders.supply import Conflict, call_all
from setaria.trade.preorders.supply import supply as book
from setaria.trade.preorders.weeks import slip as move_week

PAPER_COLUMNS = 130


def show() -> int:
    """Print every programme: its promise, its queue, its money."""
    table = Table(title="Programmes", title_justify="left")
    for column in (
        "programme",
        "promised",
        "living",
        "numbers",
        "standing",
        "called",
        "supplied",
        "deposits",
        "untold",
    ):
        table.add_column(column, justify="left" if column == "programme" else "right")
    for programme in Programme.objects.order_by("slug"):
        places = Place.objects.filter(programme_id=programme.pk)
        figures = (
            programme.places_max,
            programme.places_living,
            programme.numbers_given,
            places.filter(state=State.STANDING).count(),
            places.filter(state__in=(State.CALLED, State.ORDERED)).count(),
            sum(programme.supplies.values_list("units", flat=True)),
            Receipt.objects.filter(place_id__in=places.values("id"), fate__in=(1, 2)).count(),
            Notice.objects.filter(slip_id__in=programme.weeks.values("slips"), seen_at=None, sent_at=None).count(),
        )
        table.add_row(programme.slug, *(f"{figure:,}" for figure in figures))
    console = Console()
    (console if console.is_terminal else Console(width=PAPER_COLUMNS)).print(table)
    return 0


def supply(slug: str, units: int, supply_id: UUID | None) -> int:
    """Book units that arrived for a programme and make the orders they are for; 1 when they cannot be booked."""
    programme = _find(slug)
    if programme is None:
        return 1
    id = supply_id or new_id()
    try:
        fresh = book(id, programme, units, now=now())
    except (NotEnough, Conflict, ValueError) as error:
        typer.echo(f"{error} Nothing was changed.", err=True)
        return 1
    made = call_all(now=now())
    typer.echo(f"{'Booked' if fresh else 'Was booked before'}: {units:,} units for {slug}, supply {id}.")
    typer.echo(f"{made:,} places became orders here; where a worker runs, it makes them, too.")
    return 0


def slip(slug: str, first: int, monday: date, reason: dict[str, str]) -> int:
    """Move the week promised to the range that begins with number `first`; 1 when that makes no sense."""
    programme = _find(slug)
    if programme is None:
        return 1
    try:
        told = move_week(programme, first, monday, reason, now=now())
    except Week.DoesNotExist:
        typer.echo(f"No range of {slug} begins with {first}. Nothing was changed.", err=True)
        return 1
    except ValueError as error:
        typer.echo(f"{error} Nothing was changed.", err=True)
        return 1
    typer.echo(f"Numbers from {first:,} on are promised for the week from {monday} now; {told:,} holders get a notice.")
    return 0


def _find(slug: str) -> Programme | None:
    found = Programme.objects.select_related("drop__pool").filter(slug=slug).first()
    if found is None:
        typer.echo(f"There is no programme {slug!r}. `setaria preorders list` shows those there are.", err=True)
    return found


def end(slug: str) -> int:
    """End a programme now; 1 where there is no such."""
    programme = _find(slug)
    if programme is None:
        return 1
    ended = end_programme(programme.pk, now=now())
    Console().print(
        f"{slug} has ended: {ended:,} places that waited were let go, and their deposits go back. "
        "What has become an order stays one."
    )
    return 0
