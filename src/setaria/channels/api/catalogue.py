"""The range: kinds, listings, products; from the shop window in memory, as the pages show it."""

from collections import Counter

from setaria.channels.api.asked import Asked
from setaria.channels.api.messages import (
    CardOut,
    ChoiceOut,
    FacetOut,
    FactOut,
    KindOut,
    KindsOut,
    ListingOut,
    MarketOut,
    PictureOut,
    ProductOut,
    SortOut,
    StoreOut,
    VariantOut,
)
from setaria.channels.api.refusals import No
from setaria.channels.storefront import queries
from setaria.channels.storefront.faces import Image
from setaria.channels.storefront.facets import Facet
from setaria.channels.storefront.listing import KIND_SORTS, SEARCH_SORTS, Listing, listing_of
from setaria.channels.storefront.markup import picture_url
from setaria.channels.storefront.product import facts
from setaria.channels.storefront.tiles import Tile, companions
from setaria.goods.catalog.models import Picture, Product
from setaria.goods.search.find import QUERY_CHARS_MAX, find
from setaria.kernel.texts import text_in


def store(asked: Asked) -> StoreOut:
    """Say where one is."""
    return StoreOut(
        name=text_in(asked.storefront.name),
        languages=asked.known.languages,
        markets=[
            MarketOut(code=m.code, name=text_in(m.name), currency=m.currency, language=m.language, sells=m.sells)
            for m in (place.market for place in asked.known.places)
        ],
    )


def kinds(asked: Asked) -> KindsOut:
    """Return the kinds that have something to show here."""
    window = asked.shelf.window
    counts = window.kept("products by kind", lambda: Counter(seen.kind_id for seen in window.products))
    found = [KindOut(slug=k.slug, name=text_in(k.name), products=counts[k.pk]) for k in window.kinds]
    return KindsOut(kinds=found)


def listing(asked: Asked) -> ListingOut | No:
    """Return a page of what a kind has (`kind=`), of what was searched for (`q=`), or of all there is."""
    shelf, query = asked.shelf, asked.query
    window = shelf.window
    if text := query.get("q", "").strip()[:QUERY_CHARS_MAX]:
        found = find(text, window.by_id)
        known, ids = window.by_id, tuple(found.ids)
        listed = listing_of(query, lambda: [known[id] for id in ids], shelf, [], SEARCH_SORTS, ids)
        return _listing(asked, listed, found.nearly)
    slugs = query.getlist("kind")
    if len(slugs) != 1:
        return _listing(asked, listing_of(query, lambda: window.products, shelf, [], KIND_SORTS, "all"))
    kind = next((each for each in window.kinds if each.slug == slugs[0]), None)
    if kind is None:
        return No(code="NOT_FOUND")
    fields = kind.specification_fields
    return _listing(asked, listing_of(query, lambda: window.of_kind(kind.pk), shelf, fields, KIND_SORTS, kind.pk))


def _listing(asked: Asked, found: Listing, nearly: bool = False) -> ListingOut:
    return ListingOut(
        currency=asked.market.currency,
        products=[card_out(asked, card) for card in found.cards],
        total=found.page.paginator.count,
        page=found.page.number,
        pages=found.page.paginator.num_pages,
        facets=[_facet(facet) for facet in found.facets],
        sorts=[SortOut(code=code, name=str(name), chosen=code == found.sort) for code, name in found.sorts],
        nearly=nearly,
    )


def _facet(facet: Facet) -> FacetOut:
    return FacetOut(
        name=facet.name, label=str(facet.label), unit=facet.unit, is_range=facet.is_range,
        choices=[ChoiceOut(value=c.value, label=str(c.label), count=c.count, chosen=c.chosen) for c in facet.choices],
        least=facet.least, most=facet.most, low=facet.low, high=facet.high,
    )  # fmt: skip


def card_out(asked: Asked, tile: Tile) -> CardOut:
    """Return a product as lists show it."""
    product = tile.product
    return CardOut(
        slug=product.slug, name=text_in(product.name), line=text_in(product.line), kind=_kind(asked, product.kind_id),
        maker=product.maker, maker_name=product.maker_name, price=tile.price if tile.sells else None,
        varies=tile.varies, sold_out=tile.sold_out, picture=_picture(asked, tile.picture),
    )  # fmt: skip


def _kind(asked: Asked, kind_id: int) -> str:
    return next(kind.slug for kind in asked.shelf.window.kinds if kind.pk == kind_id)


def _picture(asked: Asked, picture: Picture | Image | None) -> PictureOut | None:
    if picture is None or not (url := picture_url(picture.path)):
        return None
    return PictureOut(url=asked.origin + url, alt=text_in(picture.alt))


def product(asked: Asked, slug: str) -> ProductOut | No:
    """Return a product with all its variants, their prices and how many there are."""
    shelf = asked.shelf
    seen = shelf.window.by_slug.get(slug)
    cards = queries.cards([seen.id], shelf) if seen is not None else []
    if not cards:
        return No(code="NOT_FOUND")
    [card] = cards
    return _product(asked, card, card.product)


def _product(asked: Asked, card: queries.Card, product: Product) -> ProductOut:
    drop = queries.drop_of_product(product, asked.shelf)
    pictures = [_picture(asked, picture) for picture in product.pictures.all()]
    told = facts(product.kind.specification_fields, product.specification)
    return ProductOut(
        slug=product.slug, name=text_in(product.name), line=text_in(product.line), text=text_in(product.text),
        kind=product.kind.slug, maker=product.maker, maker_name=product.maker_name, currency=asked.market.currency,
        variants=[_variant(offer, sells=card.sells) for offer in card.offers],
        pictures=[picture for picture in pictures if picture],
        facts=[FactOut(name=fact.name, value=str(fact.value), unit=fact.unit) for fact in told],
        goes_with=[card_out(asked, other) for other in companions(product, asked.shelf)],
        drop=drop.slug if drop else "",
    )  # fmt: skip


def _variant(offer: queries.Offer, *, sells: bool) -> VariantOut:
    variant = offer.variant
    few = 0 < offer.free <= queries.FEW_UNITS
    can = sells and offer.for_sale
    return VariantOut(
        sku=variant.sku, name=text_in(variant.name), options=variant.options, price=offer.price if sells else None,
        stock=("few" if few else "in") if can else "out", left=offer.free if can and few else None,
        pack_units=variant.pack_units, each=offer.unit_price if sells else None,
        per_100=offer.measure_price if sells else None,
        per_unit=variant.net_unit if sells and offer.measure_price is not None else "", gtin=variant.gtin,
    )  # fmt: skip
