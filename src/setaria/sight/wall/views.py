"""The wall's page and the tickets to its stream. For staff; to everybody else it is not there."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from setaria.kernel.clock import now
from setaria.kernel.texts import text_in
from setaria.markets.models import Market
from setaria.sight.wall import ticket as tickets

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def for_staff(view: View[P]) -> View[P]:
    """Let staff in, send strangers to sign in, and let everybody else find nothing."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        if not request.user.is_staff:
            raise Http404
        return view(request, *args, **kwargs)

    return guarded


@for_staff
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """Go to the wall of the reader's market, or of the first that sells where theirs does not."""
    market = getattr(request, "market", None)
    if market is None or not market.sells:
        market = Market.objects.filter(mode=Market.Mode.SELL).order_by("id").first()
    if market is None:
        raise Http404
    return redirect("wall:page", market.code)


@for_staff
@require_GET
@never_cache
def page(request: HttpRequest, market: str) -> HttpResponse:
    """Show a market's wall."""
    shown = get_object_or_404(Market, code=market)
    others = [
        (market.code, text_in(market.name))
        for market in Market.objects.filter(mode=Market.Mode.SELL).exclude(pk=shown.pk).order_by("id")
    ]
    start = {
        "market": text_in(shown.name),
        "timeZone": shown.time_zone,
        "currency": shown.currency,
        "stream": f"/wall/{shown.code}/stream",
        "ticketUrl": reverse("wall:ticket", args=[shown.code]),
        "ticket": tickets.make(shown.code, now()),
        "words": _words(),
    }
    return render(request, "wall/wall.html", {"others": others, "start": start})


@for_staff
@require_GET
@never_cache
def ticket(request: HttpRequest, market: str) -> JsonResponse:
    """Hand out a new ticket to a screen that lost its stream."""
    get_object_or_404(Market, code=market)
    return JsonResponse({"ticket": tickets.make(market, now())})


def _words() -> dict[str, str]:
    """What the script says, in the reader's language."""
    return {
        "day": _("Today"),
        "since": _("since %(time)s"),
        "waiting": _("Waiting for the first figure"),
        "live": _("Live"),
        "lost": _("As of %(time)s, reconnecting"),
        "signIn": _("As of %(time)s. Sign in again to go on."),
        "over": _("Over. Closed at %(time)s"),
        "next": _("%(name)s opens in %(time)s"),
        "scope": _("paid, %(market)s, all channels, since %(time)s"),
        "scopeOver": _("paid, %(market)s, all channels, %(time)s to %(end)s"),
        "perMinute": _("paid per minute"),
        "peak": _("peak %(amount)s"),
        "toBeat": _("to beat: %(time)s"),
        "record": _("record: %(time)s"),
        "ahead": _("%(time)s ahead of the record"),
        "behind": _("%(time)s behind the record"),
        "even": _("level with the record"),
        "nothing": _("Nothing paid for yet"),
    }
