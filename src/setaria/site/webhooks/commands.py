"""`setaria webhooks`: thin, each imports what it needs when it is called."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import typer

from setaria.site.instance import HomeOption, set_up_django, use_instance

webhooks = typer.Typer(help="Other systems that hear what happens to orders.", no_args_is_help=True)
EndpointArgument = Annotated[UUID, typer.Argument(help="The endpoint, as `list` shows it.")]


@webhooks.command("add")
def add(
    url: Annotated[str, typer.Argument(help="Where it is posted: https://…")],
    by: Annotated[str, typer.Option(help="Who adds it: the email address of somebody of staff.")],
    kinds: Annotated[list[str] | None, typer.Option("--kind", help="Such as order.paid. Default: all.")] = None,
    home: HomeOption = None,
) -> None:
    """Let an address hear what happens from now on; prints its secret."""
    use_instance(home)
    set_up_django()
    from setaria.site.webhooks.show import add_endpoint

    raise typer.Exit(add_endpoint(url, kinds or [], by))


@webhooks.command("list")
def show(home: HomeOption = None) -> None:
    """Print the endpoints, how they stand, and what waits."""
    use_instance(home)
    set_up_django()
    from setaria.site.webhooks.show import show_endpoints

    raise typer.Exit(show_endpoints())


@webhooks.command("log")
def log(
    endpoint: EndpointArgument, count: Annotated[int, typer.Option(min=1, max=1000)] = 20, home: HomeOption = None
) -> None:
    """Print the latest posts to an endpoint, and how they went."""
    use_instance(home)
    set_up_django()
    from setaria.site.webhooks.show import show_log

    raise typer.Exit(show_log(endpoint, count))


@webhooks.command("on")
def on(endpoint: EndpointArgument, home: HomeOption = None) -> None:
    """Switch an endpoint on again."""
    use_instance(home)
    set_up_django()
    from setaria.site.webhooks.show import switch_endpoint

    raise typer.Exit(switch_endpoint(endpoint, on=True))


@webhooks.command("off")
def off(endpoint: EndpointArgument, home: HomeOption = None) -> None:
    """Switch an endpoint off."""
    use_instance(home)
    set_up_django()
    from setaria.site.webhooks.show import switch_endpoint

    raise typer.Exit(switch_endpoint(endpoint, on=False))


@webhooks.command("rotate")
def rotate(endpoint: EndpointArgument, home: HomeOption = None) -> None:
    """Give an endpoint another secret and print it; the one before is good for a day."""
    use_instance(home)
    set_up_django()
    from setaria.site.webhooks.show import rotate_secret

    raise typer.Exit(rotate_secret(endpoint))


@webhooks.command("replay")
def replay(
    endpoint: EndpointArgument,
    since: Annotated[datetime, typer.Option(help="UTC, such as 2026-11-11T00:00:00.")],
    until: Annotated[datetime | None, typer.Option(help="UTC; default: now.", show_default=False)] = None,
    home: HomeOption = None,
) -> None:
    """Post again what happened in a span of time."""
    use_instance(home)
    set_up_django()
    from setaria.site.webhooks.show import replay_events

    raise typer.Exit(replay_events(endpoint, since, until))
