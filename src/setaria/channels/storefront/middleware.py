"""Which market a visitor shops in, and with it the web channel, the clock and the language of a first visit."""

from collections.abc import Callable
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import F, FilteredRelation, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone, translation
from django.utils.translation.trans_real import parse_accept_lang_header

from setaria.markets.models import Channel, Market

COOKIE = "market"


class MarketMiddleware:
    """Sets `request.market`, `request.channel` (its web channel, None where it has none) and `request.markets`.

    The market is the one the visitor chose, else the first that sells. Its time zone is active for the request, so
    that every date on a page is in the market's own time. One query.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.markets = markets()
        market = choose(request.markets, request.COOKIES.get(COOKIE))
        request.market = market
        request.channel = market.web if market else None
        if market is None:
            return self.get_response(request)
        _speak_first_language(request, market)
        with timezone.override(ZoneInfo(market.time_zone)):
            return self.get_response(request)

    def process_view(self, request: HttpRequest, view: object, args: object, kwargs: object) -> HttpResponse | None:
        """Say so where there is nothing to show at all: an installation whose markets are not set up yet."""
        if request.market is None and request.resolver_match and request.resolver_match.namespace == "store":
            return render(request, "storefront/not_open.html", status=503)
        return None


def markets() -> list[Market]:
    """Return every market with its web channel as `web` (or None), selling ones first; one query."""
    rows = (
        Market.objects.annotate(
            web_link=FilteredRelation("channels", condition=Q(channels__kind=Channel.Kind.WEB)),
            web_id=F("web_link__id"),
        )
        .select_related("web_link")
        .order_by("-mode", "id", "web_id")  # "sell" before "inform"
    )
    found: dict[int, Market] = {}
    for market in rows:
        market.web = getattr(market, "web_link", None) if market.web_id else None
        found.setdefault(market.pk, market)
    return list(found.values())


def choose(known: list[Market], code: str | None) -> Market | None:
    """Return the market of that code, else the first (which sells, if any does)."""
    return next((m for m in known if m.code == code), known[0] if known else None)


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
