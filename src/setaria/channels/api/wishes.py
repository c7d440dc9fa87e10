"""The wish list: the member's own, which is the web's, or the anonymous basket's."""

from uuid import UUID

from setaria.channels.api.asked import Asked
from setaria.channels.api.belongings import WishesOut
from setaria.channels.api.catalogue import card_out
from setaria.channels.api.refusals import No
from setaria.channels.storefront import visitor
from setaria.channels.storefront.tiles import tiles
from setaria.trade.baskets.rules import Full
from setaria.trade.baskets.wishes import unwish, wish, wishes_of


def show(asked: Asked) -> WishesOut:
    """Return what was wished for."""
    return _wishes(asked, asked.owner.basket_id)


def add(asked: Asked, slug: str) -> WishesOut | No:
    """Wish for a product; once is enough."""
    seen = asked.shelf.window.by_slug.get(slug)
    if seen is None:
        return No(code="NOT_FOUND")
    try:
        basket_id = wish(asked.owner, seen.id, now=asked.now)
    except Full:
        return No(code="WISHES_FULL")
    if asked.member_id is None:
        asked.keep_basket(basket_id)
    return _wishes(asked, basket_id)


def remove(asked: Asked, slug: str) -> WishesOut | No:
    """Wish for a product no more; harmless again."""
    seen = asked.shelf.window.by_slug.get(slug)
    if seen is None:
        return No(code="NOT_FOUND")
    unwish(asked.owner, seen.id)
    return show(asked)


def _wishes(asked: Asked, basket_id: UUID | None) -> WishesOut:
    shelf = asked.shelf
    ids = list(wishes_of(asked.owner).values_list("product_id", flat=True))
    cards = tiles([id for id in ids if id in shelf.window.by_id], shelf)
    return WishesOut(
        currency=asked.market.currency,
        products=[card_out(asked, card) for card in cards],
        elsewhere=len(ids) - len(cards),
        token=visitor.token_of(basket_id) if basket_id is not None and asked.member_id is None else "",
    )
