"""One product: what it is, what it costs and why, whether it can be had."""

from functools import cache

import msgspec
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from setaria.channels.storefront import directory, found, queries, sets
from setaria.channels.storefront.directory import all_known
from setaria.channels.storefront.matrix import matrix_of
from setaria.channels.storefront.models import Storefront
from setaria.channels.storefront.templatetags.store import number
from setaria.channels.storefront.tiles import companions
from setaria.channels.storefront.units import unit_in_words
from setaria.channels.storefront.visit import Visit
from setaria.channels.storefront.window import assortment
from setaria.goods.catalog.models import Product
from setaria.goods.catalog.specification import Field
from setaria.kernel import clock
from setaria.kernel.texts import text_in


class Fact(msgspec.Struct, frozen=True):
    """A line of the specification table."""

    name: str
    value: str
    unit: str


@require_safe
def page(request: Visit, slug: str) -> HttpResponse:
    """Show a product with all its variants; `?sku=` chooses one, else the cheapest that can be had is chosen."""
    shelf = queries.shelf(request, clock.now())
    card = _card(request, slug, shelf)
    if card is None:
        return _elsewhere(request, slug, shelf)
    product, chosen = card.product, _chosen(card, request.GET.get("sku", ""))
    drop = queries.drop_of_product(product, shelf)
    return render(
        request,
        "storefront/product.html",
        {
            "product": product,
            "card": card,
            "shelf": shelf,
            "chosen": chosen,
            "facts": cache(lambda: facts(product.kind.specification_fields, product.specification)),
            "drop": drop,
            "key": (card.full_key, chosen and chosen.variant.pk, drop and (drop.pk, drop.opens_at > shelf.now)),
            "found": cache(lambda: found.of_product(request, card, _home(product, shelf))),
            "found_key": ("product", card.full_key),
            "pictures": list(product.pictures.all()),
            "swatches": cache(lambda: _swatches(card, queries.option_words(shelf))),
            "matrix": cache(lambda: matrix_of(card.offers, queries.option_words(shelf))),
            "sets": sets.sets_with(product, shelf),
            "companions": companions(product, shelf),
        },
    )


def _card(request: Visit, slug: str, shelf: queries.Shelf) -> queries.Card | None:
    """What is said of a product; one of the storefront's that this market does not sell has a page, too."""
    seen = shelf.window.by_slug.get(slug)
    if seen is not None and (found := queries.cards([seen.id], shelf)):
        return found[0]
    product = assortment(request.storefront).select_related("kind").filter(slug=slug).first()
    return None if product is None else queries.card_of(product, {}, {}, shelf)


def _home(product: Product, shelf: queries.Shelf) -> Storefront | None:
    listed = shelf.window.kept("listed", directory.listed)
    return directory.home_of(product, all_known(), listed.get(product.pk, ()))


def _elsewhere(request: Visit, slug: str, shelf: queries.Shelf) -> HttpResponse:
    """Lead to the storefront that has the product: a basket may hold things of several."""
    product = get_object_or_404(Product, slug=slug, published=True)
    home = _home(product, shelf)
    if home is None:
        raise Http404
    query = f"?{request.GET.urlencode()}" if request.GET else ""
    return redirect(f"{directory.root(home, request.storefront)}products/{product.slug}/{query}")


def _chosen(card: queries.Card, sku: str) -> queries.Offer | None:
    """The variant asked for, else the cheapest that can be had, else the first."""
    asked = next((o for o in card.offers if o.variant.sku == sku), None)
    for_sale = [o for o in card.offers if o.for_sale]
    cheapest = min(for_sale, key=lambda o: (o.price or 0, o.variant.position), default=None)
    return asked or cheapest or next(iter(card.offers), None)


def _swatches(card: queries.Card, words: queries.Words) -> dict[int, str]:
    """The colour (#rrggbb) of each variant that has one, by its key."""
    known = words.values
    found = {
        offer.variant.pk: next((known[o].swatch for o in offer.variant.options.items() if o in known), "")
        for offer in card.offers
    }
    return {pk: swatch for pk, swatch in found.items() if swatch}


def facts(fields: list[Field], values: dict[str, object]) -> list[Fact]:
    """Return the specification in the order of the kind's fields, values in words, units apart."""
    return [
        Fact(text_in(f.name), _in_words(f, values[f.key]), unit_in_words(f.unit)) for f in fields if f.key in values
    ]


def _in_words(field: Field, value: object) -> str:
    if field.type == "boolean":
        return _("Yes") if value else _("No")
    if field.type == "choice":
        return next((text_in(choice.name) for choice in field.choices if choice.value == value), str(value))
    return number(value)
