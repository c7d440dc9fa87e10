"""What cases are called, and what to do about each, in the reader's language."""

from django.utils.translation import gettext as _

from setaria.trade.payments.models import Case

Kind = Case.Kind


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
