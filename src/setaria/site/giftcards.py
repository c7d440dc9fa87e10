"""`setaria giftcards`: thin; imports what it needs when it is called."""

from __future__ import annotations

from typing import Annotated

import typer

from setaria.site.instance import HomeOption, set_up_django, use_instance

giftcards = typer.Typer(help="Gift cards and store credit.", no_args_is_help=True)


@giftcards.command("issue")
def issue(
    market: Annotated[str, typer.Argument(help="Code of the market, such as cn.")],
    amount: Annotated[int, typer.Argument(help="In the currency's minor unit: 5000 is 50 yuan.")],
    why: Annotated[str, typer.Option(help="What for.")],
    by: Annotated[str, typer.Option(help="Who issues it: an email address.")],
    to: Annotated[str, typer.Option(help="A member's email address: store credit of theirs.", show_default=False)] = "",
    sold: Annotated[bool, typer.Option(help="Somebody paid for it outside of the shop.")] = False,
    home: HomeOption = None,
) -> None:
    """Issue a gift card and print its code, once; or store credit of a member, which needs none."""
    use_instance(home)
    set_up_django()
    from setaria.kernel.clock import now
    from setaria.markets.models import Market
    from setaria.people.members.models import Member
    from setaria.trade.giftcards.issue import issue

    where = Market.objects.filter(code=market).first()
    member = Member.objects.filter(email=to.lower()).first() if to else None
    if where is None or (to and member is None):
        typer.echo("There is no such market." if where is None else "There is no such member.", err=True)
        raise typer.Exit(1)
    try:
        _, code = issue(where, amount, why=why, by=by, now=now(), sold=sold, member_id=member.pk if member else None)
    except ValueError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    typer.echo(code or f"Store credit of {to}.")
