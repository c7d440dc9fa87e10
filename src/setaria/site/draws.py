"""What `setaria draw` prints."""

import json
import sys
from pathlib import Path

import typer

from setaria.trade.draws.verify import key_of, ranking, verify


def verify_file(path: Path, noted_sha256: str, mark: str) -> int:
    """Check a draw's file, print what was found, and return 1 when something is wrong. Needs no database."""
    try:
        file = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        typer.echo(f"FORMAT: {path} cannot be read: {error}", err=True)
        return 1
    faults = verify(file, noted_sha256)
    for fault in faults:
        typer.echo(fault, err=True)
    if faults:
        return 1
    typer.echo(f"The draw of {file.get('drop', 'this file')} is as the rule says: {len(file['entries']):,} entries.")
    for sku, winners in file["winners"].items():
        typer.echo(f"  {sku}: {len(winners):,} winners for {file['places'][sku]:,} places")
    if not noted_sha256:
        typer.echo(f"  Seed's hash: {file['seed_sha256']} (is it the one you noted before? --noted HASH compares)")
    if mark:
        typer.echo(_where(file, mark))
    return 0


def _where(file: dict[str, object], mark: str) -> str:
    ranked = ranking(key_of(str(file["seed"]), str(file["entries_sha256"]), str(file["witness"])), file["entries"])  # type: ignore[arg-type]
    places: dict[str, int] = file["places"]  # type: ignore[assignment]
    for sku, marks in ranked.items():
        if mark in marks:
            rank = marks.index(mark) + 1
            luck = "a winner" if rank <= places[sku] else f"number {rank - places[sku]:,} of the reserve"
            return f"  {mark}: rank {rank:,} of {len(marks):,} for {sku}, {luck}"
    return f"  {mark} is not in the list."


def export(slug: str, out: Path | None) -> int:
    """Write a draw's public file; return 1 when there is no such draw."""
    from setaria.trade.draws.models import Draw
    from setaria.trade.draws.publish import publish

    draw = Draw.objects.select_related("drop").filter(drop__slug=slug).first()
    if draw is None:
        typer.echo(f"There is no draw of a drop {slug!r}.", err=True)
        return 1
    if out is None:
        sys.stdout.writelines(publish(draw))
        return 0
    with out.open("w", encoding="utf-8") as file:
        file.writelines(publish(draw))
    return 0


def tell(slug: str, value: str) -> int:
    """Tell the public value that a draw waits for; return 1 when it is not taken."""
    from setaria.trade.draws.draw import Told, witness
    from setaria.trade.draws.models import Draw

    draw = Draw.objects.filter(drop__slug=slug).first()
    if draw is None:
        typer.echo(f"There is no draw of a drop {slug!r}.", err=True)
        return 1
    told = witness(draw, value)
    typer.echo(told.value, err=told is not Told.TOLD)
    return 0 if told is Told.TOLD else 1
