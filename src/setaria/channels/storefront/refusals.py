"""The door's refusals in words: what happened, what was kept, what to do next."""

from django.utils.translation import gettext_lazy as _

from setaria.goods.catalog.models import Variant
from setaria.kernel.texts import text_in
from setaria.trade.orders.requests import Code, Refused

SENTENCES = {
    Code.MALFORMED: _(
        "This order could not be read. Nothing was ordered and your basket is as it was; go back to it and try again."
    ),
    Code.UNKNOWN_ITEM: _(
        "%(item)s is not sold here any more. Nothing was ordered; take it out of your basket and order the rest."
    ),
    Code.MARKET_INFORMS_ONLY: _(
        "Nothing can be bought in this market. Nothing was ordered; your basket is kept for when you choose another market."
    ),
    Code.NOT_OPEN: _("The sale has not opened yet. Nothing was ordered; come back when it opens."),
    Code.CLOSED: _("The sale is over. Nothing was ordered; what is left goes back on sale in the store."),
    Code.PRICE_CHANGED: _(
        "The price of %(item)s has changed since you saw it. Nothing was ordered; look at the new total below and order again if you agree."
    ),
    Code.OVER_LIMIT: _(
        "%(item)s is limited to a few for each customer, and your orders have reached that limit. Nothing was ordered; choose fewer."
    ),
    Code.SOLD_OUT: _(
        "There are not enough of %(item)s left. Nothing was ordered and your basket is as it was; choose fewer, or another variant."
    ),
    Code.ID_CONFLICT: _(
        "This order was already sent with other contents. Nothing new was ordered; look at your orders, then go back to your basket."
    ),
}


def in_words(refused: Refused, variants: dict[int, Variant]) -> str:
    """Say why an order was refused, naming the line that was the reason."""
    variant = variants.get(refused.variant_id or 0)
    item = f"{text_in(variant.product.name)} · {text_in(variant.name)}" if variant else str(_("One of the things"))
    return str(SENTENCES[refused.code]) % {"item": item}
