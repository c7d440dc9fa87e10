"""The basket, kept in the visitor's session: how many of which SKU, and the price seen when it was put in.

It reserves nothing and promises nothing; the door does, when the order is placed.
"""

from typing import TypedDict

from django.http import HttpRequest

from setaria.trade.orders.requests import LINE_QUANTITY_MAX, ORDER_LINES_MAX

KEY = "basket"
BASKET_LINES_MAX = ORDER_LINES_MAX
SKU_CHARS_MAX = 32


class Full(Exception):
    """The basket has as many lines as one order can; nothing was changed."""


class TooMany(Exception):
    """More of one line than one order can have; nothing was changed."""


class Kept(TypedDict):
    """One line as the session keeps it: how many, and the price seen (minor units) in which market."""

    quantity: int
    price: int | None
    market: int


def lines(request: HttpRequest) -> dict[str, Kept]:
    """Return the basket's lines by SKU, in the order they were put in; what cannot be understood is left out."""
    kept = request.session.get(KEY) if hasattr(request, "session") else None
    return {sku: line for sku, line in kept.items() if _sound(line)} if isinstance(kept, dict) else {}


def count(request: HttpRequest) -> int:
    """Return how many units are in the basket."""
    return sum(line["quantity"] for line in lines(request).values())


def put(request: HttpRequest, sku: str, quantity: int, price: int | None, market_id: int) -> None:
    """Add units of a SKU at the price seen now; raises Full or TooMany, and then changes nothing."""
    kept = lines(request)
    total = quantity + (kept[sku]["quantity"] if sku in kept else 0)
    if total > LINE_QUANTITY_MAX:
        raise TooMany
    if sku not in kept and len(kept) >= BASKET_LINES_MAX:
        raise Full
    kept[sku] = Kept(quantity=total, price=price, market=market_id)
    _save(request, kept)


def change(request: HttpRequest, sku: str, quantity: int, price: int | None, market_id: int) -> bool:
    """Set how many of a SKU are wanted, 0 for none; the price shown beside it counts as seen. False if not in it."""
    kept = lines(request)
    if sku not in kept:
        return False
    if quantity:
        kept[sku] = Kept(quantity=quantity, price=price, market=market_id)
    else:
        del kept[sku]
    _save(request, kept)
    return True


def take_out(request: HttpRequest, bought: dict[str, int]) -> None:
    """Take what was bought out of the basket; what was put in since stays."""
    kept = lines(request)
    for sku, quantity in bought.items():
        if sku in kept:
            left = kept[sku]["quantity"] - quantity
            if left > 0:
                kept[sku]["quantity"] = left
            else:
                del kept[sku]
    _save(request, kept)


def _save(request: HttpRequest, kept: dict[str, Kept]) -> None:
    request.session[KEY] = kept


def _sound(line: object) -> bool:
    if not isinstance(line, dict) or line.keys() != {"quantity", "price", "market"}:
        return False
    return isinstance(line["quantity"], int) and 0 < line["quantity"] <= LINE_QUANTITY_MAX
