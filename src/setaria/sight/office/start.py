"""The staff's start page: the pages somebody may open, and how much waits there for a person."""

from collections.abc import Callable

import msgspec
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise as Words
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from setaria.sight.staff import for_staff
from setaria.trade.campaigns.models import Campaign
from setaria.trade.payments.cash.models import Promise
from setaria.trade.payments.models import Case, Dispute
from setaria.trade.reconciliation.models import Difference


class Room(msgspec.Struct, frozen=True):
    """A page of staff's: where, what for, who may in (one of these rights; empty for all), and what waits there."""

    url: str
    name: str | Words
    line: str | Words
    rights: tuple[str, ...] = ()
    waiting: Callable[[], int] | None = None


FLOORS: list[tuple[str | Words, list[Room]]] = [
    (
        _("Campaigns and the night"),
        [
            Room("wall:home", _("Sales wall"), _("The figures of the night, as the orders are written.")),
            Room("command:centre", _("Command centre"), _("How every part is, who is on duty, what happened.")),
            Room(
                "calendar:campaigns", _("Campaigns"), _("What is planned, checked, rehearsed, and waits for a signature."),
                waiting=lambda: Campaign.objects.filter(approved_at=None, called_off_at=None).count(),
            ),
        ],
    ),
    (
        _("About money"),
        [
            Room(
                "money:cases", _("What to look at"), _("Payments that a person must decide about."),
                waiting=lambda: Case.objects.filter(resolved_at=None).count(),
            ),
            Room("money:find", _("An order's money"), _("Paid, refunded, given back: find it by its number.")),
            Room(
                "money:differences", _("Settlement files"), _("What providers' files say otherwise than the books."),
                waiting=lambda: Difference.objects.filter(resolved_at=None).count(),
            ),
            Room(
                "money:disputes", _("Disputes"), _("What buyers asked their banks to take back."),
                waiting=lambda: Dispute.objects.filter(ended_at=None).count(),
            ),
            Room(
                "money:door", _("At the door"), _("Cash that couriers owe."),
                waiting=lambda: Promise.objects.filter(paid_at=None, closed=False, waived__lt=F("amount")).count(),
            ),
            Room("money:promotions", _("Promotions"), _("What is taken off, from when to when.")),
            Room("money:points", _("Points"), _("What a customer has, and why.")),
            Room("money:cards", _("Gift cards"), _("Issue, find and block them.")),
            Room("money:rates", _("Tax and delivery"), _("What is added to prices, by market.")),
        ],
    ),
    (
        _("Telling people"),
        [
            Room("telling:wordings", _("Wordings"), _("What messages say, version by version."), ("notices.change_wording",)),
            Room(
                "telling:announcements", _("Announcements"), _("To everybody, after a second person's approval."),
                ("announcements.change_announcement", "announcements.approve_announcement"),
            ),
            Room("telling:bounces", _("Mail that came back"), _("Addresses that take none."), ("notices.change_bounce",)),
            Room("telling:webhooks", _("Webhooks"), _("Other systems that are told."), ("webhooks.change_endpoint",)),
        ],
    ),
    (
        _("The store"),
        [
            Room("office:finding", _("Words for search"), _("Which words mean the same thing."), ("search.change_synonyms",)),
            Room("store:design", _("Design page"), _("Every piece the pages are made of.")),
        ],
    ),
]  # fmt: skip


class Door(msgspec.Struct, frozen=True):
    """A room as it is shown: `waiting` is None where nothing is counted."""

    room: Room
    waiting: int | None


@for_staff
@require_safe
@never_cache
def page(request: HttpRequest) -> HttpResponse:
    """Show the pages that are there for whoever asks."""
    floors = [(name, [_door(room) for room in rooms if _may(request, room)]) for name, rooms in FLOORS]
    return render(request, "office/start.html", {"floors": [(name, doors) for name, doors in floors if doors]})


def _may(request: HttpRequest, room: Room) -> bool:
    return not room.rights or any(map(request.user.has_perm, room.rights))


def _door(room: Room) -> Door:
    return Door(room, room.waiting() if room.waiting else None)
