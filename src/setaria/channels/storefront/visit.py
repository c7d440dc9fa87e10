"""What a request is after our middleware has seen it. For type checkers; nothing here is ever constructed."""

from typing import TYPE_CHECKING, Protocol

from django.http import HttpRequest

from setaria.channels.storefront.models import Storefront
from setaria.markets.models import Channel, Market
from setaria.people.members.models import Member

if TYPE_CHECKING:
    from setaria.channels.storefront.directory import Standing


class Whereabouts(Protocol):
    """Where somebody is, whatever they ask by: all that the shop window goes by."""

    @property
    def storefront(self) -> Storefront:
        """The storefront."""

    @property
    def market(self) -> Market:
        """The market."""

    @property
    def channel(self) -> Channel | None:
        """The storefront's channel there."""

    @property
    def version(self) -> int:
        """The version of the terms, as read for this request."""


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
