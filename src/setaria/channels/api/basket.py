"""The basket: the member's own, which is the web's, or an anonymous one under a token."""

from collections.abc import Sequence
from uuid import UUID

from setaria.channels.api.asked import Asked
from setaria.channels.api.deals import BasketLineOut, BasketOut, SetLineIn
from setaria.channels.api.refusals import No
from setaria.channels.api.things import name_of, offers_by_sku
from setaria.channels.storefront import queries, visitor
from setaria.trade.baskets import keep
from setaria.trade.baskets.models import Line
from setaria.trade.baskets.queries import lines_of
from setaria.trade.baskets.rules import Full, Kept


def show(asked: Asked) -> BasketOut:
    """Return the basket as it stands."""
    return _basket(asked, asked.owner.basket_id, lines_of(asked.owner))


def set_line(asked: Asked, sku: str, wanted: SetLineIn) -> BasketOut | No:
    """Have just so many of a variant in the basket, or none."""
    shelf = asked.shelf
    offer = offers_by_sku([sku], shelf).get(sku)
    if offer is None:
        return No(code="UNKNOWN_ITEM", sku=sku, item=sku)
    if not wanted.quantity:
        keep.change(asked.owner, offer.variant.pk, 0, None, shelf.market.pk, now=shelf.now)
        return show(asked)
    if not shelf.sells or not offer.for_sale:
        return No(code="NOT_SOLD_HERE", sku=sku)
    new = Kept(offer.variant.pk, wanted.quantity, offer.price, shelf.market.pk, shelf.now)
    try:
        basket_id, lines = keep.set_to(asked.owner, new, now=shelf.now)
    except Full:
        return No(code="BASKET_FULL")
    return _basket(asked, basket_id, list(lines.values()))


def _basket(asked: Asked, basket_id: UUID | None, kept: Sequence[Line | Kept]) -> BasketOut:
    shelf = asked.shelf
    offers = queries.offers_by_id([line.variant_id for line in kept], shelf) if kept else {}
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
