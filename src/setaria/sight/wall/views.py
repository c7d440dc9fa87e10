"""The wall's pages, live and replayed, and the tickets to its stream. For staff; to everybody else it is not there."""

from typing import Any

import msgspec
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from setaria.kernel.clock import now
from setaria.kernel.texts import text_in
from setaria.markets.models import Market
from setaria.sight.staff import for_staff
from setaria.sight.wall import ticket as tickets
from setaria.sight.wall.event import Event, named, past
from setaria.sight.wall.recording import record
from setaria.sight.wall.regions import TILES
from setaria.sight.wall.setting import setting_of
from setaria.sight.wall.words import words

SPEEDS = (1, 10, 60, 600)


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
def live(request: HttpRequest, market: str, page: str) -> HttpResponse:
    """Show a market's wall as the night goes on: its first page, or the one with the parts."""
    shown = get_object_or_404(Market, code=market)
    start = _start(shown) | {
        "stream": f"/wall/{shown.code}/stream",
        "ticketUrl": reverse("wall:ticket", args=[shown.code]),
        "ticket": tickets.make(shown.code, now()),
    }
    pages = {"night": reverse("wall:page", args=[market]), "parts": reverse("wall:parts", args=[market])}
    others = Market.objects.filter(mode=Market.Mode.SELL).exclude(pk=shown.pk).order_by("id")
    links = [(f"wall:{'page' if page == 'night' else 'parts'}", other) for other in others]
    return render(request, "wall/wall.html", {"page": page, "pages": pages, "start": start, "markets": links,
                                              "market": shown, "is_replay": False})  # fmt: skip


@for_staff
@require_GET
@never_cache
def replay(request: HttpRequest, market: str, event: str, page: str) -> HttpResponse:
    """Show a past event as if it were tonight, at any speed."""
    shown = get_object_or_404(Market, code=market)
    found = _past_event(market, event)
    start = _start(shown) | {
        "recording": reverse("wall:recording", args=[market, event]),
        "setting": msgspec.to_builtins(setting_of(found, now())),
    }
    pages = {
        "night": reverse("wall:replay", args=[market, event]),
        "parts": reverse("wall:replay_parts", args=[market, event]),
    }
    return render(request, "wall/wall.html", {"page": page, "pages": pages, "start": start, "markets": [],
                                              "market": shown, "is_replay": True, "speeds": SPEEDS})  # fmt: skip


@for_staff
@require_GET
@never_cache
def recording(request: HttpRequest, market: str, event: str) -> HttpResponse:
    """Hand out a past event's counters, for the page to play."""
    body = msgspec.json.encode(record(_past_event(market, event), now()))
    return HttpResponse(body, content_type="application/json")


@for_staff
@require_GET
@never_cache
def events(request: HttpRequest, market: str) -> HttpResponse:
    """List a market's events, to be replayed."""
    shown = get_object_or_404(Market, code=market)
    rows = [
        {"slug": event.slug, "name": text_in(event.name or {}), "opens_at": event.opens_at,
         "closes_at": event.closes_at, "on": event.closes_at is not None and event.closes_at > now()}
        for event in past(market, now()) if event.slug is not None
    ]  # fmt: skip
    return render(request, "wall/events.html", {"market": shown, "name": text_in(shown.name), "events": rows})


@for_staff
@require_GET
@never_cache
def ticket(request: HttpRequest, market: str) -> JsonResponse:
    """Hand out the next ticket to a screen whose last one lapses, or that lost its stream."""
    get_object_or_404(Market, code=market)
    return JsonResponse({"ticket": tickets.make(market, now())})


def _past_event(market: str, slug: str) -> Event:
    event = named(market, slug)
    if event is None or event.opens_at > now():
        raise Http404
    return event


def _start(market: Market) -> dict[str, Any]:
    return {
        "market": text_in(market.name),
        "timeZone": market.time_zone,
        "currency": market.currency,
        "tiles": msgspec.to_builtins(TILES) if market.code[:2] == "cn" or market.language == "zh-hans" else [],
        "words": words(),
    }
