"""What every page of the store needs, besides its own matter."""

import re
from datetime import datetime
from functools import cache
from typing import cast

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest
from django.http.request import split_domain_port

from setaria.channels.storefront import directory, preferences, queries, theme
from setaria.channels.storefront.visit import Visit
from setaria.channels.storefront.visitor import owner_of
from setaria.channels.storefront.window import next_stamp
from setaria.kernel import clock
from setaria.people.notices.push import public_key
from setaria.trade.baskets.queries import units_of
from setaria.trade.baskets.wishes import wishes_of


def store(request: HttpRequest) -> dict[str, object]:
    """Give templates the storefront, the market, the switches' state, the navigation and how full the basket is.

    What not every page asks for are functions that remember: templates call what they can, and look it up for less than
    a lazy object.

    Robust against a request that never reached our middleware: error pages use it too.
    """
    now = clock.now()
    storefront = getattr(request, "storefront", None) or directory.first()
    market = getattr(request, "market", None)
    return {
        "storefront": storefront,
        "look": theme.version(storefront.theme) if storefront.theme else "",
        "market": market,
        "markets": getattr(request, "markets", []),
        "channel": getattr(request, "channel", None),
        "here": preferences.here(request),
        "languages": [each for each in settings.LANGUAGES if each[0] in (storefront.languages or [each[0]])],
        "theme": preferences.theme_of(request),
        "themes": preferences.THEMES,
        "nav_kinds": cache(lambda: queries.navigation(cast(Visit, request), now) if market else []),
        "nav_key": cache(lambda: _nav_key(cast(Visit, request), now) if market else next_stamp()),
        "basket_count": cache(lambda: units_of(owner_of(request))),
        "wished_ids": cache(lambda: _wished(request)),
        "passkeys_here": passkeys_work_at(_host(request)),
        "sandbox_messages": settings.EMAIL_BACKEND.startswith("setaria.people.post.sandbox"),
        "push_key": cache(_push_key),
        "now": now,
        "now_ms": int(now.timestamp() * 1000),
    }


def _host(request: HttpRequest) -> str:
    """The host one is at; nothing where it is none of ours, which the page that says so must survive."""
    try:
        return split_domain_port(request.get_host())[0]
    except DisallowedHost:
        return ""


def _wished(request: HttpRequest) -> frozenset[int]:
    """The products on the visitor's wish list; no query for who keeps nothing."""
    owner = owner_of(request)
    return frozenset() if owner.nobody else frozenset(wishes_of(owner).values_list("product_id", flat=True))


def _push_key() -> str:
    """What browsers must know to let us push messages to them; empty where none are pushed."""
    try:
        return public_key(settings.PUSH_KEY)
    except ValueError:  # `setaria check` tells
        return ""


def passkeys_work_at(host: str) -> bool:
    """Whether browsers make passkeys for this host: a name, never a bare address."""
    return bool(host) and not re.fullmatch(r"[0-9.]+|\[.*", host)


def _nav_key(visit: Visit, now: datetime) -> tuple[object, ...]:
    """All that the navigation says follows from this: the window, and the kind one is at."""
    match = visit.resolver_match
    return queries.shelf(visit, now).window.stamp, match.kwargs.get(
        "slug"
    ) if match and match.url_name == "kind" else ""
