"""The command line, `setaria`. Each command imports what it needs when it is called, so that
`--help` answers at once and the supervisor stays small.
"""

from __future__ import annotations

import os
import signal
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated
from uuid import UUID

if __name__ == "__main__":  # Ctrl-C while we import: end without a traceback
    signal.signal(signal.SIGINT, signal.SIG_DFL)

import typer

from setaria import __version__
from setaria.site import chance
from setaria.site.books.commands import books
from setaria.site.bounces import bounces
from setaria.site.campaigns import commands
from setaria.site.giftcards import giftcards
from setaria.site.instance import HomeOption
from setaria.site.instance import set_up_django as _set_up_django
from setaria.site.instance import use_instance as _use_instance
from setaria.site.invoices.commands import invoices
from setaria.site.payments.commands import payments
from setaria.site.staff import staff
from setaria.site.webhooks.commands import webhooks

# Of Django's commands, those that work on files only.
NEED_NO_DATABASE = frozenset(
    {"help", "version", "diffsettings", "collectstatic", "findstatic", "compilemessages", "makemessages"}
    | {"makemigrations"}
)

app = typer.Typer(
    name="setaria",
    help="Setaria, the commerce system of a brand that sells what it makes.\n\n"
    "`setaria up` starts everything: database, web server, worker, and at first a demo brand.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

HostOption = Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 for all.")]
PortOption = Annotated[int, typer.Option(min=1, max=65535, help="TCP port to listen on.")]
JsonFileOption = Annotated[
    Path | None, typer.Option("--json", help="Write the figures to this file, too.", show_default=False)
]


app.add_typer(chance.draw_app, name="draw")
app.add_typer(chance.codes_app, name="codes")
app.add_typer(commands.campaigns, name="campaign")
app.add_typer(books, name="books")
app.add_typer(webhooks, name="webhooks")
app.add_typer(staff, name="staff")
app.add_typer(bounces, name="bounces")
app.add_typer(payments, name="payments")
app.add_typer(giftcards, name="giftcards")
app.add_typer(invoices, name="invoices")
app.command()(commands.drill)


def main() -> None:
    """Entry point of the `setaria` program."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "setaria.site.settings")
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"setaria {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass


@app.command()
def up(
    port: PortOption = 8000,
    host: HostOption = "127.0.0.1",
    home: HomeOption = None,
    demo: Annotated[
        bool | None,
        typer.Option(
            "--demo/--no-demo",
            help="Load the demo brand into an empty database. Default: yes, but not where DATABASE_URL is set.",
            show_default=False,
        ),
    ] = None,
    web: Annotated[int, typer.Option(min=1, max=64, help="Web processes, sharing the port.")] = 1,
) -> None:
    """Run everything here, until Ctrl-C."""
    from setaria.site.up import up as run

    raise typer.Exit(run(port=port, host=host, home=home, demo=demo, web=web))


@app.command()
def restart(home: HomeOption = None) -> None:
    """Start web processes and worker of `setaria up` anew, one after the other, while the rest serve."""
    from setaria.site.restart import restart as run

    raise typer.Exit(run(home))


@app.command()
def web(
    port: PortOption = 8000,
    host: HostOption = "127.0.0.1",
    home: HomeOption = None,
) -> None:
    """Run one web server alone; several may share a port."""
    folder = _use_instance(home)
    from setaria.site.web import serve

    serve(host=host, port=port, static=folder / "static")


@app.command()
def worker(home: HomeOption = None) -> None:
    """Run the worker alone: what is due by the clock, messages, webhooks."""
    _use_instance(home)
    _set_up_django()
    from setaria.site.worker import main as run

    run()


@app.command()
def migrate(home: HomeOption = None) -> None:
    """Bring the database's schema up to date."""
    _use_instance(home)
    _django(["migrate", "--noinput"])


@app.command()
def demo(home: HomeOption = None) -> None:
    """Load the demo brand."""
    _use_instance(home)
    _set_up_django()
    from setaria.site.demo_loader import main as run

    raise typer.Exit(run())


@app.command()
def messages(
    count: Annotated[int, typer.Option(help="How many of the latest.", min=1, max=200)] = 5, home: HomeOption = None
) -> None:
    """Show the mail and texts that an instance on trial wrote down instead of sending."""
    _use_instance(home)
    _set_up_django()
    from setaria.people.post.sandbox import latest

    for file in reversed(latest()[:count]):
        typer.echo(f"--- {file.name}\n{file.read_text(encoding='utf-8')}")


@app.command()
def check(home: HomeOption = None) -> None:
    """Say what is unsafe or missing in this installation."""
    _use_instance(home)
    _set_up_django()
    from setaria.site.check import main as run

    raise typer.Exit(run())


@app.command()
def audit(
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
    home: HomeOption = None,
) -> None:
    """Prove that nothing is sold twice and every sum is right."""
    _use_instance(home)
    _set_up_django()
    from setaria.site.audit import main as run

    raise typer.Exit(run(as_json))


@app.command()
def rush(
    scenario: Annotated[str, typer.Argument(help="Name of the scenario.")],
    scale: Annotated[float | None, typer.Option(help="Share of the documented day.", show_default=False)] = None,
    seed: Annotated[int, typer.Option(help="The same seed replays the same crowd.")] = 1,
    url: Annotated[
        str | None,
        typer.Option(help="An instance that runs. Default: one of its own, thrown away.", show_default=False),
    ] = None,
    kills: Annotated[int, typer.Option(help="Kill a part of its own instance so many times meanwhile.", min=0)] = 0,
    web: Annotated[int, typer.Option(help="Web processes of its own instance.", min=1)] = 1,
    restarts: Annotated[int, typer.Option(help="Rolling restarts of its own instance meanwhile.", min=0)] = 0,
    json_file: JsonFileOption = None,
) -> None:
    """Replay a crowd, and count what became of every order."""
    from setaria.site.rush.cli import main as run

    raise typer.Exit(run(scenario, scale, seed, url, json_file, kills, web, restarts))


@app.command()
def faults(
    kills: Annotated[int, typer.Option(min=1, help="Kill parts so often in all.")] = 24,
    seed: Annotated[int, typer.Option(help="The same seed breaks the same things at the same moments.")] = 1,
    scenario: Annotated[str, typer.Option(help="Name of the scenario.")] = "faults",
    web: Annotated[int, typer.Option(help="Web processes.", min=1)] = 2,
    json_file: JsonFileOption = None,
) -> None:
    """Break parts, lines, disk and clocks while a crowd buys, and prove that nothing was lost."""
    from setaria.site.faults.cli import main as run

    raise typer.Exit(run(kills, seed, scenario, web, json_file))


@app.command()
def simulate(
    seed: Annotated[int, typer.Option(help="The first night's seed; the same seed plays the same night.")] = 1,
    hours: Annotated[float, typer.Option(min=0, help="Simulated hours to play.")] = 24,
) -> None:
    """Play nights on a virtual clock through the deciding core, watched by an independent auditor."""
    _set_up_django()
    from setaria.site.simulation.cli import main as run

    raise typer.Exit(run(seed, hours))


@app.command()
def bench(
    quick: Annotated[bool, typer.Option("--quick", help="Four minutes, rougher figures.")] = False,
    full: Annotated[bool, typer.Option("--full", help="Longer samples, and memory through a million orders.")] = False,
    pages: Annotated[bool, typer.Option("--pages", help="Only the pages, over 10,000 products.")] = False,
    books: Annotated[
        bool,
        typer.Option("--books", help="Only the books and the audit, of 10,000 and 100,000 orders; --full: a million."),
    ] = False,
    web: Annotated[int, typer.Option(min=1, max=64, help="With --pages: web processes, sharing the port.")] = 1,
    json_file: JsonFileOption = None,
) -> None:
    """Measure how fast this machine takes orders and shows pages, or keeps the books of more and more orders."""
    if books:
        from setaria.site.bench.books_cli import main as run_books

        raise typer.Exit(run_books(quick, full, json_file))
    from setaria.site.bench.cli import main as run

    if web > 1 and not pages:
        raise typer.BadParameter("orders are compared with one empty server, so with one web server: add --pages")
    raise typer.Exit(run(quick, full, json_file, pages, web))


preorders = typer.Typer(
    help="Programmes of pre-orders: how they stand, units that arrived, weeks that slip.", no_args_is_help=True
)
app.add_typer(preorders, name="preorders")


@preorders.command("list")
def preorders_list(home: HomeOption = None) -> None:
    """Show every programme: promise, queue, supplies, deposits."""
    _use_instance(home)
    _set_up_django()
    from setaria.site.preorders import show

    raise typer.Exit(show())


@preorders.command("supply")
def preorders_supply(
    programme: Annotated[str, typer.Argument(help="Slug of the programme.")],
    units: Annotated[int, typer.Argument(min=1, help="Units that arrived, in its channel's warehouse.")],
    supply_id: Annotated[
        UUID | None, typer.Option("--id", help="The same id books the units once.", show_default=False)
    ] = None,
    home: HomeOption = None,
) -> None:
    """Book units that arrived; the next places in the queue become orders."""
    _use_instance(home)
    _set_up_django()
    from setaria.site.preorders import supply

    raise typer.Exit(supply(programme, units, supply_id))


@preorders.command("end")
def preorders_end(
    programme: Annotated[str, typer.Argument(help="Slug of the programme.")], home: HomeOption = None
) -> None:
    """End a programme: no more places, whoever waits is let go, their deposits go back in full."""
    _use_instance(home)
    _set_up_django()
    from setaria.site.preorders import end

    raise typer.Exit(end(programme))


@preorders.command("slip")
def preorders_slip(
    programme: Annotated[str, typer.Argument(help="Slug of the programme.")],
    first: Annotated[int, typer.Argument(min=1, help="The number that the range begins with.")],
    monday: Annotated[datetime, typer.Argument(formats=["%Y-%m-%d"], help="Monday of the new week.")],
    reason_zh: Annotated[str, typer.Option(help="Why, in Chinese.")],
    reason_en: Annotated[str, typer.Option(help="Why, in English.")],
    home: HomeOption = None,
) -> None:
    """Record that a promised week has moved; everyone it touches gets a notice."""
    _use_instance(home)
    _set_up_django()
    from setaria.site.preorders import slip

    raise typer.Exit(slip(programme, first, monday.date(), {"zh-hans": reason_zh, "en": reason_en}))


guard_app = typer.Typer(help="Robots at a drop: what was turned away and why, and a way back.", no_args_is_help=True)
app.add_typer(guard_app, name="guard")
DropArgument = Annotated[str, typer.Argument(help="Slug of the drop.")]


@guard_app.command("report")
def guard_report(drop: DropArgument, home: HomeOption = None) -> None:
    """Say what came of all askings for passes, by rule."""
    _use_instance(home)
    _set_up_django()
    from setaria.site.guard import report as run

    raise typer.Exit(run(drop))


@guard_app.command("forgive")
def guard_forgive(
    drop: DropArgument, email: Annotated[str, typer.Argument(help="The member's address.")], home: HomeOption = None
) -> None:
    """Let a person in who was taken for a robot."""
    _use_instance(home)
    _set_up_django()
    from setaria.site.guard import forgive as run

    raise typer.Exit(run(drop, email))


@guard_app.command("set")
def guard_set(
    drop: DropArgument,
    rules: Annotated[Path | None, typer.Option(help="JSON file. Default: the usual rules.", show_default=False)] = None,
    least: Annotated[int, typer.Option("--min", min=0, help="Tries while it is calm; 0: no work.")] = 100,
    most: Annotated[int, typer.Option("--max", min=0, help="Tries under full pressure.")] = 700,
    hard: Annotated[int, typer.Option(min=0, help="Tries for whoever behaves strangely.")] = 4_000,
    later: Annotated[
        int, typer.Option(min=0, max=3_600, help="Seconds after the opening at which others come in.")
    ] = 60,
    home: HomeOption = None,
) -> None:
    """Guard a drop."""
    _use_instance(home)
    _set_up_django()
    from setaria.site.guard import guard as run

    raise typer.Exit(run(drop, rules, least, most, hard, later))


queue_app = typer.Typer(help="The order of a waiting room, published and checked.", no_args_is_help=True)
app.add_typer(queue_app, name="queue")


@queue_app.command("export")
def queue_export(
    drop: Annotated[str, typer.Argument(help="The drop's name in its address.")],
    file: Annotated[Path | None, typer.Argument(help="Default: standard output.", show_default=False)] = None,
    home: HomeOption = None,
) -> None:
    """Publish how a drop's early ones were put in order."""
    _use_instance(home)
    _set_up_django()
    from setaria.site.queue import export

    raise typer.Exit(export(drop, file))


@queue_app.command("verify")
def queue_verify(
    file: Annotated[Path, typer.Argument(help="A published order: …/queue.json of the drop.")],
    me: Annotated[
        str | None, typer.Option("--me", help="Your name in the list, to find yourself.", show_default=False)
    ] = None,
) -> None:
    """Compute a published order again; needs no database."""
    _set_up_django()
    from setaria.site.queue import verify

    raise typer.Exit(verify(file, me))


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []},
    add_help_option=False,
)
def manage(context: typer.Context) -> None:
    """Pass a command to Django's manage (`setaria manage help`)."""
    if context.args and context.args[0] not in NEED_NO_DATABASE:
        _use_instance(None)
    _django(context.args)


def _django(arguments: list[str]) -> None:
    from django.core.management import execute_from_command_line

    execute_from_command_line(["setaria manage", *arguments])


if __name__ == "__main__":
    main()
