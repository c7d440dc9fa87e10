"""The wish list: products one would like to find again."""

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from setaria.channels.storefront import queries
from setaria.channels.storefront.preferences import next_page
from setaria.channels.storefront.tiles import tiles
from setaria.channels.storefront.visit import Visit
from setaria.channels.storefront.visitor import keep_cookie, owner_of
from setaria.goods.catalog.models import Product
from setaria.kernel import clock
from setaria.trade.baskets.rules import Full
from setaria.trade.baskets.wishes import WISHES_MAX, unwish, wish, wishes_of


@require_safe
def page(request: Visit) -> HttpResponse:
    """Show what the visitor wished for, the latest first; what is not shown in this market waits for another."""
    shelf = queries.shelf(request, clock.now())
    ids = list(wishes_of(owner_of(request)).values_list("product_id", flat=True))
    cards = tiles([key for key in ids if key in shelf.window.by_id], shelf)
    context = {"cards": cards, "elsewhere": len(ids) - len(cards), "shelf": shelf}
    return render(request, "storefront/wishes.html", context)


@require_POST
def change(request: Visit) -> HttpResponse:
    """Put a product (`product`) on the list, or take it off (`off`), and go on with the page one was on (`next`).

    A script that changes the page itself asks for JSON, and is told nothing but that it was done (204).
    """
    slug = request.POST.get("product", "").replace("\x00", "")
    product = Product.objects.filter(slug=slug, published=True).first()
    if product is None:
        messages.error(request, _("There is no such product here any more."))
        return redirect("store:wishes")
    done = HttpResponse(status=204) if not request.accepts("text/html") else HttpResponseRedirect(next_page(request))
    if "off" in request.POST:
        unwish(owner_of(request), product.pk)
        return done
    try:
        basket_id = wish(owner_of(request), product.pk, now=clock.now())
    except Full:
        messages.error(request, _("A wish list has at most %(max)d things. Take one off first.") % {"max": WISHES_MAX})
        return redirect("store:wishes")
    return keep_cookie(request, done, basket_id)
