"""The basket: the member's own, which is the web's, or an anonymous one under a token."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from setaria.channels.api.asked import Asked
from setaria.channels.api.deals import BasketLineOut, BasketOut, SetLineIn
from setaria.channels.api.refusals import No
from setaria.channels.api.things import name_of, variants_by_sku
from setaria.channels.storefront import queries, visitor
from setaria.goods.inventory.queries import free_units
from setaria.trade.baskets import keep
from setaria.trade.baskets.models import Line
from setaria.trade.baskets.queries import lines_of
from setaria.trade.baskets.rules import Full, Kept


def show(asked: Asked) -> BasketOut:
    """Return the basket as it stands."""
    lines = lines_of(asked.owner)
    offers = queries.offers_by_id([line.variant_id for line in lines], asked.shelf) if lines else {}
    return _basket(asked, asked.owner.basket_id, lines, offers)


def set_line(asked: Asked, sku: str, wanted: SetLineIn) -> BasketOut | No:
    """Have just so many of a variant in the basket, or none."""
    shelf = asked.shelf
    variant, price = variants_by_sku([sku], shelf).get(sku, (None, None))
    if variant is None:
        return No(code="UNKNOWN_ITEM", sku=sku, item=sku)
    if not wanted.quantity:
        keep.change(asked.owner, variant.pk, 0, None, shelf.market.pk, now=shelf.now)
        return show(asked)
    if not shelf.sells or shelf.location is None or price is None:
        return No(code="NOT_SOLD_HERE", sku=sku)
    if free_units([variant.pk], shelf.location.pk).get(variant.pk, 0) <= 0:
        return No(code="NOT_SOLD_HERE", sku=sku)
    new = Kept(variant.pk, wanted.quantity, price, shelf.market.pk, shelf.now)
    try:
        basket_id, lines, rows = keep.set_to(
            asked.owner, new, now=shelf.now, then=lambda lines: queries.things(lines, shelf)
        )
    except Full:
        return No(code="BASKET_FULL")
    return _basket(asked, basket_id, list(lines.values()), queries.offers_from(rows, shelf))


def _basket(
    asked: Asked, basket_id: UUID | None, kept: Sequence[Line | Kept], offers: Mapping[int, queries.Offer]
) -> BasketOut:
    shelf = asked.shelf
    lines = [_line(offers[line.variant_id], line, shelf) for line in kept]
    ordered = [line for line in lines if not line.later and not line.gone]
    return BasketOut(
        currency=shelf.market.currency,
        lines=lines,
        goods=sum((line.price or 0) * line.quantity for line in ordered),
        units=sum(line.quantity for line in ordered),
        token=visitor.token_of(basket_id) if basket_id is not None and asked.member_id is None else "",
    )


def _line(offer: queries.Offer, line: Line | Kept, shelf: queries.Shelf) -> BasketLineOut:
    variant, product = offer.variant, offer.variant.product
    price = offer.price if shelf.sells and product.published else None
    seen = line.seen_amount if line.seen_market_id == shelf.market.pk else None
    return BasketLineOut(
        sku=variant.sku, slug=product.slug, name=name_of(variant), quantity=line.quantity, price=price,
        seen=seen if seen != price else None, gone=price is None,
        short=price is not None and offer.free < line.quantity, later=line.later,
    )  # fmt: skip
