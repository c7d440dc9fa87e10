"""What a request is after our middleware has seen it. For type checkers; nothing here is ever constructed."""

from typing import TYPE_CHECKING

from django.http import HttpRequest

from setaria.channels.storefront.models import Storefront
from setaria.markets.models import Channel, Market
from setaria.people.members.models import Member

if TYPE_CHECKING:
    from setaria.channels.storefront.directory import Standing


class Visit(HttpRequest):
    """Somebody in a storefront: the market they shop in, its channel there, and all markets it is in."""

    storefront: Storefront
    standing: "Standing"
    market: Market
    channel: Channel | None
    markets: list[Market]
    version: int  # of the terms, as of the request's beginning


class MemberVisit(Visit):
    """Somebody signed in: behind `login_required`."""

    user: Member
