"""Why something was not done: stable codes with a status and a sentence, which the reader gets in their language."""

from typing import Any

import msgspec
from django.utils.translation import gettext_lazy as _

from setaria.channels.api.deals import QuoteOut
from setaria.channels.storefront import refusals as store
from setaria.trade.orders.requests import Code

# code: (HTTP status, the sentence)
SENTENCES: dict[str, tuple[int, Any]] = {
    "MALFORMED": (400, _("The request makes no sense as it stands. Nothing was changed.")),
    "SIGN_IN": (401, _("This is a member's own. Sign in first.")),
    "SESSION_ENDED": (401, _("You are signed out. Nothing was changed; sign in again.")),
    "BAD_TOKEN": (403, _("This token is not one of ours, or has lapsed. Nothing was changed.")),
    "NOT_FOUND": (404, _("There is nothing here, or it is somebody else's.")),
    "NO_MARKET": (404, _("This store is not in such a market.")),
    "WRONG_METHOD": (405, _("This address does not answer that method.")),
    "BASKET_FULL": (409, _("An order has at most 50 different things. Your basket is as it was; order it first.")),
    "BASKET_EMPTY": (409, _("There is nothing in the basket to reckon.")),
    "NOT_SOLD_HERE": (409, _("This cannot be bought here at the moment. Your basket is as it was.")),
    "QUOTE_CHANGED": (409, _("What makes up the total has changed. Nothing was ordered; look at it and order again.")),
    "USED_UP": (409, _("A discount was used up by others in this moment. Nothing was ordered; look at the new total.")),
    "CODE_USED": (409, _("A code was used up by others in this moment. Nothing was ordered; look at the new total.")),
    "DISCOUNT_OVER_LIMIT": (409, _("You have used a discount as often as one may. Nothing was ordered.")),
    "DISCOUNT_OVER": (409, _("The time of a discount has just ended. Nothing was ordered; look at the new total.")),
    "POINTS_SPENT": (409, _("Your points were spent elsewhere. Nothing was ordered; look at the new total.")),
    "NOT_PAYABLE": (409, _("This order cannot be paid any more. No money was taken.")),
    "NO_SUCH_MEANS": (409, _("This means of payment cannot be used for this order. Nothing was charged.")),
    "NOT_CANCELLABLE": (409, _("This order can no longer be cancelled here; nothing was changed.")),
    "NOT_SENT": (409, _("This order will not be sent any more; nothing was changed.")),
    "TOO_LARGE": (413, _("The request is too large.")),
    "BAD_ADDRESS": (422, _("Something is missing in the address. Nothing was ordered.")),
    "BAD_CONTACT": (422, _("Write an email address or a telephone number.")),
    "TOO_MANY": (429, _("That was too often. Nothing was changed; try again in a while.")),
    "BROKEN": (500, _("Something is wrong on our side. Try again in a moment.")),
    "UNSURE": (503, _("We cannot tell yet what became of it. Send the same again: it is not done twice.")),
    "PROVIDER_DOWN": (503, _("The payment provider does not answer. The order is kept; try again in a moment.")),
} | {
    # The door's own codes, in the words of the store's pages.
    code.value: (409, store.SENTENCES[code]) for code in Code if code != Code.MALFORMED
}  # fmt: skip


class No(msgspec.Struct, frozen=True, kw_only=True):
    """A refusal, as a value. `item` is what the sentence speaks of, where it names something."""

    code: str
    item: str = ""
    sku: str = ""
    fields: dict[str, str] = {}
    quote: QuoteOut | None = None


def status_of(code: str) -> int:
    """Return a refusal's HTTP status."""
    return SENTENCES[code][0]


def sentence_of(no: No) -> str:
    """Say it in the reader's language."""
    said = str(SENTENCES[no.code][1])
    return said % {"item": no.item or str(_("One of the things"))} if "%(item)s" in said else said
