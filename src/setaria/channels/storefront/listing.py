"""Products a page at a time: those of a kind, or those that were searched for; narrowed by facets, sorted, counted."""

from collections.abc import Sequence

import msgspec
from babel.numbers import get_currency_precision
from django.contrib.postgres.fields import ArrayField
from django.core.paginator import Page, Paginator
from django.db.models import F, Func, IntegerField, QuerySet, Value
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from setaria.channels.storefront import queries
from setaria.channels.storefront.facets import Chosen, Facet, conditions, facets_of, narrow, read
from setaria.channels.storefront.visit import Visit
from setaria.goods.catalog.models import Kind, Product
from setaria.goods.catalog.specification import Field
from setaria.goods.search.find import QUERY_CHARS_MAX, find
from setaria.kernel import clock
from setaria.kernel.texts import text_in

PAGE_PRODUCTS_MAX = 24
SUGGESTIONS_MAX = 6
SUGGESTED_KINDS_MAX = 2
Sorts = Sequence[tuple[str, str | Promise]]
BY_PRICE: Sorts = [("cheap", _("Price, low to high")), ("dear", _("Price, high to low"))]
KIND_SORTS: Sorts = [("new", _("Newest")), *BY_PRICE]
SEARCH_SORTS: Sorts = [("best", _("Best match")), *BY_PRICE, ("new", _("Newest"))]


class Listing(msgspec.Struct, frozen=True):
    """What a listing's page shows."""

    cards: list[queries.Card]
    page: Page[Product]
    facets: list[Facet]
    chosen: Chosen
    sort: str
    sorts: Sorts


@require_safe
def page(request: Visit, slug: str) -> HttpResponse:
    """Show a page of a kind's products; a page that does not exist is answered with the nearest one that does."""
    kind = get_object_or_404(Kind, slug=slug)
    shelf = queries.shelf(request, clock.now())
    products = queries.visible(request, shelf.now).filter(kind=kind)
    listing = _listing(request, products, shelf, kind.specification_fields, KIND_SORTS)
    return render(request, "storefront/kind.html", {"kind": kind, "listing": listing})


@require_safe
def search(request: Visit) -> HttpResponse:
    """Show what was found for `?q=`; without a query, where to begin."""
    asked = request.GET.get("q", "").strip()[:QUERY_CHARS_MAX]
    shelf = queries.shelf(request, clock.now())
    shown = queries.visible(request, shelf.now)
    found = find(shown, asked)
    if not found.ids:
        kinds = queries.kinds_with_picture(request, shelf.now)
        return render(request, "storefront/search.html", {"asked": asked, "found": found, "kinds": kinds})
    listing = _listing(request, shown.filter(pk__in=found.ids), shelf, [], SEARCH_SORTS, found.ids)
    return render(request, "storefront/search.html", {"asked": asked, "found": found, "listing": listing})


@require_safe
def suggest(request: Visit) -> JsonResponse:
    """Suggest products, and kinds they are of, for what is typed so far."""
    shelf = queries.shelf(request, clock.now())
    shown = queries.visible(request, shelf.now)
    found = find(shown, request.GET.get("q", ""))
    ids = found.ids[:SUGGESTIONS_MAX]
    products = {p.pk: p for p in shown.filter(pk__in=ids).select_related("kind")}
    kinds = list({p.kind_id: p.kind for p in products.values()}.values())[:SUGGESTED_KINDS_MAX]
    answer = JsonResponse(
        {
            "products": [_named(products[i]) for i in ids if i in products],
            "kinds": [] if found.nearly else [_named(kind) for kind in kinds],
        }
    )
    answer["Cache-Control"] = "private, max-age=60"
    return answer


def _named(thing: Product | Kind) -> dict[str, str]:
    return {"name": text_in(thing.name), "url": thing.get_absolute_url()}


def _listing(
    request: Visit, products: QuerySet[Product], shelf: queries.Shelf, fields: list[Field], sorts: Sorts,
    ranked: list[int] | None = None,
) -> Listing:  # fmt: skip
    minor_units = 10 ** get_currency_precision(shelf.market.currency)
    products = queries.with_terms(products, shelf)
    chosen = read(request.GET, fields)
    met = conditions(chosen, fields, minor_units)
    sort = request.GET.get("sort", "")
    sort = sort if sort in dict(sorts) else sorts[0][0]
    narrowed = _sorted(narrow(products, met), sort, ranked or [])
    found = Paginator(narrowed, PAGE_PRODUCTS_MAX).get_page(request.GET.get("page"))
    return Listing(
        cards=queries.cards(found, shelf), page=found, chosen=chosen, sort=sort, sorts=sorts,
        facets=facets_of(products, chosen, met, fields, minor_units),
    )  # fmt: skip


def _sorted(products: QuerySet[Product], sort: str, ranked: list[int]) -> QuerySet[Product]:
    if sort == "new":
        return queries.newest_first(products)
    if sort == "best":
        ids = Value(ranked, output_field=ArrayField(IntegerField()))
        return products.order_by(Func(ids, F("pk"), function="array_position", output_field=IntegerField()))
    return queries.sort_by_price(products, dearest_first=sort == "dear")
