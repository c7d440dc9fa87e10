"""What was looked at lately: a few products, remembered by the visitor's own browser and nowhere else.

The cookie names for whom it was written, so that after signing out, or on a shared device, nobody sees what somebody
else looked at; and what belonged to an account that was erased means nothing to anybody.
"""

import hmac
import re
from collections.abc import Callable, Sequence
from functools import wraps

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from setaria.channels.storefront import queries
from setaria.channels.storefront.tiles import Tile, tiles
from setaria.channels.storefront.visit import Visit
from setaria.channels.storefront.visitor import owner_of
from setaria.kernel import clock, seals

COOKIE = "seen"
SEEN_MAX = 9
SHOWN_MAX = 6
SECONDS_KEPT = 30 * 24 * 3600
ANYBODY = "0"
_FORM = re.compile(r"[0-9a-f]{1,16}(\.[-\w]{1,80}){0,9}", re.ASCII)


def seen_by(request: HttpRequest) -> list[str]:
    """Return the slugs of what this visitor looked at, the latest first."""
    written = request.COOKIES.get(COOKIE, "")
    if not _FORM.fullmatch(written):
        return []
    whose, *slugs = written.split(".")
    # What one looked at before signing in is one's own.
    return slugs[:SEEN_MAX] if whose in (ANYBODY, _mark(request)) else []


def _mark(request: HttpRequest) -> str:
    member_id = owner_of(request).member_id
    if member_id is None:
        return ANYBODY
    key = seals.key_from(settings.SECRET_KEY, "setaria.storefront.seen.v1")
    return hmac.digest(key, str(member_id).encode(), "sha256").hex()[:16]


def noting(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Let a product's page remember that it was seen."""

    @wraps(view)
    def seen(request: HttpRequest, slug: str) -> HttpResponse:
        response = view(request, slug)
        before = seen_by(request)
        if response.status_code == 200 and request.method == "GET" and before[:1] != [slug]:
            kept = [slug, *(one for one in before if one != slug)][:SEEN_MAX]
            response.set_cookie(
                COOKIE, ".".join([_mark(request), *kept]), max_age=SECONDS_KEPT, samesite="Lax",
                secure=request.is_secure(), httponly=True,
            )  # fmt: skip
        return response

    return seen


def cards_of(request: Visit, but: Sequence[str] = ()) -> list[Tile]:
    """Return what was seen as cards, without `but`; no query for who has seen nothing."""
    slugs = [slug for slug in seen_by(request) if slug not in but][:SHOWN_MAX]
    if not slugs or request.market is None:
        return []
    shelf = queries.shelf(request, clock.now())
    by_slug = shelf.window.by_slug
    return tiles([by_slug[slug].id for slug in slugs if slug in by_slug], shelf)


@require_POST
def forget(request: Visit) -> HttpResponse:
    """Forget all of it."""
    response = redirect("store:home")
    response.delete_cookie(COOKIE, samesite="Lax")
    return response
