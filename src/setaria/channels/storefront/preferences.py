"""The visitor's choices that are kept in cookies: market, language and theme."""

from typing import cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import get_script_prefix
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from django.views.i18n import set_language

from setaria.channels.storefront.middleware import COOKIE as MARKET_COOKIE
from setaria.channels.storefront.visit import MemberVisit, Visit
from setaria.people.notices.readers import speak

HERE_CHARS_MAX = 2_000
YEAR_SECONDS = 365 * 24 * 3600
THEME_COOKIE = "theme"
THEMES = [("auto", _("Automatic")), ("light", _("Light")), ("dark", _("Dark"))]


def here(request: HttpRequest) -> str:
    """Return the address of this page without the language and market it may name: there, a choice counts."""
    standing = getattr(request, "standing", None)
    full = request.get_full_path()
    if request.method != "GET" or len(full) > HERE_CHARS_MAX:
        return standing.home if standing else "/"
    return full.replace(standing.home + standing.segment, standing.home, 1) if standing and standing.segment else full


def theme_of(request: HttpRequest) -> str:
    """Return the chosen theme; the server writes it into the page, so that nothing flashes."""
    chosen = request.COOKIES.get(THEME_COOKIE, "")
    return chosen if chosen in dict(THEMES) else "auto"


@require_POST
def choose_market(request: Visit) -> HttpResponse:
    """Keep the market the visitor chose, and the language where the address they come from named one; an unknown market
    changes nothing.
    """
    chosen = request.POST.get("market", "")
    known = {market.code: market.pk for market in request.markets}.get(chosen)
    if known and request.user.is_authenticated:
        speak(cast(MemberVisit, request).user.pk, get_language(), known)
    response = _back(request, MARKET_COOKIE, chosen if known else None)
    if request.standing.language:
        _keep(response, request, settings.LANGUAGE_COOKIE_NAME, request.standing.language)
    return response


@require_POST
def choose_language(request: Visit) -> HttpResponse:
    """Keep the language the visitor chose, and the market where the address they come from named one."""
    response = set_language(request)
    if request.user.is_authenticated and (chosen := request.POST.get("language", "")) in dict(settings.LANGUAGES):
        speak(cast(MemberVisit, request).user.pk, chosen)
    if request.standing.place:
        _keep(response, request, MARKET_COOKIE, request.market.code)
    return response


@require_POST
def choose_theme(request: Visit) -> HttpResponse:
    """Keep the theme the visitor chose; an unknown one changes nothing."""
    chosen = request.POST.get("theme", "")
    return _back(request, THEME_COOKIE, chosen if chosen in dict(THEMES) else None)


def next_page(request: HttpRequest) -> str:
    """Return the page that a form says to go on with (`next`) if it is ours, else the front."""
    target = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return target if ours and target.startswith("/") else get_script_prefix()


def _back(request: HttpRequest, cookie: str, value: str | None) -> HttpResponse:
    """Return to the page the visitor came from, if it is ours."""
    response = HttpResponseRedirect(next_page(request))
    if value is not None:
        _keep(response, request, cookie, value)
    return response


def _keep(response: HttpResponse, request: HttpRequest, cookie: str, value: str) -> None:
    # Scripts change the theme at once, so that cookie is not hidden from them.
    response.set_cookie(
        cookie, value, max_age=YEAR_SECONDS, samesite="Lax", secure=request.is_secure(), httponly=cookie != THEME_COOKIE
    )
