"""What every page of the store needs, besides its own matter."""

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from setaria.channels.storefront import preferences, queries
from setaria.channels.storefront.visitor import owner_of
from setaria.kernel import clock
from setaria.trade.baskets.queries import units_of


def store(request: HttpRequest) -> dict[str, object]:
    """Give templates the market, the switches' state, the navigation and how full the basket is.

    Robust against a request that never reached our middleware: error pages use it too.
    """
    now = clock.now()
    return {
        "market": getattr(request, "market", None),
        "markets": getattr(request, "markets", []),
        "channel": getattr(request, "channel", None),
        "here": request.get_full_path() if request.method == "GET" else "/",
        "languages": settings.LANGUAGES,  # each in its own language, so not translated
        "theme": preferences.theme_of(request),
        "themes": preferences.THEMES,
        "nav_kinds": SimpleLazyObject(lambda: queries.navigation(getattr(request, "market", None), now)),
        "basket_count": SimpleLazyObject(lambda: units_of(owner_of(request))),
        "now": now,
        "now_ms": int(now.timestamp() * 1000),
    }
