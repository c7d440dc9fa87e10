"""Which storefront an address means, and which market a visitor shops in; with them come look, channel, clock, language."""

from collections.abc import Callable
from typing import cast
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.http.request import split_domain_port
from django.shortcuts import render
from django.urls import get_script_prefix, set_script_prefix
from django.utils import timezone, translation
from django.utils.translation.trans_real import parse_accept_lang_header

from setaria.channels.storefront.directory import Place, Standing, all_known, stand
from setaria.channels.storefront.visit import Visit
from setaria.channels.storefront.window import read_version
from setaria.markets.models import Market

COOKIE = "market"
ANYBODYS = {"store:home", "store:kind", "store:product"}  # pages that a browser may show again without a network
QUERY_CHARS_MAX = 8_192  # pages write their own address into links, so a longer one would make them as long


class StorefrontMiddleware:
    """Sets `request.storefront` and `request.standing`, and takes what named them off the path.

    What is taken off becomes the script prefix, as if the store were mounted there: every address the pages write
    (`reverse`, `{% url %}`) leads within the same storefront, and in the same language and market if they were named.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer within the storefront that is meant."""
        visit = cast(Visit, request)
        standing = stand(all_known(), split_domain_port(request.get_host())[0], request.path_info)
        visit.storefront, visit.standing = standing.known.storefront, standing
        if request.path_info == standing.home.rstrip("/"):
            return HttpResponsePermanentRedirect(request.get_full_path(force_append_slash=True))
        before = get_script_prefix()
        request.path_info = standing.rest
        set_script_prefix(before.rstrip("/") + standing.home + standing.segment)
        try:
            return self.get_response(request)
        finally:
            set_script_prefix(before)


class MarketMiddleware:
    """Sets `request.market`, `request.channel` (the storefront's there, None where it has none) and `request.markets`.

    The market is the one the address names, else the one the visitor chose, else the first that sells. Its time zone
    is active for the request, so that every date on a page is in the market's own time. One query: the version of the
    terms (`request.version`), which proves what is remembered of the range.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer within the market chosen, in its time zone."""
        visit = cast(Visit, request)
        visit.version = read_version()
        standing = visit.standing
        chosen = standing.place or choose(standing.known.places, request.COOKIES.get(COOKIE))
        visit.markets = [each.market for each in standing.known.places]
        if chosen is None:
            visit.market, visit.channel = cast(Market, None), None
            return self.get_response(request)
        visit.market, visit.channel = chosen
        if len(request.META.get("QUERY_STRING", "")) > QUERY_CHARS_MAX:
            raise BadRequest(f"A query has at most {QUERY_CHARS_MAX} characters.")
        _speak(request, standing, chosen.market)
        with timezone.override(ZoneInfo(chosen.market.time_zone)):
            response = self.get_response(request)
        if request.resolver_match and request.resolver_match.view_name in ANYBODYS:
            response["X-Anybodys"] = "1"  # the service worker goes by it
        return response

    def process_view(self, request: HttpRequest, view: object, args: object, kwargs: object) -> HttpResponse | None:
        """Say so where there is nothing to show at all: an installation whose markets are not set up yet."""
        if (
            cast(Visit, request).market is None
            and request.resolver_match
            and request.resolver_match.namespace == "store"
        ):
            return render(request, "storefront/not_open.html", status=503)
        return None


def choose(places: list[Place], code: str | None) -> Place | None:
    """Return the market of that code, else the first (which sells, if any does)."""
    return next((each for each in places if each.market.code == code), places[0] if places else None)


def _speak(request: HttpRequest, standing: Standing, market: Market) -> None:
    """Speak the language the address names; else the market's to a visitor who neither chose one nor whose browser asks
    for one we have. A storefront that does not speak it speaks its own first.
    """
    language = standing.language
    if language is None:
        asked = settings.LANGUAGE_COOKIE_NAME in request.COOKIES or _browser_asks(request)
        language = translation.get_language() if asked else _supported(market.language)
    if language is None or language not in standing.known.languages:
        spoken = translation.get_language()
        language = spoken if spoken in standing.known.languages else standing.known.languages[0]
    translation.activate(language)
    request.LANGUAGE_CODE = language


def _supported(language: str) -> str | None:
    try:
        return translation.get_supported_language_variant(language)
    except LookupError:
        return None


def _browser_asks(request: HttpRequest) -> bool:
    for wanted, _ in parse_accept_lang_header(request.META.get("HTTP_ACCEPT_LANGUAGE", "")):
        if wanted == "*":
            return False
        if _supported(wanted):
            return True
    return False
