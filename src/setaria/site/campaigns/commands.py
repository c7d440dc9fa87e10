"""The command line of campaigns, `setaria campaign` and `setaria drill`; each imports what it needs when it is called."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from setaria.site.instance import HomeOption, set_up_django, use_instance

campaigns = typer.Typer(help="Plan, check and approve a campaign (docs/howto/run-a-campaign.md).", no_args_is_help=True)
ByOption = Annotated[str, typer.Option("--by", help="E-mail address of the member of staff who does it.")]
SlugArgument = Annotated[str, typer.Argument(metavar="CAMPAIGN", help="The campaign's slug.")]


@campaigns.command("plan")
def campaign_plan(
    file: Annotated[Path, typer.Argument(help="A TOML file.")], by: ByOption, home: HomeOption = None
) -> None:
    """Take in a plan from a file; the same file twice changes nothing."""
    use_instance(home)
    set_up_django()
    from setaria.site.campaigns.cli import plan

    raise typer.Exit(plan(file, by))


@campaigns.command("check")
def campaign_check(slug: SlugArgument, by: ByOption, home: HomeOption = None) -> None:
    """Check stock, prices, times, limits, messages and capacity."""
    use_instance(home)
    set_up_django()
    from setaria.site.campaigns.cli import check

    raise typer.Exit(check(slug, by))


def drill(slug: SlugArgument, by: ByOption, home: HomeOption = None) -> None:
    """Rehearse a campaign in a copy of the database; exit code 1 when anything failed."""
    use_instance(home)
    set_up_django()
    from setaria.site.campaigns.drill import drill as run

    raise typer.Exit(run(slug, by))


@campaigns.command("approve")
def campaign_approve(slug: SlugArgument, by: ByOption, home: HomeOption = None) -> None:
    """Approve a rehearsed campaign: its drops and prices are made."""
    use_instance(home)
    set_up_django()
    from setaria.site.campaigns.cli import approve

    raise typer.Exit(approve(slug, by))


@campaigns.command("call-off")
def campaign_call_off(slug: SlugArgument, by: ByOption, home: HomeOption = None) -> None:
    """Call a campaign off before it begins: its drops never open, units and prices go back."""
    use_instance(home)
    set_up_django()
    from setaria.site.campaigns.cli import call_off

    raise typer.Exit(call_off(slug, by))


@campaigns.command("approve-message")
def campaign_approve_message(
    slug: SlugArgument,
    message: Annotated[str, typer.Argument(help="The message's slug.")],
    by: ByOption,
    home: HomeOption = None,
) -> None:
    """Approve the newest wording of a message."""
    use_instance(home)
    set_up_django()
    from setaria.site.campaigns.cli import approve_message

    raise typer.Exit(approve_message(slug, message, by))


@campaigns.command("show")
def campaign_show(
    slug: Annotated[str, typer.Argument(metavar="[CAMPAIGN]", help="One campaign. Default: all.")] = "",
    home: HomeOption = None,
) -> None:
    """Show all campaigns, or one with its steps and checks."""
    use_instance(home)
    set_up_django()
    from setaria.site.campaigns.cli import show

    raise typer.Exit(show(slug))


@campaigns.command("report")
def campaign_report(
    slug: SlugArgument,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The HTML file to write.")],
    language: Annotated[str, typer.Option(help="zh-hans or en.")] = "zh-hans",
    by: Annotated[str, typer.Option("--by", help="Note for good that it was reported: who does it.")] = "",
    home: HomeOption = None,
) -> None:
    """Write a campaign's figures into one HTML file that needs nothing else."""
    use_instance(home)
    set_up_django()
    from setaria.site.campaigns.cli import report

    raise typer.Exit(report(slug, out, language, by))
