"""Products a page at a time: those of a kind, or those that were searched for; narrowed by facets, sorted, counted."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from babel.numbers import get_currency_precision
from django.core.paginator import Page, Paginator
from django.http import HttpResponse, JsonResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.utils.functional import Promise, SimpleLazyObject
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from setaria.channels.storefront import queries
from setaria.channels.storefront.facets import Choice, Chosen, Facet, conditions, facets_of, narrow, read
from setaria.channels.storefront.found import of_kind
from setaria.channels.storefront.visit import Visit
from setaria.channels.storefront.window import Seen, Window
from setaria.goods.catalog.models import Kind, Product
from setaria.goods.catalog.specification import Field
from setaria.goods.search.find import QUERY_CHARS_MAX, find
from setaria.kernel import clock
from setaria.kernel.texts import text_in
from setaria.trade.bestsellers.add_up import units_sold

PAGE_PRODUCTS_MAX = 24
QUICK_MAX, QUICK_EACH_MAX = 10, 2
SUGGESTIONS_MAX = 6
SUGGESTED_KINDS_MAX = 2
Sorts = Sequence[tuple[str, str | Promise]]
BY_PRICE: Sorts = [("cheap", _("Price, low to high")), ("dear", _("Price, high to low"))]
POPULAR: Sorts = [("popular", _("Best selling"))]
KIND_SORTS: Sorts = [("new", _("Newest")), *POPULAR, *BY_PRICE]
SEARCH_SORTS: Sorts = [("best", _("Best match")), *POPULAR, *BY_PRICE, ("new", _("Newest"))]
POPULAR_SECONDS = 60  # what sold is looked up again after it


class Listing(msgspec.Struct, frozen=True):
    """What a listing's page shows."""

    cards: list[queries.Card]
    page: Page[Seen]
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
    products = shelf.window.of_kind(kind.pk)
    listing = listing_of(request.GET, products, shelf, kind.specification_fields, KIND_SORTS, kind.pk)
    lead, number = next(iter(listing.cards), None), listing.page.number
    return render(
        request,
        "storefront/kind.html",
        {
            "kind": kind,
            "listing": listing,
            "found": SimpleLazyObject(lambda: of_kind(request, kind, number, lead)),
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
    if not found.ids:
        return render(request, "storefront/search.html", {"asked": asked, "found": found, "kinds": shelf.window.kinds})
    listing = listing_of(request.GET, [shown[id] for id in found.ids], shelf, [], SEARCH_SORTS, tuple(found.ids))
    return render(request, "storefront/search.html", {"asked": asked, "found": found, "listing": listing})


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
    query: QueryDict, products: Sequence[Seen], shelf: queries.Shelf, fields: list[Field], sorts: Sorts, source: object
) -> Listing:
    """Return the page of products that a query asks for. `source` says which products of the window these are."""
    minor_units = 10 ** get_currency_precision(shelf.market.currency)
    stock = shelf.window.stock()
    in_stock = stock.products
    chosen = read(query, fields)
    key = (source, stock.stamp, msgspec.json.encode(chosen))
    met = conditions(chosen, fields, minor_units, in_stock, shelf.window.kinds)
    sort = query.get("sort", "")
    sort = sort if sort in dict(sorts) else sorts[0][0]
    turn = int(shelf.now.timestamp()) // POPULAR_SECONDS
    narrowed = shelf.window.kept(
        (key, sort, turn), lambda: _sorted(narrow(products, met), sort, shelf.window, shelf.now)
    )
    found = Paginator(narrowed, PAGE_PRODUCTS_MAX).get_page(query.get("page"))
    return Listing(
        cards=queries.cards([seen.id for seen in found], shelf), page=found, chosen=chosen, sort=sort, sorts=sorts,
        facets=shelf.window.kept(
            (key, get_language()),
            lambda: facets_of(products, chosen, met, fields, minor_units, in_stock, shelf.window.kinds),
        ),
        key=(shelf.window.stamp, key),
    )  # fmt: skip


def _sorted(products: list[Seen], sort: str, window: Window, now: datetime) -> list[Seen]:
    """Sort what comes in its first order (the best, or the newest, first); those without a price come last."""
    if sort == "new":
        place = window.places()
        return sorted(products, key=lambda seen: place[seen.id])
    if sort == "popular":
        minute = int(now.timestamp()) // POPULAR_SECONDS
        sold = window.kept(("sold", minute), lambda: units_sold(window.market.pk))
        return sorted(products, key=lambda seen: -sold.get(seen.id, 0))  # those that sold alike stay as they were
    if sort == "cheap":
        return sorted(products, key=lambda seen: (seen.price is None, seen.price or 0, seen.id))
    if sort == "dear":
        return sorted(products, key=lambda seen: (seen.price is None, -(seen.price or 0), seen.id))
    return products
