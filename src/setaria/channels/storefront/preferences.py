"""The visitor's choices that are kept in cookies: market and theme. (The language is Django's own view's.)"""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from setaria.channels.storefront.middleware import COOKIE as MARKET_COOKIE
from setaria.channels.storefront.visit import Visit

YEAR_SECONDS = 365 * 24 * 3600
THEME_COOKIE = "theme"
THEMES = [("auto", _("Automatic")), ("light", _("Light")), ("dark", _("Dark"))]


def theme_of(request: HttpRequest) -> str:
    """Return the chosen theme; the server writes it into the page, so that nothing flashes."""
    chosen = request.COOKIES.get(THEME_COOKIE, "")
    return chosen if chosen in dict(THEMES) else "auto"


@require_POST
def choose_market(request: Visit) -> HttpResponse:
    """Keep the market the visitor chose; an unknown one changes nothing."""
    chosen = request.POST.get("market", "")
    known = chosen in {market.code for market in request.markets}
    return _back(request, MARKET_COOKIE, chosen if known else None)


@require_POST
def choose_theme(request: Visit) -> HttpResponse:
    """Keep the theme the visitor chose; an unknown one changes nothing."""
    chosen = request.POST.get("theme", "")
    return _back(request, THEME_COOKIE, chosen if chosen in dict(THEMES) else None)


def _back(request: HttpRequest, cookie: str, value: str | None) -> HttpResponse:
    """Return to the page the visitor came from, if it is ours."""
    target = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure()):
        target = "/"
    response = HttpResponseRedirect(target)
    if value is not None:
        # Scripts change the theme at once, so that cookie is not hidden from them.
        response.set_cookie(
            cookie,
            value,
            max_age=YEAR_SECONDS,
            samesite="Lax",
            secure=request.is_secure(),
            httponly=cookie != THEME_COOKIE,
        )
    return response
