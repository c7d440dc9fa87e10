"""Every component of the store on one page, for those who build with them."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from setaria.channels.storefront import queries
from setaria.channels.storefront.forms import AddressForm
from setaria.channels.storefront.visit import Visit
from setaria.kernel import clock


@require_safe
def page(request: Visit) -> HttpResponse:
    """Show the components with real things in them."""
    now = clock.now()
    shelf = queries.shelf(request, now)
    cards = queries.cards([seen.id for seen in shelf.window.products[:4]], shelf)
    wrong = AddressForm("CN", {"recipient": "", "phone": "?"})
    colours = ["paper", "card", "sunk", "line", "edge", "ink", "ink-2", "ink-3", "gold", "gold-ink", "good", "bad"]
    return render(request, "storefront/design.html", {"cards": cards, "form": wrong, "colours": colours})
