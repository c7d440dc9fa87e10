"""What the drop page's script says, in the reader's language. Each refusal: what happened, what is kept, what to do."""

from django.utils.translation import gettext as _


def words() -> dict[str, str]:
    """Return the script's sentences by name; those in capitals are the gate's codes."""
    return {
        "opensIn": _("Opens in"),
        "closesIn": _("Closes in"),
        "closed": _("Closed"),
        "days": _("%(count)s d"),
        "stateBefore": _("Not open yet"),
        "stateOpen": _("Open"),
        "stateSoldOut": _("Sold out"),
        "stateClosed": _("Closed"),
        "saysOpen": _("The sale is open."),
        "saysSoldOut": _(
            "Everything is sold for now. Units whose buyers do not pay in time come back here; this page watches for them."
        ),
        "saysBack": _("There are units again."),
        "saysClosed": _("The sale is over. What was not sold goes back to the store, at the store's price."),
        "stale": _(
            "We have not heard from the server for a while. The clock goes on by itself; the rest is as of %(time)s."
        ),
        "choose": _("Choose"),
        "chosen": _("Chosen"),
        "itemSoldOut": _("Sold out"),
        "yoursAlready": _("You have your share"),
        "nothingChosen": _("Nothing chosen yet"),
        "units": _("Chosen: %(count)s"),
        "buy": _("Buy"),
        "buyChoose": _("Choose something"),
        "buyBefore": _("Opens at %(time)s"),
        "buySoldOut": _("Sold out"),
        "buyClosed": _("Closed"),
        "buySending": _("Ordering…"),
        "buyRepeating": _("Asking again…"),
        "sending": _("Your order is on its way."),
        "kept": _(
            "Many people at once. Your order keeps its number, so it cannot be made twice. We go on asking by ourselves; leave this page open."
        ),
        "keptOffline": _(
            "No connection. Your order keeps its number, so it cannot be made twice. We go on asking by ourselves; leave this page open."
        ),
        "yours": _("It is yours. Pay by %(time)s."),
        "yoursUntil": _("It is yours until"),
        "lapsed": _("The time to pay is over"),
        "signIn": _("You are not signed in any more. Sign in again; nothing was ordered."),
        "noPass": _("We could not get a pass for you yet. Trying again by ourselves."),
        "SOLD_OUT": _(
            "Sold out before your order came. Nothing was ordered. Units whose buyers do not pay in time come back; choose what is left, or wait here."
        ),
        "OVER_LIMIT": _(
            "That is more than one customer may have, counting what you ordered already. Nothing was ordered; choose fewer."
        ),
        "PRICE_CHANGED": _(
            "A price has changed while you were looking. Nothing was ordered; the new price is shown, buy again if you agree."
        ),
        "NOT_OPEN": _("The sale is not open yet. Nothing was ordered; the button opens with the sale."),
        "CLOSED": _("The sale has closed. Nothing was ordered."),
        "UNKNOWN_ITEM": _(
            "Something you chose is not part of this sale any more. Nothing was ordered; reload the page."
        ),
        "UNKNOWN_DROP": _("This sale has been taken down. Nothing was ordered."),
        "MARKET_INFORMS_ONLY": _("Nothing is sold directly in this market. Nothing was ordered."),
        "ID_CONFLICT": _(
            "You have ordered with this pass before. Reload the page to see that order; nothing new was ordered."
        ),
        "BAD_PASS": _("Your pass was not accepted. Nothing was ordered; a new one is here, please buy again."),
        "PASS_LAPSED": _("Your pass had lapsed. Nothing was ordered; a new one is here, please buy again."),
        "working": _("Your device is proving that it is not a robot. You need not do anything; it takes some seconds."),
        "workingHard": _(
            "From where you are many ask at once, or very often, as robots do. Your device has more to prove; it may take half a minute. You need not do anything."
        ),
        "GUARD_WAIT": _("You have asked very often. Nothing is lost; we ask again by ourselves in a moment."),
        "GUARD_LATER": _(
            "From where you are very many ask at once, or your account is new, as with robots. You come in a little after the opening. Nothing is lost; leave this page open, we ask again by ourselves."
        ),
        "GUARD_REFUSED": _(
            "We took this for a robot and turned it away; nothing was ordered. If you are a person, write to us with your account's address: we can let you in at once."
        ),
        "GUARD_CANNOT": _(
            "This browser cannot do the check that keeps robots out; nothing was ordered. Open this page in a current browser, or write to us."
        ),
        "NOT_IN_ROOM": _("One comes in here by number. Nothing was ordered; take a place in the waiting room first."),
        "NOT_YET": _("It is not your turn yet. Nothing was ordered; you keep your number."),
        "TURN_OVER": _("Your turn is over and passed on. Nothing was ordered; you may take a new place."),
        "TURN_USED": _("You have ordered with your turn already. Nothing new was ordered; reload to see your order."),
        "NOT_DRAWN": _("This sale is for those who were drawn, in the time they were given. Nothing was ordered."),
        "CODE_NEEDED": _("One buys here with a friend's code. Nothing was ordered; use a code first."),
        "other": _("The order was not understood. Nothing was ordered; reload the page and try again."),
    }
