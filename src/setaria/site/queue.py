"""`setaria queue`: publish how a waiting room's early ones were put in order, and check what was published."""

from pathlib import Path

import msgspec
import typer

from setaria.trade.drops.models import Drop
from setaria.trade.queues.models import Queue
from setaria.trade.queues.proof import TooEarly, faults, publish, read


def export(slug: str, file: Path | None) -> int:
    """Write a drop's proof to a file, or to standard output; return the exit code."""
    try:
        text = msgspec.json.format(msgspec.json.encode(publish(slug)), indent=1).decode()
    except (Drop.DoesNotExist, Queue.DoesNotExist):
        typer.echo(f"There is no drop {slug!r} with a waiting room.", err=True)
        return 1
    except TooEarly:
        typer.echo("The sale has not opened: nobody has a number, and the seed is secret until then.", err=True)
        return 1
    if file is None:
        typer.echo(text)
    else:
        file.write_text(text + "\n", encoding="utf-8")
    return 0


def verify(file: Path, me: str | None) -> int:
    """Compute the order again from a published file; return 0 when it is as published, 1 when not."""
    try:
        proof = read(file.read_bytes())
    except OSError as error:
        typer.echo(f"{file} cannot be read: {error.strerror}.", err=True)
        return 1
    except msgspec.DecodeError as error:
        typer.echo(f"{file} is not a waiting room's published order: {error}", err=True)
        return 1
    found = faults(proof)
    for fault in found:
        typer.echo(fault, err=True)
    if found:
        return 1
    typer.echo(f"{proof.drop}: the seed has the published hash {proof.seed_hash},")
    typer.echo(f"and puts all {len(proof.early):,} early ones where the list has them.")
    if me is not None:
        places = [number for number, each in enumerate(proof.early, start=1) if str(each) == me.strip().lower()]
        typer.echo(f"You: number {places[0]:,}." if places else "You are not in the list of early ones.")
    return 0
