"""What the store's pages show. Reads only, and a constant number of queries a page whatever the data."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec
from django.db.models import Exists, F, OuterRef, Prefetch, QuerySet, Subquery, prefetch_related_objects

from setaria.channels.storefront.models import Listed, Storefront
from setaria.channels.storefront.visit import Visit
from setaria.goods.catalog.models import Kind, Picture, Product, Variant
from setaria.goods.inventory.models import Account, Location, Source
from setaria.goods.inventory.queries import free_units
from setaria.goods.pricing.models import Price
from setaria.goods.pricing.queries import prices_at
from setaria.markets.models import Channel, Market
from setaria.trade.drops.models import Drop, DropItem

NAVIGATION_KINDS_MAX = 6
HOME_DROPS_MAX = 3
HOME_NEWEST_MAX = 9  # one leads, eight follow


class Shelf(msgspec.Struct, frozen=True):
    """Where a visitor stands: the market, the location its web channel sells from, and the instant."""

    market: Market
    channel: Channel | None
    location: Location | None
    now: datetime

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
        """What one unit of a pack costs, rounded half up (R-009); None for what is no pack."""
        units = self.variant.pack_units
        return (2 * self.price + units) // (2 * units) if self.price is not None and units > 1 else None


class Card(msgspec.Struct, frozen=True):
    """A product in a listing."""

    product: Product
    picture: Picture | None
    offers: tuple[Offer, ...]
    sells: bool

    @property
    def price(self) -> int | None:
        """The cheapest variant's price; of those that can be had, if any can."""
        prices = [o.price for o in self.offers if o.price is not None]
        return min([o.price for o in self.offers if o.for_sale and o.price is not None] or prices, default=None)

    @property
    def unit_price(self) -> int | None:
        """What one unit costs of the cheapest variant, if that is a pack (R-009)."""
        return next((o.unit_price for o in self.offers if o.price is not None and o.price == self.price), None)

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


def shelf(visit: Visit, now: datetime) -> Shelf:
    """Return where the visitor stands; one query, none in a market without a web channel."""
    channel = visit.channel
    source = Source.objects.select_related("location").filter(channel=channel).first() if channel else None
    return Shelf(visit.market, channel, source.location if source else None, now)


def visible(visit: Visit, now: datetime) -> QuerySet[Product]:
    """Return the products a storefront shows in a market: where it sells, those with a price; where it informs, all of
    its assortment (R-002).
    """
    shown = assortment(visit.storefront)
    if not visit.market.sells:
        return shown
    return shown.filter(Exists(_prices(visit.market, now, variant__product=OuterRef("pk"))))


def assortment(storefront: Storefront) -> QuerySet[Product]:
    """Return the published products that belong to a storefront, in whatever market."""
    shown = Product.objects.filter(published=True)
    if storefront.pk is None:
        return shown
    listed = Exists(Listed.objects.filter(storefront=storefront, product=OuterRef("pk")))
    return shown.filter(~listed if storefront.shows_all else listed)


def navigation(visit: Visit, now: datetime) -> list[Kind]:
    """Return the first few kinds that have something to show here; one query."""
    return list(_kinds(visit, now)[:NAVIGATION_KINDS_MAX])


def kinds_with_picture(visit: Visit, now: datetime) -> list[Kind]:
    """Return all kinds that have something to show, each with the `picture_path` of its newest product."""
    newest = Picture.objects.filter(product__kind=OuterRef("pk"), product__in=visible(visit, now)).order_by(
        F("product__released").desc(nulls_last=True), "product_id", "position"
    )
    return list(_kinds(visit, now).annotate(picture_path=Subquery(newest.values("path")[:1])))


def _kinds(visit: Visit, now: datetime) -> QuerySet[Kind]:
    return Kind.objects.filter(Exists(visible(visit, now).filter(kind=OuterRef("pk"))))


def _prices(market: Market, now: datetime, **where: object) -> QuerySet[Price]:
    return Price.objects.filter(market=market, valid__contains=now, **where)


def newest_first(products: QuerySet[Product]) -> QuerySet[Product]:
    """Sort products by release, the undated ones last (PostgreSQL would put them first)."""
    return products.order_by(F("released").desc(nulls_last=True), "id")


def with_terms(products: QuerySet[Product], shelf: Shelf) -> QuerySet[Product]:
    """Annotate products with `price_from` (minor units, their cheapest variant's here and now) and `in_stock`."""
    cheapest = _prices(shelf.market, shelf.now, variant__product=OuterRef("pk")).order_by("amount").values("amount")[:1]
    there = Account.objects.filter(location=shelf.location, on_hand__gt=F("held"), variant__product=OuterRef("pk"))
    return products.annotate(price_from=Subquery(cheapest), in_stock=Exists(there))


def sort_by_price(products: QuerySet[Product], *, dearest_first: bool) -> QuerySet[Product]:
    """Sort products that have their terms by price; those without one come last."""
    order = F("price_from").desc(nulls_last=True) if dearest_first else F("price_from").asc(nulls_last=True)
    return products.order_by(order, "id")


def cards(products: Iterable[Product], shelf: Shelf) -> list[Card]:
    """Return a card a product; four queries."""
    found = list(products)
    prefetch_related_objects(found, "variants", "pictures")
    offers = offers_of([v for p in found for v in p.variants.all()], shelf)
    return [
        Card(p, next(iter(p.pictures.all()), None), tuple(offers[v.pk] for v in p.variants.all()), shelf.sells)
        for p in found
    ]


def offers_of(variants: Sequence[Variant], shelf: Shelf) -> dict[int, Offer]:
    """Return an offer a variant, by its key; two queries at most."""
    ids = [v.pk for v in variants]
    prices = prices_at(ids, shelf.market.pk, shelf.now)
    free = free_units(ids, shelf.location.pk) if shelf.location else {}
    return {v.pk: Offer(v, prices.get(v.pk), free.get(v.pk, 0)) for v in variants}


def drops_ahead(channel: Channel | None, now: datetime) -> list[Drop]:
    """Return drops that run or come, the next first, with items and pictures loaded; four queries at most."""
    if channel is None:
        return []
    items = DropItem.objects.select_related("variant__product").prefetch_related("variant__product__pictures")
    drops = _drops_for_all(channel, now).order_by("opens_at", "id")
    return list(drops.prefetch_related(Prefetch("items", queryset=items))[:HOME_DROPS_MAX])


def drop_of_product(product: Product, channel: Channel | None, now: datetime) -> Drop | None:
    """Return the drop that runs or comes next in which a variant of this product is on offer; one query."""
    if channel is None:
        return None
    drops = _drops_for_all(channel, now).filter(items__variant__product=product)
    return drops.order_by("opens_at", "id").first()


def _drops_for_all(channel: Channel, now: datetime) -> QuerySet[Drop]:
    """What anybody may come to; a programme's drop has no page of its own."""
    return Drop.objects.filter(channel=channel, closes_at__gt=now).exclude(admission=Drop.Admission.PLACES)


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
