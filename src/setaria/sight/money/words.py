"""What things about money are called, in the reader's language."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from setaria.trade.aftersales.take_back import Refusal
from setaria.trade.books.accounts import Source
from setaria.trade.payments.cash import hand_over
from setaria.trade.payments.models import Case
from setaria.trade.points import correct
from setaria.trade.points.models import Entry as Points
from setaria.trade.quotes import exempt
from setaria.trade.quotes.rules import DeliveryTax
from setaria.trade.reconciliation.models import Difference, Entry

Kind = Case.Kind

DELIVERY_TAX = {
    DeliveryTax.STANDARD: gettext_lazy("at the standard rate"),
    DeliveryTax.GOODS: gettext_lazy("as the goods it brings, by their shares"),
    DeliveryTax.NONE: gettext_lazy("not at all"),
}


def kind(value: str) -> str:
    """Return what a kind of case is called."""
    return {
        Kind.UNKNOWN: _("Money for nothing we know"),
        Kind.WRONG: _("Another amount than was asked for"),
        Kind.CONFLICT: _("Told twice, and differently"),
        Kind.DISPUTE: _("Disputed by the buyer's bank"),
        Kind.REFUSED: _("A refund that the provider does not send"),
        Kind.STUCK: _("A payment without an end"),
    }[Kind(value)]


def what_to_do(value: str) -> str:
    """Return what somebody should do about it."""
    return {
        Kind.UNKNOWN: _("Look it up at the provider. If nobody's order is behind it, send it back there."),
        Kind.WRONG: _("It goes back in full by itself. Ask the provider why it took another amount."),
        Kind.CONFLICT: _("The first word stands. Look at the provider which one is right."),
        Kind.DISPUTE: _("Answer it at the provider before its date, with the proof of delivery."),
        Kind.REFUSED: _("It is tried again by itself. If the provider cannot, pay by bank transfer and note it here."),
        Kind.STUCK: _("Look it up at the provider: it was asked for days."),
    }[Kind(value)]


def entry(source: int) -> str:
    """Return what an entry of the books is about."""
    return str(Source(source).label)


def refused(refusal: Refusal) -> str:
    """Return why nothing was taken back."""
    return {
        Refusal.UNKNOWN_ORDER: _("There is no such order."),
        Refusal.NOT_PAID: _("This order is not paid: there is nothing to send back."),
        Refusal.NOTHING: _("Say what is to be taken back; nothing was changed."),
        Refusal.TOO_MANY: _("So much of it is not left: somebody may have taken it back before. Nothing was changed."),
        Refusal.TOO_OFTEN: _("This order was taken back in too many parts; nothing was changed."),
        Refusal.UNSIGNED: _("Say why; nothing was changed."),
        Refusal.NOT_ENOUGH: _("What is left of its payments is less than that; nothing was changed."),
        Refusal.ID_CONFLICT: _("This form was used for something else; open the page again. Nothing was changed."),
        Refusal.TOO_LATE: _("It is too late for that; nothing was changed."),
    }[refusal]


def difference(kind: str) -> str:
    """Return what a kind of difference is called."""
    return {
        Difference.Kind.THEIRS: _("Theirs, and not ours"),
        Difference.Kind.OURS: _("Ours, and not theirs"),
        Difference.Kind.AMOUNT: _("Another amount"),
    }[Difference.Kind(kind)]


def line(what: int) -> str:
    """Return what a line of a settlement file is about."""
    return {
        Entry.Kind.PAYMENT: _("Payment"),
        Entry.Kind.REFUND: _("Refund"),
        Entry.Kind.PAYOUT: _("Payout"),
        Entry.Kind.DISPUTE: _("Held back in a dispute"),
        Entry.Kind.DISPUTE_BACK: _("Back from a dispute"),
        Entry.Kind.OTHER: _("Something else"),
    }[Entry.Kind(what)]


def points(kind: int) -> str:
    """Return what an entry of a member's points is."""
    return {
        Points.Kind.EARNED: _("Earned"),
        Points.Kind.SPENT: _("Spent"),
        Points.Kind.BACK: _("Back from an order that came to nothing"),
        Points.Kind.LAPSED: _("Lapsed"),
        Points.Kind.RETURNED: _("Back with goods taken back"),
        Points.Kind.RECALLED: _("Gone with goods taken back"),
        Points.Kind.CORRECTED: _("By hand"),
    }[Points.Kind(kind)]


def corrected(answer: correct.Answer) -> str:
    """Return what became of a correction of points."""
    return {
        correct.Answer.CORRECTED: _("The points are corrected."),
        correct.Answer.UNKNOWN: _("There are no points for this person in this market; nothing was changed."),
        correct.Answer.NOT_ENOUGH: _("This person has not so many points; nothing was changed."),
        correct.Answer.UNSIGNED: _("Say how many and why; nothing was changed."),
    }[answer]


def exempted(answer: exempt.Answer) -> str:
    """Return what became of noting that somebody pays no tax, or of ending it."""
    return {
        exempt.Answer.NOTED: _("They pay prices without the tax from now on."),
        exempt.Answer.ENDED: _("They pay tax again. Orders keep what they were placed with."),
        exempt.Answer.EXEMPT_ALREADY: _("They are exempt in this market already; nothing was changed."),
        exempt.Answer.OVER: _("That is over; nothing was changed."),
        exempt.Answer.UNSIGNED: _("Say by which certificate; nothing was changed."),
    }[answer]


def listed(answer: hand_over.Answer | None) -> str:
    """Return what became of a line of a courier's list."""
    return handed(answer) if answer else _("This line cannot be read; nothing was changed by it.")


def handed(answer: hand_over.Answer) -> str:
    """Return what became of money that a courier brought."""
    return {
        hand_over.Answer.TAKEN: _("The money is noted."),
        hand_over.Answer.OTHER_AMOUNT: _("The money is noted. It is not what was due: see what to look at."),
        hand_over.Answer.NOTHING_DUE: _("Nothing is due for this order; nothing was changed."),
        hand_over.Answer.UNSIGNED: _("Say how much, and under which of the courier's numbers; nothing was changed."),
    }[answer]
