"""Products a page at a time: those of a kind, or those that were searched for; narrowed by facets, sorted, counted."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cache

import msgspec
from babel.numbers import get_currency_precision
from django.core.paginator import Page, Paginator
from django.http import HttpResponse, JsonResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from setaria.channels.storefront import queries
from setaria.channels.storefront.columns import bits
from setaria.channels.storefront.elsewhere import elsewhere
from setaria.channels.storefront.facets import Choice, Chosen, Facet, facets_of, narrow, narrowings, read
from setaria.channels.storefront.found import of_kind
from setaria.channels.storefront.ranges import Range
from setaria.channels.storefront.tiles import Tile, tiles
from setaria.channels.storefront.visit import Visit
from setaria.channels.storefront.window import Seen
from setaria.goods.catalog.models import Kind, Product
from setaria.goods.catalog.specification import Field
from setaria.goods.search.find import QUERY_CHARS_MAX, find
from setaria.kernel import clock
from setaria.kernel.texts import text_in

PAGE_PRODUCTS_MAX = 24
QUICK_MAX, QUICK_EACH_MAX = 10, 2
SUGGESTIONS_MAX = 6
SUGGESTED_KINDS_MAX = 2
Sorts = Sequence[tuple[str, str | Promise]]
BY_PRICE: Sorts = [("cheap", _("Price, low to high")), ("dear", _("Price, high to low"))]
POPULAR: Sorts = [("popular", _("Best selling"))]
KIND_SORTS: Sorts = [("new", _("Newest")), *POPULAR, *BY_PRICE]
SEARCH_SORTS: Sorts = [("best", _("Best match")), *POPULAR, *BY_PRICE, ("new", _("Newest"))]


class Listing(msgspec.Struct, frozen=True):
    """What a listing's page shows."""

    cards: list[Tile]
    page: Page[int]
    facets: list[Facet]
    chosen: Chosen
    sort: str
    sorts: Sorts
    key: tuple[object, ...]  # what the facets follow from

    @property
    def quick(self) -> list[tuple[Facet, Choice]]:
        """Choices to take with one tap, where the facets lie folded: of each facet those that say most."""
        if self.chosen.count:
            return []
        telling = [
            (facet, choice)
            for facet in self.facets
            for choice in sorted(facet.choices, key=lambda each: -each.count)[:QUICK_EACH_MAX]
            if 0 < choice.count < self.page.paginator.count
        ]
        return telling[:QUICK_MAX]


@require_safe
def page(request: Visit, slug: str) -> HttpResponse:
    """Show a page of a kind's products; a page that does not exist is answered with the nearest one that does."""
    shelf = queries.shelf(request, clock.now())
    shown = next((each for each in shelf.window.kinds if each.slug == slug), None)
    kind = shown or get_object_or_404(Kind, slug=slug)
    listing = listing_of(
        request.GET, lambda: shelf.window.of_kind(kind.pk), shelf, kind.specification_fields, KIND_SORTS, kind.pk
    )
    lead, number = next(iter(listing.cards), None), listing.page.number
    return render(
        request,
        "storefront/kind.html",
        {
            "kind": kind,
            "listing": listing,
            "found": cache(lambda: of_kind(request, kind, number, lead)),
            "found_key": ("kind", shelf.window.stamp, kind.pk, number, lead and lead.product.pk),
        },
    )


@require_safe
def search(request: Visit) -> HttpResponse:
    """Show what was found for `?q=`; without a query, where to begin."""
    asked = request.GET.get("q", "").strip()[:QUERY_CHARS_MAX]
    shelf = queries.shelf(request, clock.now())
    shown = shelf.window.by_id
    found = find(asked, shown)
    about: dict[str, object] = {"asked": asked, "found": found}
    if not (found.ids and found.exactly):
        about["elsewhere"] = elsewhere(request, asked, shelf.now)
    if not found.ids:
        return render(request, "storefront/search.html", about | {"kinds": shelf.window.kinds})
    listing = listing_of(
        request.GET, lambda: [shown[id] for id in found.ids], shelf, [], SEARCH_SORTS, tuple(found.ids)
    )
    return render(request, "storefront/search.html", about | {"listing": listing})


@require_safe
def suggest(request: Visit) -> JsonResponse:
    """Suggest products, and kinds they are of, for what is typed so far."""
    shelf = queries.shelf(request, clock.now())
    found = find(request.GET.get("q", ""), shelf.window.by_id)
    products = [product for product, _ in shelf.window.whole(found.ids[:SUGGESTIONS_MAX])]
    kinds = list({p.kind_id: p.kind for p in products}.values())[:SUGGESTED_KINDS_MAX]
    answer = JsonResponse(
        {
            "products": [_named(product) for product in products],
            "kinds": [_named(kind) for kind in kinds] if found.exactly else [],
        }
    )
    answer["Cache-Control"] = "private, max-age=60"
    return answer


def _named(thing: Product | Kind) -> dict[str, str]:
    return {"name": text_in(thing.name), "url": thing.get_absolute_url()}


def listing_of(
    query: QueryDict, products: Callable[[], Sequence[Seen]], shelf: queries.Shelf, fields: list[Field], sorts: Sorts,
    source: object,
) -> Listing:  # fmt: skip
    """Return the page of products that a query asks for. `source` says which products of the window `products` returns."""
    window, stock = shelf.window, shelf.window.stock()
    among = window.kept(("range", source), lambda: Range(products(), window))
    minor_units = 10 ** get_currency_precision(shelf.market.currency)
    chosen = read(query, fields)
    key = (among.stamp, stock.stamp, msgspec.json.encode(chosen))
    left = narrowings(chosen, fields, minor_units, among, stock, window.kinds)
    sort = query.get("sort", "")
    sort = sort if sort in dict(sorts) else sorts[0][0]
    found = Paginator(_narrowed(among, left, sort, shelf.now), PAGE_PRODUCTS_MAX).get_page(query.get("page"))
    return Listing(
        cards=tiles([among.products[place].id for place in found], shelf), page=found, chosen=chosen, sort=sort,
        sorts=sorts, key=key,
        facets=window.kept(
            (key, get_language()),
            lambda: facets_of(among, chosen, left, fields, minor_units, stock, window.kinds),
        ),
    )  # fmt: skip


def _narrowed(among: Range, left: Mapping[str, int], sort: str, now: datetime) -> Sequence[int]:
    """Return the places of what is left, in the order of a sort."""
    order = among.order(sort, now)
    if not left:
        return order
    met = bits(narrow(among.everything, left.values()), len(among.products))
    return [place for place in order if met[place]]
