"""`setaria draw` and `setaria codes`: thin, each imports what it needs when it is called."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from setaria.site.instance import HomeOption, set_up_django, use_instance

draw_app = typer.Typer(help="Draws: the public file, and checking one.", no_args_is_help=True)
SlugArgument = Annotated[str, typer.Argument(help="Slug of the drop.")]


@draw_app.command("verify")
def draw_verify(
    file: Annotated[Path, typer.Argument(help="A draw's public file.")],
    noted: Annotated[str, typer.Option(help="The seed's hash as you noted it before the draw.")] = "",
    mark: Annotated[str, typer.Option(help="Your own mark in the list: say where it came.")] = "",
) -> None:
    """Run a draw again from its public file. Needs no database and no connection."""
    from setaria.site.draws import verify_file

    raise typer.Exit(verify_file(file, noted, mark))


@draw_app.command("export")
def draw_export(
    slug: SlugArgument,
    out: Annotated[Path | None, typer.Option(help="File to write. Default: print it.", show_default=False)] = None,
    home: HomeOption = None,
) -> None:
    """Write a draw's public file."""
    use_instance(home)
    set_up_django()
    from setaria.site.draws import export

    raise typer.Exit(export(slug, out))


@draw_app.command("witness")
def draw_witness(
    slug: SlugArgument,
    value: Annotated[str, typer.Argument(help="The public value that was announced.")],
    home: HomeOption = None,
) -> None:
    """Tell the public value that a draw waits for; the first one stays."""
    use_instance(home)
    set_up_django()
    from setaria.site.draws import tell

    raise typer.Exit(tell(slug, value))


codes_app = typer.Typer(help="Friend codes: allowed, given, listed, taken back.", no_args_is_help=True)


@codes_app.command("allow")
def codes_allow(
    slug: SlugArgument,
    codes: Annotated[int, typer.Option("--max", help="Codes of the drop in all.")],
    each: Annotated[int, typer.Option(help="Codes of one member at most.")] = 1,
    until: Annotated[
        datetime | None,
        typer.Option(help="Good until then (UTC). Default: as long as the drop.", show_default=False),
    ] = None,
    home: HomeOption = None,
) -> None:
    """Say how many codes may be given for a drop."""
    use_instance(home)
    set_up_django()
    from setaria.site.codes import allow

    raise typer.Exit(allow(slug, codes, each, until.replace(tzinfo=UTC) if until else None))


@codes_app.command("give")
def codes_give(
    slug: SlugArgument,
    codes: Annotated[int, typer.Option("--codes", min=1, help="So many each, in all.")] = 1,
    emails: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="A list, one address a line.", show_default=False)
    ] = None,
    points: Annotated[
        int | None, typer.Option(min=1, help="Everybody with so many points.", show_default=False)
    ] = None,
    home: HomeOption = None,
) -> None:
    """Give members codes until each has so many; twice gives no more."""
    use_instance(home)
    set_up_django()
    from setaria.site.codes import give

    raise typer.Exit(give(slug, codes, emails, points))


@codes_app.command("list")
def codes_list(slug: SlugArgument, home: HomeOption = None) -> None:
    """List a drop's codes, without showing any."""
    use_instance(home)
    set_up_django()
    from setaria.site.codes import show

    raise typer.Exit(show(slug))


@codes_app.command("revoke")
def codes_revoke(
    ids: Annotated[list[UUID], typer.Argument(help="Ids from `setaria codes list`.")], home: HomeOption = None
) -> None:
    """Take codes back that are not spent."""
    use_instance(home)
    set_up_django()
    from setaria.site.codes import revoke

    raise typer.Exit(revoke(ids))
