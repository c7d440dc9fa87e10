"""What the store's pages show. Reads only, and a constant number of queries a page whatever the data."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from django.utils.translation import get_language

from setaria.channels.storefront.visit import Visit, Whereabouts
from setaria.channels.storefront.window import WINDOWS, Window, next_stamp
from setaria.goods.catalog.measure import price_each, price_per_measure
from setaria.goods.catalog.models import Kind, Option, OptionValue, Picture, Product, Variant
from setaria.goods.inventory.models import Location
from setaria.goods.inventory.queries import free_of_products, free_units
from setaria.goods.pricing.queries import prices_at
from setaria.kernel.arrays import int4s
from setaria.kernel.pipeline import Value
from setaria.kernel.questions import Question, ask
from setaria.kernel.texts import text_in
from setaria.markets.models import Channel, Market
from setaria.trade.drops.models import Drop

NAVIGATION_KINDS_MAX = 6
HOME_DROPS_MAX = 3
FEW_UNITS = 5  # from here on a page says how many are left
HOME_NEWEST_MAX = 9  # one leads, eight follow


class Shelf(msgspec.Struct, frozen=True):
    """Where a visitor stands: the market, the location its web channel sells from, and the instant."""

    market: Market
    channel: Channel | None
    location: Location | None
    now: datetime
    window: Window

    @property
    def sells(self) -> bool:
        """Whether things can be bought here at all."""
        return self.market.sells and self.channel is not None and self.location is not None


class Offer(msgspec.Struct, frozen=True):
    """A variant as it is sold here and now: its price (None: not sold here) and the units nobody holds."""

    variant: Variant
    price: int | None
    free: int

    @property
    def for_sale(self) -> bool:
        """Whether one can be had now."""
        return self.price is not None and self.free > 0

    @property
    def unit_price(self) -> int | None:
        """What one unit of a pack costs (R-009); None for what is no pack."""
        return price_each(self.price, self.variant)

    @property
    def measure_price(self) -> int | None:
        """What 100 g or 100 ml cost; None for what is not sold by weight or volume, or is just that much."""
        return price_per_measure(self.price, self.variant)


class Card(msgspec.Struct, frozen=True):
    """A product with all its variants as they are sold; what only stands in a grid is a `tiles.Tile`."""

    product: Product
    picture: Picture | None
    offers: tuple[Offer, ...]
    sells: bool
    stamp: int

    @property
    def full_key(self) -> tuple[object, ...]:
        """All that is said of its variants follows from this: few units are told by number."""
        return self.stamp, self.product.pk, tuple(min(max(o.free, 0), FEW_UNITS + 1) for o in self.offers)

    @property
    def price(self) -> int | None:
        """The cheapest variant's price; of those that can be had, if any can."""
        prices = [o.price for o in self.offers if o.price is not None]
        return min([o.price for o in self.offers if o.for_sale and o.price is not None] or prices, default=None)

    @property
    def cheapest(self) -> Offer | None:
        """The variant whose price is shown; its unit prices are shown beside it (R-009)."""
        return next((o for o in self.offers if o.price is not None and o.price == self.price), None)

    @property
    def varies(self) -> bool:
        """Whether variants cost differently, so that the price is a "from"."""
        return len({o.price for o in self.offers if o.price is not None}) > 1

    @property
    def sold_out(self) -> bool:
        """Whether it is sold here, but none is left."""
        return self.sells and self.price is not None and not any(o.for_sale for o in self.offers)

    @property
    def sold_out_offers(self) -> list[Offer]:
        """What is sold here, but cannot be had now."""
        return [o for o in self.offers if o.price is not None and o.free <= 0]


class Word(msgspec.Struct, frozen=True):
    """A value of an option as the reader has it: where it stands among the others, its name, its colour if it is one."""

    position: tuple[int, str]
    name: str
    swatch: str = ""


class Words(msgspec.Struct, frozen=True):
    """The words for values, by option and value; and all options in their order."""

    values: Mapping[tuple[str, str], Word]
    options: Sequence[str]


def shelf(visit: Whereabouts, now: datetime) -> Shelf:
    """Return where the visitor stands, and what is in the window there; no query but after a change of the terms."""
    window = WINDOWS.window(visit, now)
    return Shelf(visit.market, visit.channel, window.location, now, window)


def navigation(visit: Visit, now: datetime) -> list[Kind]:
    """Return the first few kinds that have something to show here."""
    return shelf(visit, now).window.kinds[:NAVIGATION_KINDS_MAX]


def cards(ids: Sequence[int], shelf: Shelf) -> list[Card]:
    """Return a card for each product in the window, by its key; one trip, whether or not they were shown before."""
    if shelf.location is None:
        found, free = shelf.window.whole(ids), list[Any]()
    else:
        found, [free] = shelf.window.whole_with(ids, free_of_products(ids, shelf.location.pk))
    return [card_of(product, prices, dict(free), shelf, shelf.window.stamp) for product, prices in found]


def card_of(
    product: Product, prices: Mapping[int, int], free: Mapping[int, int], shelf: Shelf, stamp: int | None = None
) -> Card:
    """Put together what is said of a product: from its variants' prices, and the free units of each.

    `stamp`: of the window the product was read for; without one nothing rendered of it is found again.
    """
    offers = tuple(Offer(v, prices.get(v.pk), free.get(v.pk, 0)) for v in product.variants.all())
    return Card(product, next(iter(product.pictures.all()), None), offers, shelf.sells, stamp or next_stamp())


def _free(variants: Sequence[Variant], shelf: Shelf) -> dict[int, int]:
    return free_units([v.pk for v in variants], shelf.location.pk) if shelf.location and variants else {}


def option_words(shelf: Shelf) -> Words:
    """Return the words for what variants differ in; no query but after a change of the terms, in either language."""
    return shelf.window.kept(("options", get_language()), _option_words)


def _option_words() -> Words:
    values = OptionValue.objects.select_related("option")
    return Words(
        {(v.option_id, v.value): Word((v.position, v.value), text_in(v.name), v.swatch) for v in values},
        list(Option.objects.values_list("key", flat=True)),
    )


def offers_of(variants: Sequence[Variant], shelf: Shelf) -> dict[int, Offer]:
    """Return an offer a variant, by its key; two queries at most."""
    ids = [v.pk for v in variants]
    prices = prices_at(ids, shelf.market.pk, shelf.now)
    free = _free(variants, shelf)
    return {v.pk: Offer(v, prices.get(v.pk), free.get(v.pk, 0)) for v in variants}


_THINGS = """
    SELECT variant.id, variant.product_id, coalesce(account.on_hand - account.held, 0)
    FROM catalog_variant AS variant
    LEFT JOIN inventory_account AS account ON account.variant_id = variant.id AND account.location_id = %(location)s
"""


def offers_by_id(ids: Sequence[int], shelf: Shelf) -> dict[int, Offer]:
    """Return an offer a variant, by its key; one query for what was shown before. What is not shown has no price."""
    [rows] = ask(things(ids, shelf))
    return offers_from(rows, shelf)


def things(ids: Iterable[int], shelf: Shelf) -> Question:
    """Ask for what `offers_from` makes offers of, together with what else is asked."""
    return _things("WHERE variant.id = ANY (%(ids)s)", {"ids": int4s(list(ids))}, shelf)


def offer_by_sku(sku: str, shelf: Shelf) -> Offer | None:
    """Return the offer of a published variant; one query for what was shown before."""
    if "\x00" in sku or not sku.isprintable():
        return None
    [rows] = ask(_things("WHERE variant.sku = %(sku)s", {"sku": sku}, shelf))
    found = next(iter(offers_from(rows, shelf).values()), None)
    return found if found and found.variant.product.published else None


def _things(which: str, values: Mapping[str, Value], shelf: Shelf) -> Question:
    return Question(f"{_THINGS} {which}", {**values, "location": shelf.location.pk if shelf.location else 0})


def offers_from(rows: Iterable[tuple[int, int, int]], shelf: Shelf) -> dict[int, Offer]:
    """Return an offer a variant, by its key; no query for what was shown before."""
    rows = list(rows)
    variants = variants_of({id: product for id, product, _ in rows}, shelf)
    prices: dict[int, int] = {}
    for _, known in shelf.window.whole([p for p in {row[1] for row in rows} if p in shelf.window.by_id]):
        prices |= known
    return {id: Offer(variants[id], prices.get(id), free) for id, _, free in rows}


def variants_of(products: Mapping[int, int], shelf: Shelf) -> dict[int, Variant]:
    """Return variants with product and pictures, given the product of each; no query for what was shown before."""
    shown = shelf.window.whole([id for id in dict.fromkeys(products.values()) if id in shelf.window.by_id])
    found = {v.pk: v for product, _ in shown for v in product.variants.all() if v.pk in products}
    missing = [id for id in products if id not in found]
    return found | (variants_by_id(missing) if missing else {})


def drops_ahead(shelf: Shelf) -> list[Drop]:
    """Return drops that run or come, the next first, with items and pictures loaded."""
    return [drop for drop in shelf.window.drops if drop.closes_at > shelf.now][:HOME_DROPS_MAX]


def drop_of_product(product: Product, shelf: Shelf) -> Drop | None:
    """Return the drop that runs or comes next in which a variant of this product is on offer."""
    of_product = shelf.window.kept("drops by product", lambda: _by_product(shelf.window.drops))
    return next((drop for drop in of_product.get(product.pk, ()) if drop.closes_at > shelf.now), None)


def _by_product(drops: Iterable[Drop]) -> dict[int, list[Drop]]:
    found: dict[int, list[Drop]] = {}
    for drop in drops:
        for product_id in {item.variant.product_id for item in drop.items.all()}:
            found.setdefault(product_id, []).append(drop)
    return found


def variants_by_sku(skus: Iterable[str]) -> dict[str, Variant]:
    """Return published variants by SKU, with product and pictures; two queries."""
    wanted = [sku for sku in skus if "\x00" not in sku]
    found = Variant.objects.filter(sku__in=wanted, product__published=True)
    found = found.select_related("product").prefetch_related("product__pictures")
    return {variant.sku: variant for variant in found}


def variants_by_id(ids: Iterable[int]) -> dict[int, Variant]:
    """Return variants by key, published or not, with product and pictures; two queries."""
    found = Variant.objects.filter(pk__in=set(ids)).select_related("product").prefetch_related("product__pictures")
    return {variant.pk: variant for variant in found}
