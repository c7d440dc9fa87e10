"""What a request is after our middleware has seen it. For type checkers; nothing here is ever constructed."""

from django.http import HttpRequest

from setaria.markets.models import Channel, Market
from setaria.people.members.models import Member


class Visit(HttpRequest):
    """Somebody in the store: the market they shop in, its web channel, and all markets there are."""

    market: Market
    channel: Channel | None
    markets: list[Market]


class MemberVisit(Visit):
    """Somebody signed in: behind `login_required`."""

    user: Member
