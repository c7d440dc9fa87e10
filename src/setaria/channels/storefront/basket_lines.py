"""The basket's lines as they stand now, and putting more in: what the basket, shared baskets and the checkout share."""

from collections.abc import Mapping
from uuid import UUID

import msgspec
from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext as _

from setaria.channels.storefront import queries
from setaria.channels.storefront.visit import Visit
from setaria.channels.storefront.visitor import owner_of
from setaria.goods.catalog.models import Variant
from setaria.trade.baskets import keep
from setaria.trade.baskets.models import Line
from setaria.trade.baskets.queries import lines_of
from setaria.trade.baskets.rules import BASKET_LINES_MAX, Kept


class BasketLine(msgspec.Struct, frozen=True):
    """A line of the basket as it stands now, beside what was seen when it was put in."""

    offer: queries.Offer
    quantity: int
    seen: int | None
    later: bool = False

    @property
    def variant(self) -> Variant:
        """What it is."""
        return self.offer.variant

    @property
    def gone(self) -> bool:
        """Whether it cannot be bought here at all."""
        return self.offer.price is None

    @property
    def changed(self) -> bool:
        """Whether the price is another than the one seen."""
        return self.seen is not None and not self.gone and self.seen != self.offer.price

    @property
    def short(self) -> bool:
        """Whether fewer are left than wanted."""
        return not self.gone and self.offer.free < self.quantity

    @property
    def total(self) -> int:
        """Minor units, at today's price."""
        return (self.offer.price or 0) * self.quantity

    @property
    def shown_total(self) -> int | None:
        """The total, or None for what has no price here."""
        return None if self.gone else self.total


def lines_now(request: Visit, shelf: queries.Shelf) -> list[BasketLine]:
    """Return what will be ordered, as it stands; two queries for what was shown before."""
    return [line for line in all_now(request, lines_of(owner_of(request)), shelf) if not line.later]


def all_now(request: Visit, lines: list[Line], shelf: queries.Shelf) -> list[BasketLine]:
    """Return lines as they stand; one query for what was shown before. What is no longer published is taken out and said."""
    if not lines:
        return []
    offers = queries.offers_by_id([line.variant_id for line in lines], shelf)
    shown = []
    for line in lines:
        variant = offers[line.variant_id].variant
        if not variant.product.published:
            keep.change(owner_of(request), variant.pk, 0, None, shelf.market.pk, now=shelf.now)
            sku = {"sku": variant.sku}
            messages.warning(request, _("%(sku)s is no longer sold and was taken out of your basket.") % sku)
            continue
        seen = line.seen_amount if line.seen_market_id == shelf.market.pk else None
        shown.append(BasketLine(offers[variant.pk], line.quantity, seen, line.later))
    return shown


def put_in(
    request: HttpRequest, wanted: Mapping[int, int], offers: Mapping[int, queries.Offer], shelf: queries.Shelf
) -> UUID:
    """Put units in, by variant, at the prices shown now; return the basket's id. Raises Full or TooMany."""
    new = [Kept(key, units, offers[key].price, shelf.market.pk, shelf.now) for key, units in wanted.items()]
    return keep.put(owner_of(request), new, now=shelf.now)


def full(request: HttpRequest) -> None:
    """Say that no more lines fit."""
    messages.error(
        request,
        _("An order has at most %(max)d different things. Your basket is as it was; order it first, then add more.")
        % {"max": BASKET_LINES_MAX},
    )
