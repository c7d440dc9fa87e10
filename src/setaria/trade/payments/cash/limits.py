"""How much may be promised, from the environment: `SETARIA_CASH_MAX="CNY:2000 INR:40000"`, and how often at once."""

import os
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

import msgspec
from babel.numbers import get_currency_precision

OPEN_MAX = 2


class Limits(msgspec.Struct, frozen=True):
    """An order's most by currency (minor units), and how many orders of one buyer may be unpaid at once."""

    amounts: Mapping[str, int]
    open: int


def limits() -> Limits:
    """Read the environment; raises ValueError for what is none."""
    return Limits(_amounts(os.environ.get("SETARIA_CASH_MAX", "")), int(os.environ.get("SETARIA_CASH_OPEN", OPEN_MAX)))


def _amounts(written: str) -> dict[str, int]:
    found = {}
    for part in written.replace(",", " ").split():
        currency, _, amount = part.partition(":")
        try:
            minor = Decimal(amount).scaleb(get_currency_precision(currency))
        except InvalidOperation:
            minor = Decimal("NaN")
        if len(currency) != 3 or not minor.is_finite() or minor <= 0 or minor != minor.to_integral_value():
            raise ValueError(f"SETARIA_CASH_MAX names amounts as in `CNY:2000 INR:40000`, not {part!r}.")
        found[currency.upper()] = int(minor)
    return found
