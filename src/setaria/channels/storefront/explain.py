"""The amounts of a quote or an order in words: what each is for, and why it is as much as it is."""

from collections.abc import Sequence

import msgspec
from django.utils.translation import get_language
from django.utils.translation import gettext as now_
from django.utils.translation import gettext_lazy as _

from setaria.kernel.texts import text_in
from setaria.kernel.written import money_parts
from setaria.trade.orders.requests import Charge, ChargeKind
from setaria.trade.promotions.rules import Problem
from setaria.trade.promotions.spend import Refusal
from setaria.trade.quotes.quote import Param, Quote, Text
from setaria.trade.quotes.rulebook import Rules
from setaria.trade.quotes.rules import BASIS

LABELS = {
    ChargeKind.SHIPPING: _("Delivery"),
    ChargeKind.TAX: _("Tax"),
    ChargeKind.DISCOUNT: _("Discount"),
    ChargeKind.TAX_WITHIN: _("Tax included"),
    ChargeKind.POINTS: _("Points"),
}
TEXTS = {
    "discount.percent": _("%(name)s: %(percent)s off"),
    "discount.amount": _("%(name)s"),
    "discount.needs": _("%(name)s: from %(goods_min)s of its goods on"),
    "discount.not_with": _("%(name)s: not together with the others; you get what takes off most"),
    "points.spent": _("A point for a cent, up to %(share_max)s of the goods"),
    "shipping.included": _("Included in the prices"),
    "shipping.flat": _("%(name)s"),
    "shipping.free": _("%(name)s: free from %(free_from)s on"),
    "shipping.until_free": _("%(name)s; free from %(free_from)s on"),
    "tax.within": _("%(rate)s, within the prices above"),
    "tax.added": _("%(rate)s, on top of the prices above"),
    "tax.spared": _("%(rate)s that you need not pay"),
    "tax.exempt": _("You need not pay any"),
}
PROBLEMS = {
    Problem.UNKNOWN: _("We do not know this code. Nothing is taken off for it."),
    Problem.OVER: _("The time of this code is over. Nothing is taken off for it."),
    Problem.USED_UP: _("This code has been used up. Nothing is taken off for it."),
    Problem.NOT_YOURS: _("This code is for members, or for their first order. Nothing is taken off for it."),
    Problem.OVER_LIMIT: _("You have used this code as often as one may. Nothing is taken off for it."),
}
RESERVING = {
    Refusal.USED_UP: _(
        "A discount was used up by others in this moment. Nothing was ordered; look at the new total below."
    ),
    Refusal.CODE_USED: _(
        "A code was used up by others in this moment. Nothing was ordered; look at the new total below."
    ),
    Refusal.OVER_LIMIT: _(
        "You have used a discount as often as one may. Nothing was ordered; take its code out, and look at the new total."
    ),
    Refusal.OVER: _("The time of a discount has just ended. Nothing was ordered; look at the new total below."),
}


class Row(msgspec.Struct, frozen=True):
    """An amount with its name and its reason; `amount` is not below nothing, `off` says that it is taken off.

    Of what `tells` only, the total knows nothing.
    """

    kind: ChargeKind
    label: str
    why: str
    amount: int
    off: bool
    tells: bool


def rows(quote: Quote, currency: str) -> list[Row]:
    """Return a quote's amounts in words, those of the total first."""
    found = [_row(part.kind, words(part.text, currency), part.amount) for part in quote.parts]
    return sorted(found, key=lambda row: row.tells)


def rows_of(charges: Sequence[Charge], rules: Rules) -> list[Row]:
    """Return what an order was charged in words; promotions and ways of sending are called as the market's rules do."""
    sums: dict[tuple[ChargeKind, str], int] = {}
    for charge in charges:
        source = _without_rate(charge.source)
        sums[charge.kind, source] = sums.get((charge.kind, source), 0) + charge.amount
    found = [_row(kind, _why(kind, source, rules), amount) for (kind, source), amount in sums.items()]
    return sorted(found, key=lambda row: row.tells)


def _without_rate(source: str) -> str:
    """Return a way of sending without the rate its share is taxed at."""
    return ":".join(source.split(":")[:2]) if source.startswith("shipping:") else source


def _row(kind: ChargeKind, why: str, amount: int) -> Row:
    return Row(kind, str(LABELS[kind]), why, abs(amount), amount < 0, kind == ChargeKind.TAX_WITHIN)


def _why(kind: ChargeKind, source: str, rules: Rules) -> str:
    what, _colon, which = source.partition(":")
    if what in ("tax", "tax-exempt") and which.isdigit():
        text = "tax.spared" if what == "tax-exempt" else "tax.within" if kind == ChargeKind.TAX_WITHIN else "tax.added"
        return str(TEXTS[text]) % {"rate": percent(int(which))}
    return text_in(rules.name_of(source))


def words(text: Text, currency: str) -> str:
    """Write a quote's explanation in the reader's language."""
    return str(TEXTS[text.id]) % {
        name.removesuffix("_bp"): _param(name, value, currency) for name, value in text.params.items()
    }


def _param(name: str, value: Param, currency: str) -> str:
    if not isinstance(value, int):
        return value if isinstance(value, str) else text_in(value)
    return percent(value) if name.endswith("_bp") else plain(value, currency) if name != "points" else str(value)


def percent(basis_points: int) -> str:
    """Write basis points as a percentage without needless decimals."""
    return f"{basis_points * 100 / BASIS:.2f}".rstrip("0").rstrip(".") + "%"


def plain(amount: int, currency: str) -> str:
    """Write an amount of minor units as plain text."""
    return "".join(money_parts(amount, currency, get_language() or "zh-hans"))


def changed(seen: str, total: int, currency: str) -> str:
    """Say that the total is another than the one the buyer saw (the beginning of the mark they sent)."""
    was = seen.partition("-")[0]
    if was.isascii() and was.isdigit() and int(was) != total and len(was) < 18:
        text = now_(
            "The total is %(now)s now, not %(was)s. Nothing was ordered; look at it below and order again if you agree."
        )
        return text % {"now": plain(total, currency), "was": plain(int(was), currency)}
    return now_(
        "What makes up the total has changed. Nothing was ordered; look at it below and order again if you agree."
    )
