"""Why something was not done: stable codes with a status and a sentence, which the reader gets in their language."""

from typing import Any

import msgspec
from django.utils.translation import gettext_lazy as _

from setaria.channels.api.deals import QuoteOut
from setaria.channels.storefront import gift_card as cards
from setaria.channels.storefront import refusals as store
from setaria.trade.giftcards.spend import Refusal
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
    "WISHES_FULL": (409, _("A wish list has at most 200 things. Take one off first.")),
    "NO_INVOICE": (409, _("There is no invoice for this order. Nothing was changed.")),
    "INVOICE_WRITTEN": (409, _("The invoice is written already. Ask us if it must name somebody else.")),
    "CARD_EMPTY": (409, cards.SENTENCES[Refusal.EMPTY]),
    "CARD_BLOCKED": (409, cards.SENTENCES[Refusal.BLOCKED]),
    "CARD_OF_ELSEWHERE": (409, cards.SENTENCES[Refusal.OTHER_MARKET]),
    "PAYING": (409, cards.SENTENCES[Refusal.PAYING]),
    "CARD_UNKNOWN": (404, _("We do not know this card. Nothing was changed; look at its code again.")),
    "NOT_ADMITTED": (403, _("This sale has no passes. Nothing was changed.")),
    "NOT_DRAWN": (403, _("No place in this sale is offered to you now.")),
    "CODE_NEEDED": (403, _("This sale is open to who has a friend's code. Use yours on the sale's page first.")),
    "NOT_IN_ROOM": (403, _("Take a place in the waiting room first.")),
    "NOT_YET": (403, _("It is not your turn yet. You keep your place.")),
    "TURN_OVER": (403, _("Your turn is over; it passed on to the next.")),
    "TURN_USED": (403, _("You have ordered with this turn.")),
    "GUARD_REFUSED": (403, _("Your account is not let into this sale. Ask us if that is a mistake.")),
    "GUARD_WAIT": (429, _("You have asked very often. Ask again in a minute; nothing is lost.")),
    "GUARD_LATER": (429, _("From where you are many come at once. Ask again a little later; nothing is lost.")),
    "TOO_LARGE": (413, _("The request is too large.")),
    "BAD_ADDRESS": (422, _("Something is missing in the address. Nothing was ordered.")),
    "BAD_BILLING": (422, _("Something is wrong with whom the invoice is for. Nothing was changed.")),
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
    retry_seconds: int = 0


def status_of(code: str) -> int:
    """Return a refusal's HTTP status."""
    return SENTENCES[code][0]


def sentence_of(no: No) -> str:
    """Say it in the reader's language."""
    said = str(SENTENCES[no.code][1])
    return said % {"item": no.item or str(_("One of the things"))} if "%(item)s" in said else said
