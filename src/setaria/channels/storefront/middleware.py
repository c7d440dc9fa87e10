"""Which market a visitor shops in, and with it the web channel, the clock and the language of a first visit."""

from collections.abc import Callable
from typing import NamedTuple, cast
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import FilteredRelation, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone, translation
from django.utils.translation.trans_real import parse_accept_lang_header

from setaria.channels.storefront.visit import Visit
from setaria.markets.models import Channel, Market

COOKIE = "market"


class Presence(NamedTuple):
    """A market, and the web channel it has, if any."""

    market: Market
    channel: Channel | None


class MarketMiddleware:
    """Sets `request.market`, `request.channel` (its web channel, None where it has none) and `request.markets`.

    The market is the one the visitor chose, else the first that sells. Its time zone is active for the request, so
    that every date on a page is in the market's own time. One query.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer within the market chosen, in its time zone."""
        visit = cast(Visit, request)
        known = markets()
        chosen = choose(known, request.COOKIES.get(COOKIE))
        visit.markets = [each.market for each in known]
        if chosen is None:
            visit.market, visit.channel = cast(Market, None), None
            return self.get_response(request)
        visit.market, visit.channel = chosen
        _speak_first_language(request, chosen.market)
        with timezone.override(ZoneInfo(chosen.market.time_zone)):
            return self.get_response(request)

    def process_view(self, request: HttpRequest, view: object, args: object, kwargs: object) -> HttpResponse | None:
        """Say so where there is nothing to show at all: an installation whose markets are not set up yet."""
        if (
            cast(Visit, request).market is None
            and request.resolver_match
            and request.resolver_match.namespace == "store"
        ):
            return render(request, "storefront/not_open.html", status=503)
        return None


def markets() -> list[Presence]:
    """Return every market with its first web channel, selling ones first; one query."""
    web = FilteredRelation("channels", condition=Q(channels__kind=Channel.Kind.WEB))
    # django-stubs does not know that a filtered relation can be followed.
    rows = Market.objects.annotate(web=web).select_related("web")  # type: ignore[misc]
    found: dict[int, Presence] = {}
    for market in rows.order_by("-mode", "id", "web__id"):  # "sell" before "inform"
        found.setdefault(market.pk, Presence(market, getattr(market, "web", None)))
    return list(found.values())


def choose(known: list[Presence], code: str | None) -> Presence | None:
    """Return the market of that code, else the first (which sells, if any does)."""
    return next((each for each in known if each.market.code == code), known[0] if known else None)


def _speak_first_language(request: HttpRequest, market: Market) -> None:
    """Speak the market's language to a visitor who neither chose one nor whose browser asks for one we have."""
    if settings.LANGUAGE_COOKIE_NAME in request.COOKIES or _browser_asks(request):
        return
    try:
        language = translation.get_supported_language_variant(market.language)
    except LookupError:
        return
    translation.activate(language)
    request.LANGUAGE_CODE = language


def _browser_asks(request: HttpRequest) -> bool:
    for wanted, _ in parse_accept_lang_header(request.META.get("HTTP_ACCEPT_LANGUAGE", "")):
        if wanted == "*":
            return False
        try:
            translation.get_supported_language_variant(wanted)
        except LookupError:
            continue
        return True
    return False
