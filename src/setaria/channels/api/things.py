"""Variants by SKU, from the shop window in memory."""

from collections.abc import Iterable

from setaria.channels.storefront import queries
from setaria.channels.storefront.window import Window
from setaria.goods.catalog.models import Variant
from setaria.kernel.texts import text_in


def variants_by_sku(skus: Iterable[str], shelf: queries.Shelf) -> dict[str, tuple[Variant, int | None]]:
    """Return what is shown here of these, with today's price; no query for what was shown before."""
    wanted = set(skus)
    index = shelf.window.kept("by sku", lambda: _by_sku(shelf.window))
    ids = {index[sku] for sku in wanted if sku in index}
    return {
        variant.sku: (variant, prices.get(variant.pk))
        for product, prices in shelf.window.whole(list(ids))
        for variant in product.variants.all()
        if variant.sku in wanted
    }


def _by_sku(window: Window) -> dict[str, int]:
    """The product of every SKU that is shown; one query for all there are."""
    rows = Variant.objects.values_list("sku", "product_id")
    return {sku: product_id for sku, product_id in rows.iterator() if product_id in window.by_id}


def name_of(variant: Variant) -> str:
    """Return what a variant is called, with its product."""
    return f"{text_in(variant.product.name)} · {text_in(variant.name)}"
