"""Placing what a buyer agreed to: the quote once more, then promotions and points set aside, then the door.

The quote's mark is the agreement: whatever changed since it was shown (a price, a coupon, tax, delivery) gives another
mark, and nothing is ordered. Asked again for an order that was placed, the first answer comes again, whatever changed
since. What is set aside for an order that was not placed is given back here, or by `heal` if we die in between.
"""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import msgspec
import psycopg
from django import db

from setaria.kernel.questions import Question, ask
from setaria.markets.models import Market
from setaria.trade.orders.place import place
from setaria.trade.orders.requests import Charge, Code, Line, Outcome, Placed, Refused, Request
from setaria.trade.points import spend as points
from setaria.trade.promotions import spend as promotions
from setaria.trade.quotes.queries import Choice, Priced, Pricing, charges_of, mark_of

Door = Callable[[Request, datetime], Outcome | None]  # None: it cannot be told what became of the request


class Agreed(msgspec.Struct, frozen=True):
    """What a buyer agreed to. `order_id` is the idempotency key; `seen` is the mark of the quote they saw.

    `member` says whether the customer has an account: a guest is quoted as somebody who is not known.
    """

    order_id: UUID
    customer_id: int
    member: bool
    market: Market
    channel_id: int
    lines: tuple[Line, ...]
    choice: Choice
    seen: str


class Changed(msgspec.Struct, frozen=True):
    """The quote is another than the one seen; nothing was ordered."""

    priced: Priced


class Unreserved(msgspec.Struct, frozen=True):
    """A promotion that was quoted cannot be used any more, or (None) the points were spent; nothing was ordered."""

    why: promotions.Refusal | None


class Unsure(msgspec.Struct, frozen=True):
    """The database failed: the order may have been placed. The same again finds out, and is never placed twice."""


Answer = Placed | Refused | Changed | Unreserved | Unsure


def at_the_door(request: Request, now: datetime) -> Outcome | None:
    """Ask the door; when the database fails, once more (the same id cannot be placed twice)."""
    for _attempt in range(2):
        try:
            return place([request], now=now)[0]
        except (psycopg.Error, db.Error):
            continue
    return None


def buy(agreed: Agreed, *, now: datetime, door: Door = at_the_door) -> Answer:
    """Place what a buyer agreed to, or say why not. A `Refused` is the door's own."""
    customer_id = agreed.customer_id if agreed.member else None
    pricing = Pricing(agreed.lines, agreed.market, agreed.choice, customer_id, now, agreed.order_id)
    [before], *answers = ask(_before(agreed.order_id), *pricing.questions)
    if before.total is not None:
        return _again(agreed, before.total, now, door)
    priced = pricing.priced(answers)
    if priced.mark != agreed.seen:
        return Changed(priced)
    wishes, spent = priced.wishes, priced.points_spent
    if (wishes or before.promoted) and (
        why := promotions.reserve(agreed.order_id, agreed.customer_id, wishes, now=now)
    ):
        return Unreserved(why)
    if (spent or before.pointed) and not points.reserve(
        agreed.order_id, agreed.customer_id, agreed.market.pk, spent, now=now
    ):
        return Unreserved(None)
    outcome = door(_request(agreed, priced.quote.charges), now)
    if isinstance(outcome, Refused):
        if wishes:
            promotions.give_back([agreed.order_id], now=now)
        if spent:
            points.give_back([agreed.order_id], now=now)
    return outcome or Unsure()


class _Before(msgspec.Struct, frozen=True):
    """What there is under an order's id already: the order (its total), and what was set aside for it."""

    total: int | None
    promoted: bool
    pointed: bool


_BEFORE = """
    SELECT (SELECT total FROM orders_order WHERE id = %(order)s),
           EXISTS (SELECT FROM promotions_use WHERE order_id = %(order)s AND state <> 4),
           EXISTS (SELECT FROM points_spending WHERE order_id = %(order)s AND state <> 4)
"""


def _before(order_id: UUID) -> Question:
    return Question(_BEFORE, {"order": order_id}, lambda row: _Before(*row))


def _again(agreed: Agreed, total: int, now: datetime, door: Door) -> Answer:
    """Ask the door again for an order that it placed, with what it was charged if that is what its buyer saw."""
    charges = charges_of(agreed.order_id)
    if mark_of(agreed.lines, charges, total) != agreed.seen:
        return Refused(agreed.order_id, Code.ID_CONFLICT)
    return door(_request(agreed, charges), now) or Unsure()


def _request(agreed: Agreed, charges: tuple[Charge, ...]) -> Request:
    return Request(agreed.order_id, agreed.customer_id, agreed.channel_id, agreed.lines, charges=charges)
