"""Sets: things sold together. A set has no stock and no price of its own; it is its parts' lines in the basket."""

import msgspec
from django.contrib import messages
from django.db.models import Prefetch, prefetch_related_objects
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from setaria.channels.storefront import queries
from setaria.channels.storefront.basket_lines import full, put_in
from setaria.channels.storefront.visit import Visit
from setaria.channels.storefront.visitor import keep_cookie
from setaria.goods.catalog.models import Bundle, BundlePart, Product
from setaria.kernel import clock
from setaria.kernel.texts import text_in
from setaria.trade.baskets.rules import Full, TooMany

SETS_MAX = 2


class Part(msgspec.Struct, frozen=True):
    """So many units of a variant as it is sold here and now."""

    offer: queries.Offer
    quantity: int

    @property
    def total(self) -> int:
        """Minor units."""
        return (self.offer.price or 0) * self.quantity


class Set(msgspec.Struct, frozen=True):
    """A set as it stands here and now."""

    bundle: Bundle
    parts: tuple[Part, ...]

    @property
    def total(self) -> int:
        """What it costs: what its parts cost (law 3)."""
        return sum(part.total for part in self.parts)

    @property
    def free(self) -> int:
        """How many sets there are: as many as the scarcest part allows."""
        return min((part.offer.free // part.quantity for part in self.parts), default=0)

    @property
    def for_sale(self) -> bool:
        """Whether one can be had now."""
        return self.free > 0 and all(part.offer.price is not None for part in self.parts)


def sets_with(product: Product, shelf: queries.Shelf) -> list[Set]:
    """Return the sets a product is part of; two queries where it is in any. A set of which this storefront or market
    lacks a part is not shown.
    """
    if product.pk not in shelf.window.kept("products in sets", _in_sets):
        return []
    found = shelf.window.kept(("sets", product.pk), lambda: _bundles(shelf, parts__variant__product=product))
    return _stand(found, shelf)


def _in_sets() -> frozenset[int]:
    """The products that are part of any set: few, so that the others need not be asked about one by one."""
    return frozenset(BundlePart.objects.values_list("variant__product_id", flat=True))


def _bundles(shelf: queries.Shelf, **where: object) -> list[tuple[Bundle, list[BundlePart]]]:
    """Return sets with their parts, pictures loaded, as far as all parts are in the window."""
    rows = Prefetch("parts", queryset=BundlePart.objects.select_related("variant__product"))
    found = Bundle.objects.filter(published=True, **where).distinct().order_by("id").prefetch_related(rows)[:SETS_MAX]
    sets = [(bundle, list(bundle.parts.all())) for bundle in found]
    products = [part.variant.product for _, parts in sets for part in parts]
    prefetch_related_objects(products, "pictures")
    return [
        (bundle, parts)
        for bundle, parts in sets
        if parts and all(p.variant.product_id in shelf.window.by_id for p in parts)
    ]


def _stand(found: list[tuple[Bundle, list[BundlePart]]], shelf: queries.Shelf) -> list[Set]:
    variants = {part.variant_id: part.variant for _, parts in found for part in parts}
    offers = queries.offers_of(list(variants.values()), shelf) if variants else {}
    return [Set(bundle, tuple(Part(offers[p.variant_id], p.quantity) for p in parts)) for bundle, parts in found]


@require_POST
def add(request: Visit, slug: str) -> HttpResponse:
    """Put a set's parts in the basket, all or none; the door checks stock again when the order is placed."""
    bundle = get_object_or_404(Bundle, slug=slug, published=True)
    shelf = queries.shelf(request, clock.now())
    stands = _stand(_bundles(shelf, pk=bundle.pk), shelf)
    if not shelf.sells or not stands or not stands[0].for_sale:
        messages.error(request, _("This set cannot be bought here at the moment. Nothing was put in your basket."))
        return redirect("store:home") if not stands else redirect(stands[0].parts[0].offer.variant.product)
    wanted = {part.offer.variant.pk: part.quantity for part in stands[0].parts}
    offers = {part.offer.variant.pk: part.offer for part in stands[0].parts}
    try:
        basket_id = put_in(request, wanted, offers, shelf)
    except Full:
        full(request)
        return redirect("store:basket")
    except TooMany:
        messages.error(request, _("That is more of one thing than an order can have. Your basket is as it was."))
        return redirect("store:basket")
    messages.success(request, _("%(name)s is in your basket.") % {"name": text_in(bundle.name)})
    return keep_cookie(request, redirect("store:basket"), basket_id)
