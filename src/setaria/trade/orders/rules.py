"""The door's decisions: pure, no database and no clock. All of a batch is decided over one `Book`."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from setaria.trade.orders.requests import (
    LINE_QUANTITY_MAX,
    ORDER_LINES_MAX,
    Code,
    Line,
    Outcome,
    Placed,
    Refused,
    Request,
)

ItemKey = tuple[int, int | None, int]  # channel, drop, variant
AccountKey = tuple[int, int]  # variant, location
ClaimKey = tuple[int, int, int]  # customer, drop, variant


class Terms(msgspec.Struct, frozen=True):
    """How one variant is sold through one channel, within one drop or none, at the batch's instant."""

    market_id: int
    sells: bool
    currency: str
    product_id: int
    location_id: int
    unit_price: int | None
    opens_at: datetime | None
    closes_at: datetime | None
    payment_seconds: int
    limit: int | None


class Known(msgspec.Struct, frozen=True):
    """An order that was placed before under the same id."""

    request: Request
    placed: Placed


class Book(msgspec.Struct):
    """What the door knows when it decides. `free`, `claimed` and `known` move with every order placed."""

    terms: dict[ItemKey, Terms]
    free: dict[AccountKey, int]
    claimed: dict[ClaimKey, int]
    known: dict[UUID, Known]


class Draft(msgspec.Struct, frozen=True):
    """An order to be written, with the terms of each of its lines."""

    request: Request
    terms: tuple[Terms, ...]
    placed: Placed


def decide(requests: Sequence[Request], book: Book, now: datetime) -> tuple[list[Outcome], list[Draft]]:
    """Answer every request in order of arrival, and say which orders are to be written.

    An order's lines are placed all together or not at all. An id seen before gets its first answer, or
    `ID_CONFLICT` when it asks for something else.
    """
    outcomes: list[Outcome] = []
    drafts: list[Draft] = []
    for request in requests:
        known = book.known.get(request.id)
        if known is not None:
            same = known.request == request
            outcomes.append(known.placed if same else Refused(request.id, Code.ID_CONFLICT))
            continue
        result = _judge(request, book, now)
        if isinstance(result, Draft):
            drafts.append(result)
            book.known[request.id] = Known(request, result.placed)
            outcomes.append(result.placed)
        else:
            outcomes.append(result)
    return outcomes, drafts


def well_formed(request: Request) -> bool:
    """Whether the lines make sense at all: some, not too many, each variant once, quantities and prices positive."""
    lines = request.lines
    if not 0 < len(lines) <= ORDER_LINES_MAX:
        return False
    if len(lines) > 1 and len({line.variant_id for line in lines}) < len(lines):
        return False
    return all(0 < line.quantity <= LINE_QUANTITY_MAX and line.unit_price > 0 for line in lines)


def _judge(request: Request, book: Book, now: datetime) -> Draft | Refused:
    if not well_formed(request):
        return Refused(request.id, Code.MALFORMED)
    total = 0
    found: list[Terms] = []
    for line in request.lines:
        terms = book.terms.get((request.channel_id, request.drop_id, line.variant_id))
        code = _refusal(request, line, terms, book, now)
        if code is not None:
            return Refused(request.id, code, line.variant_id)
        assert terms is not None
        found.append(terms)
        total += line.quantity * line.unit_price
    for line, terms in zip(request.lines, found, strict=True):
        book.free[line.variant_id, terms.location_id] -= line.quantity
        if terms.limit is not None:
            assert request.drop_id is not None
            key = (request.customer_id, request.drop_id, line.variant_id)
            book.claimed[key] = book.claimed.get(key, 0) + line.quantity
    window = found[0].payment_seconds
    placed = Placed(request.id, total, found[0].currency, now + timedelta(seconds=window))
    return Draft(request, tuple(found), placed)


def _refusal(request: Request, line: Line, terms: Terms | None, book: Book, now: datetime) -> Code | None:
    if terms is None:
        return Code.UNKNOWN_ITEM
    if not terms.sells:
        return Code.MARKET_INFORMS_ONLY
    if terms.unit_price is None:
        return Code.UNKNOWN_ITEM
    if terms.opens_at is not None and now < terms.opens_at:
        return Code.NOT_OPEN
    if terms.closes_at is not None and now >= terms.closes_at:
        return Code.CLOSED
    if line.unit_price != terms.unit_price:
        return Code.PRICE_CHANGED
    if terms.limit is not None:
        assert request.drop_id is not None
        if book.claimed.get((request.customer_id, request.drop_id, line.variant_id), 0) + line.quantity > terms.limit:
            return Code.OVER_LIMIT
    if book.free.get((line.variant_id, terms.location_id), 0) < line.quantity:
        return Code.SOLD_OUT
    return None
