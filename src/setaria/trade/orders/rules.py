"""The door's decisions: pure, no database and no clock. All of a batch is decided over one `Book`."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from setaria.trade.orders.charges import added, sound
from setaria.trade.orders.requests import (
    LINE_QUANTITY_MAX,
    ORDER_LINES_MAX,
    ORDER_TOTAL_MAX,
    Code,
    Line,
    Outcome,
    Placed,
    Refused,
    Request,
)

ItemKey = tuple[int, int | None, int]  # channel, drop, variant
INT2_MAX, INT4_MAX, INT8_MAX = 2**15 - 1, 2**31 - 1, 2**63 - 1


class Stock(msgspec.Struct):
    """The account an item is sold from: units nobody holds, and how many this batch has taken of them."""

    variant_id: int
    location_id: int
    free: int
    taken: int = 0


class Limit(msgspec.Struct):
    """What one customer may have of a drop's item, what customers hold already, and what this batch adds."""

    drop_id: int
    variant_id: int
    units: int
    claimed: dict[int, int]
    added: dict[int, int] = msgspec.field(default_factory=dict)


class Terms(msgspec.Struct):
    """How one variant is sold through one channel, within one drop or none, at the batch's instant."""

    number: int  # its place among the batch's items, from 1
    market_id: int
    channel_id: int
    drop_id: int | None
    product_id: int
    barred: Code | None  # what stands in everybody's way
    currency: str
    unit_price: int
    payment_seconds: int
    pay_by: datetime
    stock: Stock
    limit: Limit | None


class Known(msgspec.Struct, frozen=True):
    """An order that was placed before under the same id."""

    request: Request
    placed: Placed


class Draft(msgspec.Struct, frozen=True):
    """An order to be written, with the terms of each of its lines."""

    request: Request
    terms: list[Terms]
    placed: Placed


class Book(msgspec.Struct):
    """What the door knows when it decides. Stock, limits and `known` move with every order placed.

    `known` goes by the id's number: a UUID's own hash is a call in Python, and this is asked twice an order.
    """

    terms: dict[ItemKey, Terms]
    known: dict[int, Known | Draft]


def decide(requests: Sequence[Request], book: Book) -> tuple[list[Outcome], list[Draft]]:
    """Answer every well-formed request in order of arrival, and say which orders are to be written.

    An order's lines are placed all together or not at all. An id seen before gets its first answer, or
    `ID_CONFLICT` when it asks for something else.
    """
    outcomes: list[Outcome] = []
    drafts: list[Draft] = []
    known = book.known
    for request in requests:
        id = request.id.int
        before = known.get(id)
        if before is not None:
            outcomes.append(before.placed if before.request == request else Refused(request.id, Code.ID_CONFLICT))
            continue
        result = _judge(request, book)
        if isinstance(result, Draft):
            drafts.append(result)
            known[id] = result
            outcomes.append(result.placed)
        else:
            outcomes.append(result)
    return outcomes, drafts


def barred(
    *, sells: bool, unit_price: int | None, opens_at: datetime | None, closes_at: datetime | None, now: datetime
) -> Code | None:
    """Why nobody can order an item at this instant; None where one can. Once an item, not once an order."""
    if not sells:
        return Code.MARKET_INFORMS_ONLY
    if unit_price is None:
        return Code.UNKNOWN_ITEM
    if opens_at is not None and now < opens_at:
        return Code.NOT_OPEN
    if closes_at is not None and now >= closes_at:
        return Code.CLOSED
    return None


def well_formed(request: Request) -> bool:
    """Whether the request makes sense at all: some lines, not too many, each variant once, every number in range.

    Whatever passes here fits the database's columns, so nothing that a client sends can break its neighbours' batch.
    """
    lines = request.lines
    if not 0 < len(lines) <= ORDER_LINES_MAX or (
        len(lines) > 1 and len({line.variant_id for line in lines}) < len(lines)
    ):
        return False
    drop_id = request.drop_id
    if not (
        0 < request.customer_id <= INT8_MAX
        and 0 < request.channel_id <= INT2_MAX
        and (drop_id is None or 0 < drop_id <= INT4_MAX)
    ):
        return False
    for line in lines:  # a plain loop: this runs for every order, and a generator costs three times as much
        if not (0 < line.quantity <= LINE_QUANTITY_MAX and 0 < line.variant_id <= INT4_MAX and line.unit_price > 0):
            return False
    return not request.charges or sound(request)


def _judge(request: Request, book: Book) -> Draft | Refused:
    total = 0
    found: list[Terms] = []
    for line in request.lines:
        terms = book.terms.get((request.channel_id, request.drop_id, line.variant_id))
        code = Code.UNKNOWN_ITEM if terms is None else _refusal(terms, line, request.customer_id)
        if terms is None or code is not None:
            return Refused(request.id, code or Code.UNKNOWN_ITEM, line.variant_id)
        found.append(terms)
        total += line.quantity * line.unit_price
    if request.charges:
        total += added(request.charges)
    if not 0 < total <= ORDER_TOTAL_MAX:
        return Refused(request.id, Code.MALFORMED)
    for line, terms in zip(request.lines, found, strict=True):
        _take(terms, request.customer_id, line.quantity)
    return Draft(request, found, Placed(request.id, total, found[0].currency, found[0].pay_by))


def _refusal(terms: Terms, line: Line, customer_id: int) -> Code | None:
    if terms.barred is not None:
        return terms.barred
    if line.unit_price != terms.unit_price:
        return Code.PRICE_CHANGED
    limit = terms.limit
    if limit is not None and limit.claimed.get(customer_id, 0) + line.quantity > limit.units:
        return Code.OVER_LIMIT
    if terms.stock.free < line.quantity:
        return Code.SOLD_OUT
    return None


def _take(terms: Terms, customer_id: int, quantity: int) -> None:
    terms.stock.free -= quantity
    terms.stock.taken += quantity
    limit = terms.limit
    if limit is not None:
        limit.claimed[customer_id] = limit.claimed.get(customer_id, 0) + quantity
        limit.added[customer_id] = limit.added.get(customer_id, 0) + quantity
