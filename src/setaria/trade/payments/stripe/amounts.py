"""Stripe's minor units, which are not everywhere ISO's."""

from babel.numbers import get_currency_precision

from setaria.trade.payments.words import Refused

# https://docs.stripe.com/currencies: all others have two decimals.
_NONE = frozenset(
    ["BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"]
)
_THREE = frozenset(["BHD", "JOD", "KWD", "OMR", "TND"])


def to_stripe(amount: int, currency: str) -> int:
    """Return our minor units in Stripe's; raises Refused for an amount that those cannot express."""
    shift = _places(currency) - get_currency_precision(currency)
    if shift >= 0:
        return amount * 10**shift
    whole, rest = divmod(amount, 10**-shift)
    if rest:
        raise Refused(f"Stripe cannot take {amount} of the minor unit of {currency}.")
    return int(whole)


def from_stripe(amount: int, currency: str) -> int:
    """Return Stripe's minor units in ours; what is finer than ours is cut off, and so told as a wrong amount."""
    shift = _places(currency) - get_currency_precision(currency)
    return amount // 10**shift if shift >= 0 else amount * 10**-shift


def _places(currency: str) -> int:
    return 0 if currency in _NONE else 3 if currency in _THREE else 2
