"""Which instance a command works on: an option that every such command has, and what it sets up."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

HomeOption = Annotated[
    Path | None,
    typer.Option("--home", help="Folder of the instance. Default: $SETARIA_HOME, else ./.home", show_default=False),
]


def set_up_django() -> None:
    """Make the models and verbs usable."""
    import django

    django.setup()


def use_instance(home: Path | None) -> Path:
    """Point the settings at DATABASE_URL, else at what runs in the home; the home's folder.

    Leaves the process if there is neither. Variables that are set already win.
    """
    from setaria.site.home import Home, nothing_runs

    place = Home(home)
    if "DATABASE_URL" not in os.environ:
        running = place.running()
        if running is None:
            typer.echo(nothing_runs(place), err=True)
            raise typer.Exit(1)
        os.environ["DATABASE_URL"] = running.database_url
        os.environ.setdefault("SETARIA_BASE_URL", running.url)
        os.environ.setdefault("SETARIA_SECRET_KEY", place.secret_key())
        os.environ.setdefault("SETARIA_PUSH_KEY", place.push_key())
    os.environ["SETARIA_HOME"] = str(place.path)
    return place.path
