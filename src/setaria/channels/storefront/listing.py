"""All products of a kind, a page at a time."""

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from setaria.channels.storefront import queries
from setaria.channels.storefront.visit import Visit
from setaria.goods.catalog.models import Kind
from setaria.kernel import clock

PAGE_PRODUCTS_MAX = 24
SORTS = [("new", _("Newest")), ("cheap", _("Price, low to high")), ("dear", _("Price, high to low"))]


@require_safe
def page(request: Visit, slug: str) -> HttpResponse:
    """Show a page of a kind's products; a page that does not exist is answered with the nearest one that does."""
    kind = get_object_or_404(Kind, slug=slug)
    now = clock.now()
    sort = request.GET.get("sort", "")
    sort = sort if sort in dict(SORTS) else SORTS[0][0]
    products = queries.visible(request.market, now).filter(kind=kind)
    if sort == "new":
        products = queries.newest_first(products)
    else:
        products = queries.by_price(products, request.market, now, dearest_first=sort == "dear")
    found = Paginator(products, PAGE_PRODUCTS_MAX).get_page(request.GET.get("page"))
    shelf = queries.shelf(request.market, request.channel, now)
    cards = queries.cards(found, shelf)
    return render(
        request, "storefront/kind.html", {"kind": kind, "page": found, "cards": cards, "sort": sort, "sorts": SORTS}
    )
