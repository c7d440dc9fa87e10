"""`setaria staff`: who of staff may do what. Thin; imports what it needs when it is called.

Staff sees what concerns everybody of staff; what changes what others are told needs a right of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from setaria.site.instance import HomeOption, set_up_django, use_instance

if TYPE_CHECKING:
    from django.contrib.auth.models import Permission

    from setaria.people.members.models import Member

RIGHTS = {
    "wordings": ("notices.change_wording",),
    "announcements": ("announcements.change_announcement",),  # to write and stop them
    "approvals": ("announcements.approve_announcement",),
    "bounces": ("notices.change_bounce",),
    "webhooks": ("webhooks.change_endpoint",),
    "search": ("search.change_synonyms",),
    "promotions": ("promotions.add_promotion", "promotions.change_promotion"),
    "giftcards": ("giftcards.add_card", "giftcards.add_block"),
    "points": ("points.add_entry",),
    "rates": ("quotes.add_taxrate", "quotes.add_shippingrate", "quotes.add_exemption"),
    "refunds": ("aftersales.add_return",),  # and to note that one was paid by bank
    "door": ("payments.add_remittance",),
    "disputes": ("payments.change_dispute",),
}

staff = typer.Typer(help="Who of staff may do what.", no_args_is_help=True)
EmailArgument = Annotated[str, typer.Argument(help="The email address of somebody of staff.")]
RightsArgument = Annotated[list[str], typer.Argument(help=f"Of: {', '.join(RIGHTS)}.")]


@staff.command("list")
def show(home: HomeOption = None) -> None:
    """Print staff, and what each may do."""
    use_instance(home)
    set_up_django()
    from setaria.people.members.models import Member

    for member in Member.objects.filter(is_staff=True, is_active=True).order_by("email"):
        rights = [right for right, given in RIGHTS.items() if member.has_perms(given)]
        typer.echo(f"{member}  {' '.join(rights) or '-'}{'  (may do everything)' if member.is_superuser else ''}")


@staff.command("allow")
def allow(email: EmailArgument, rights: RightsArgument, home: HomeOption = None) -> None:
    """Give somebody of staff rights."""
    use_instance(home)
    set_up_django()
    _found(email).user_permissions.add(*_permissions(rights))


@staff.command("forbid")
def forbid(email: EmailArgument, rights: RightsArgument, home: HomeOption = None) -> None:
    """Take rights away again."""
    use_instance(home)
    set_up_django()
    _found(email).user_permissions.remove(*_permissions(rights))


def _found(email: str) -> Member:
    from setaria.people.members.models import Member

    member = Member.objects.filter(email=email.strip().lower(), is_staff=True, is_active=True).first()
    if member is None:
        typer.echo(f"Nobody of staff has the address {email}. Nothing was changed.", err=True)
        raise typer.Exit(1)
    return member


def _permissions(rights: list[str]) -> list[Permission]:
    if unknown := sorted(set(rights) - set(RIGHTS)):
        typer.echo(
            f"There is no right {', '.join(unknown)}; there are {', '.join(RIGHTS)}. Nothing was changed.", err=True
        )
        raise typer.Exit(1)
    return permissions(rights)


def permissions(rights: Iterable[str]) -> list[Permission]:
    """Return what Django calls these rights."""
    from django.contrib.auth.models import Permission

    named = [permission.split(".") for right in rights for permission in RIGHTS[right]]
    return [Permission.objects.get(content_type__app_label=app, codename=name) for app, name in named]
