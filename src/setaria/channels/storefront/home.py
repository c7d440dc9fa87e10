"""The store's front: drops that run or come, every kind of product, the newest."""

from functools import cache

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from setaria.channels.storefront import found, queries
from setaria.channels.storefront.tiles import best_sellers, tiles
from setaria.channels.storefront.visit import Visit
from setaria.kernel import clock
from setaria.trade.campaigns.queries import live_in
from setaria.trade.preorders.queries import programmes_ahead


@require_safe
def page(request: Visit) -> HttpResponse:
    """Show the front page."""
    now = clock.now()
    shelf = queries.shelf(request, now)
    cards = tiles([seen.id for seen in shelf.window.products[: queries.HOME_NEWEST_MAX]], shelf)
    lead = next((card for card in cards if card.picture and not card.sold_out), None)
    return render(
        request,
        "storefront/home.html",
        {
            "live": shelf.window.lately("live", lambda: live_in(request.market, now))
            if request.storefront.shows_all
            else None,
            "drops": queries.drops_ahead(shelf),
            "programmes": shelf.window.lately("programmes", lambda: programmes_ahead(request.channel, now)),
            "kinds": shelf.window.kinds,
            "found": cache(lambda: found.of_home(request, lead)),
            "found_key": ("home", shelf.window.stamp, lead and lead.product.pk),
            "best": best_sellers(shelf),
            "lead": lead,
            "cards": [card for card in cards if card is not lead][: queries.HOME_NEWEST_MAX - 1],
        },
    )
