"""The shop window: the range a market is shown, kept in memory and proven fresh.

Listings, facets, kinds and product pages need thousands of rows to say what a few say to the reader. Those rows change
some times an hour, and triggers raise one number, `orders_terms_version`, in the very transaction that changes any of
them (decisions 0005 and 0025). So a page reads that number and goes by memory if it is the one it knows. Prices are
kept until the next instant at which one begins or ends. Of stock, which changes with every order, only whether a
product can be had at all is kept, for narrowing and counting, and looked at again after `STOREFRONT_STOCK_SECONDS`;
what a page says of a product's own stock is read from the database every time (`queries.offers_of`).

A window is never changed, only replaced, so whatever is derived from it may be kept with it (`Window.kept`).
"""

import time
from collections.abc import Callable, Hashable, Iterable, Sequence
from datetime import datetime
from itertools import count
from threading import Lock
from typing import Any, TypeVar

from django.conf import settings
from django.db import connection
from django.db.models import Exists, F, Model, OuterRef, Prefetch, QuerySet

from setaria.channels.storefront.faces import Face
from setaria.channels.storefront.models import Listed, Storefront
from setaria.channels.storefront.visit import Whereabouts
from setaria.goods.catalog.models import Kind, Picture, Product, Variant
from setaria.goods.inventory.models import Location, Source
from setaria.goods.pricing.models import Price
from setaria.kernel.arrays import int4s
from setaria.kernel.pipeline import Value
from setaria.kernel.questions import Question, ask, rows_of
from setaria.markets.models import Channel, Market
from setaria.trade.drops.models import Drop, DropItem
from setaria.trade.orders.terms import VERSION

T = TypeVar("T")
Whole = tuple[Product, dict[int, int]]  # a product with all that belongs to it, and its variants' prices

WINDOWS_MAX = 32
PRODUCTS_KEPT_MAX = 4_000  # whole, with variants and pictures; some 10 KB each
FACES_KEPT_MAX = 20_000  # as grids show them; some 2 KB each
DERIVED_KEPT_MAX = 1_000  # ranges of products, counts of their facets

_stamps = count(1)


def next_stamp() -> int:
    """Return a number that no other state in this process has or will have."""
    return next(_stamps)


class Seen:
    """A product as listings go by it: its kind, whose it is, its cheapest price here and now, its specification."""

    __slots__ = ("id", "kind_id", "maker", "price", "slug", "specification")

    def __init__(
        self, id: int, slug: str, kind_id: int, maker: str, specification: dict[str, object], price: int | None
    ) -> None:
        self.id, self.slug, self.kind_id, self.maker = id, slug, kind_id, maker
        self.specification, self.price = specification, price


class Stock:
    """Which products can be had, and what told it: the same figures, the same stock."""

    __slots__ = ("looked_at", "products", "sign", "stamp")

    def __init__(self, sign: object, products: frozenset[int], stamp: int | None = None) -> None:
        self.sign, self.products, self.looked_at = sign, products, time.monotonic()
        self.stamp = stamp or next_stamp()  # the same as long as the stock is


class Window:
    """What one market is shown from one instant to the next change."""

    def __init__(
        self, storefront: Storefront, market: Market, channel: Channel | None, now: datetime, version: int
    ) -> None:
        self.stamp = next_stamp()  # names this window among all there were in this process
        self.version, self.since, self.until = version, now, _next_turn(market, now)
        self.market = market
        source = Source.objects.select_related("location").filter(channel=channel).first() if channel else None
        self.location: Location | None = source.location if source else None
        prices = _cheapest(market, now)
        rows = visible(storefront, market, now).order_by(F("released").desc(nulls_last=True), "id")
        self.products = [
            Seen(*row, prices.get(row[0]))
            for row in rows.values_list("id", "slug", "kind_id", "maker", "specification")
        ]  # newest first
        self.by_id = {seen.id: seen for seen in self.products}
        self.by_slug = {seen.slug: seen for seen in self.products}
        self.kinds = _kinds(self.products)
        self.drops = _drops(channel, now)
        self.faces: dict[int, Face] = {}  # what grids have shown
        self._whole: dict[int, Whole] = {}
        self._derived: dict[Hashable, object] = {}
        self._lately: dict[Hashable, tuple[float, object]] = {}
        self._stock = Stock(None, frozenset())
        self._looking, self._keeping = Lock(), Lock()

    def fits(self, version: int, now: datetime) -> bool:
        """Whether nothing has changed since, and no price has begun or ended."""
        return self.version == version and self.since <= now and (self.until is None or now < self.until)

    def of_kind(self, kind_id: int) -> list[Seen]:
        """Return the products of a kind, the newest first."""
        return self.kept(("kind", kind_id), lambda: [seen for seen in self.products if seen.kind_id == kind_id])

    def places(self) -> dict[int, int]:
        """Return each product's place among the newest."""
        return self.kept("places", lambda: {seen.id: place for place, seen in enumerate(self.products)})

    def named(self, slugs: Iterable[str]) -> list[Product]:
        """Return the products of these slugs, in their order, as `whole` does; what is not shown is left out."""
        ids = [self.by_slug[slug].id for slug in slugs if slug in self.by_slug]
        return [product for product, _ in self.whole(ids)]

    def whole(self, ids: Sequence[int]) -> list[Whole]:
        """Return products with kind, variants and pictures loaded, each with its variants' prices; one trip at most."""
        return self.whole_with(ids)[0]

    def whole_with(self, ids: Sequence[int], *more: Question) -> tuple[list[Whole], list[list[Any]]]:
        """As `whole`, and the rows of each question that is asked in the same trip."""
        known = {id: found for id in ids if (found := self._whole.get(id)) is not None}
        missing = [id for id in ids if id not in known]
        learned, answers = self._learn(missing, *more) if missing else ({}, ask(*more) if more else [])
        known |= learned
        return [known[id] for id in ids if id in known], answers

    def _learn(self, ids: Sequence[int], *more: Question) -> tuple[dict[int, Whole], list[list[Any]]]:
        kinds = {kind.pk: kind for kind in self.kinds}
        about: dict[str, Value] = {"products": int4s(ids), "market": self.market.pk, "since": self.since}
        products, variants, pictures, prices, *answers = ask(
            rows_of(Product, "WHERE id = ANY (%(products)s)", about),
            rows_of(Variant, "WHERE product_id = ANY (%(products)s) ORDER BY position, id", about),
            rows_of(Picture, "WHERE product_id = ANY (%(products)s) ORDER BY position, id", about),
            Question(_PRICES, about),
            *more,
        )
        learned: dict[int, Whole] = {}
        for product in products:
            if product.kind_id in kinds:
                product.kind = kinds[product.kind_id]
            own = _belonging(product, "variants", Variant, variants)
            _belonging(product, "pictures", Picture, pictures)
            keys = {variant.pk for variant in own}
            learned[product.pk] = product, {id: amount for id, amount in prices if id in keys}
        with self._keeping:
            self._whole |= learned
            _push_out(self._whole, PRODUCTS_KEPT_MAX)
        return learned, answers

    def learn(self, faces: dict[int, Face]) -> dict[int, Face]:
        """Keep how products look in a grid, and return the same."""
        with self._keeping:
            self.faces |= faces
            _push_out(self.faces, FACES_KEPT_MAX)
        return faces

    def kept(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return what was made of this window before under `key`, else make it: it must follow from window and key."""
        if key in self._derived:
            return self._derived[key]  # type: ignore[return-value]
        made = make()
        with self._keeping:
            self._derived[key] = made
            _push_out(self._derived, DERIVED_KEPT_MAX)
        return made

    def lately(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return what was made under `key` at most `STOREFRONT_STOCK_SECONDS` ago, else make it: what is on beside the
        range (campaigns, programmes, what sells best), of which no number tells when it changes.
        """
        made, value = self._lately.get(key, (0.0, None))
        if time.monotonic() - made >= settings.STOREFRONT_STOCK_SECONDS:
            value = make()
            self._lately[key] = (time.monotonic(), value)
        return value  # type: ignore[return-value]

    def stock(self) -> Stock:
        """Return which products can be had, as of `STOREFRONT_STOCK_SECONDS` ago at most; one query, or two if it changed.

        While one thread looks, the others go by the last look, unless that is older than twice as long.
        """
        seconds = settings.STOREFRONT_STOCK_SECONDS
        age = time.monotonic() - self._stock.looked_at
        if self._stock.sign is not None and age < seconds:
            return self._stock
        if self._looking.acquire(blocking=self._stock.sign is None or age >= 2 * seconds):
            try:
                self._stock = self._look()
            finally:
                self._looking.release()
        return self._stock

    def _look(self) -> Stock:
        if self.location is None:
            return Stock((), frozenset())
        with connection.cursor() as cursor:
            cursor.execute(_STOCK_SIGN, [self.location.pk])
            sign = cursor.fetchone()
            if sign == self._stock.sign:
                return Stock(sign, self._stock.products, self._stock.stamp)
            cursor.execute(_STOCK, [self.location.pk])
            return Stock(sign, frozenset(row[0] for row in cursor.fetchall()))


def _belonging(product: Product, name: str, model: type[Model], rows: Sequence[Any]) -> list[Any]:
    """Give a product those of `rows` that are its own, as `prefetch_related` would; return them."""
    own = [row for row in rows if row.product_id == product.pk]
    for row in own:
        row.product = product
    found: QuerySet[Any] = QuerySet(model)
    found._result_cache, found._prefetch_done = own, True  # type: ignore[attr-defined]
    vars(product).setdefault("_prefetched_objects_cache", {})[name] = found
    return own


def _push_out(kept: dict[Any, Any], most: int) -> None:
    """Forget what was kept first, so that what is asked for now never costs all the rest."""
    while len(kept) > most:
        kept.pop(next(iter(kept)))


# One row tells whether it is the same stock: how many variants can be had, and a hash of which.
_STOCK_SIGN = """
    SELECT count(*), coalesce(bit_xor(hashint8extended(variant_id, 0)), 0)
    FROM inventory_account WHERE location_id = %s AND on_hand > held
"""
_STOCK = """
    SELECT DISTINCT variant.product_id FROM inventory_account AS account
    JOIN catalog_variant AS variant ON variant.id = account.variant_id
    WHERE account.location_id = %s AND account.on_hand > account.held
"""
_CHEAPEST = """
    SELECT variant.product_id, min(price.amount) FROM pricing_price AS price
    JOIN catalog_variant AS variant ON variant.id = price.variant_id
    WHERE price.market_id = %s AND price.valid @> %s GROUP BY 1
"""
_PRICES = """
    SELECT variant_id, amount FROM pricing_price
    WHERE variant_id IN (SELECT id FROM catalog_variant WHERE product_id = ANY (%(products)s))
      AND market_id = %(market)s AND valid @> %(since)s
"""
_NEXT_TURN = """
    SELECT min(turn) FROM (
        SELECT lower(valid) AS turn FROM pricing_price WHERE market_id = %(market)s AND lower(valid) > %(now)s
        UNION ALL
        SELECT upper(valid) FROM pricing_price WHERE market_id = %(market)s AND upper(valid) > %(now)s
    ) AS turns
"""


def visible(storefront: Storefront, market: Market, now: datetime) -> QuerySet[Product]:
    """Return the products a storefront shows in a market: where it sells, those with a price; where it informs, all of
    its assortment (R-002).
    """
    shown = assortment(storefront)
    if not market.sells:
        return shown
    prices = Price.objects.filter(market=market, valid__contains=now, variant__product=OuterRef("pk"))
    return shown.filter(Exists(prices))


def assortment(storefront: Storefront) -> QuerySet[Product]:
    """Return the published products that belong to a storefront, in whatever market."""
    shown = Product.objects.filter(published=True)
    if storefront.pk is None:
        return shown
    listed = Exists(Listed.objects.filter(storefront=storefront, product=OuterRef("pk")))
    return shown.filter(~listed if storefront.shows_all else listed)


def _cheapest(market: Market, now: datetime) -> dict[int, int]:
    with connection.cursor() as cursor:
        cursor.execute(_CHEAPEST, [market.pk, now])
        return dict(cursor.fetchall())


def _next_turn(market: Market, now: datetime) -> datetime | None:
    """When the next price of this market begins or ends."""
    with connection.cursor() as cursor:
        cursor.execute(_NEXT_TURN, {"market": market.pk, "now": now})
        turn: datetime | None = cursor.fetchone()[0]
        return turn


def _drops(channel: Channel | None, now: datetime) -> list[Drop]:
    """Return drops that anybody may come to and that are not over, the next first, with all that their cards show."""
    if channel is None:
        return []
    items = DropItem.objects.select_related("variant__product").prefetch_related("variant__product__pictures")
    # A programme's drop has no page of its own.
    drops = Drop.objects.filter(channel=channel, closes_at__gt=now).exclude(admission=Drop.Admission.PLACES)
    return list(drops.order_by("opens_at", "id").prefetch_related(Prefetch("items", queryset=items)))


def _kinds(products: Iterable[Seen]) -> list[Kind]:
    """Return the kinds that have something to show, each with the `picture_path` of its newest product's picture."""
    newest: dict[int, int] = {}
    for seen in products:
        newest.setdefault(seen.kind_id, seen.id)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT ON (product_id) product_id, path FROM catalog_picture WHERE product_id = ANY(%s)"
            " ORDER BY product_id, position, id",
            [list(newest.values())],
        )
        paths = dict(cursor.fetchall())
    kinds = list(Kind.objects.filter(pk__in=newest))
    for kind in kinds:
        kind.picture_path = paths.get(newest[kind.pk])  # type: ignore[attr-defined]
    return kinds


class Windows:
    """The process's windows, one a storefront, market and channel; shared by its threads."""

    def __init__(self) -> None:
        self._windows: dict[Hashable, Window] = {}
        self._making = Lock()

    def window(self, visit: Whereabouts, now: datetime) -> Window:
        """Return the window as of the version that the request has read; made anew if it does not fit any more."""
        version = visit.version
        key = (visit.storefront.pk, visit.market.pk, visit.channel.pk if visit.channel else None)
        found = self._windows.get(key)
        if found is not None and found.fits(version, now):
            return found
        with self._making:  # a second thread finds the first one's work done
            found = self._windows.get(key)
            if found is None or not found.fits(version, now):
                # Read after `version` was: as new as that, or newer and then soon read again.
                found = Window(visit.storefront, visit.market, visit.channel, now, version)
                if len(self._windows) >= WINDOWS_MAX:
                    self._windows = {}
                self._windows[key] = found
        return found


WINDOWS = Windows()


def read_version() -> int:
    """Return the number that rises with every change of what is sold and on what terms; one query."""
    [[(number,)]] = ask(Question(VERSION, {}))
    return int(number)
