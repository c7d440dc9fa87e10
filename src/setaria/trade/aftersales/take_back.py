"""Taking back part of a sale: decided under the order's lock, written with its refunds and its stock, all or nothing."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid5

import msgspec
from django.conf import settings

from setaria.goods.inventory.hold import Hold, hold_again, release
from setaria.kernel.arrays import texts
from setaria.kernel.batches import Batch, durable_batch, retried
from setaria.kernel.ids import new_id
from setaria.trade.aftersales.models import Return, ReturnedPart
from setaria.trade.aftersales.rules import (
    PRICE,
    TAX_WITHIN,
    Amount,
    Means,
    Source,
    Turn,
    in_order,
    in_turn,
    shares,
    spread,
    worth,
)
from setaria.trade.books.rules import tax_within
from setaria.trade.orders.models import Status
from setaria.trade.quotes.within import RATE

REASON_CHARS_MAX = 200
RETURNS_MAX = 10  # of one order; each that frees units is two movements of its stock


class Wish(msgspec.Struct, frozen=True):
    """What is to be taken back: units by line, perhaps the shipping; `by` is the staff's name, empty for the buyer."""

    id: UUID
    order_id: UUID
    units: Mapping[int, int]
    reason: str
    by: str = ""
    shipping: bool = False
    restock: bool = True


class Taken(msgspec.Struct, frozen=True):
    """What was taken back: the money that goes to the buyer, in minor units."""

    id: UUID
    amount: int
    currency: str


class Refusal(StrEnum):
    """Why nothing was taken back; nothing was changed."""

    UNKNOWN_ORDER = "UNKNOWN_ORDER"
    NOT_PAID = "NOT_PAID"
    NOTHING = "NOTHING"  # no units, or a line that is not there
    TOO_MANY = "TOO_MANY"  # more than is left of a line, or the shipping again
    TOO_OFTEN = "TOO_OFTEN"  # over `RETURNS_MAX`
    UNSIGNED = "UNSIGNED"  # no reason
    NOT_ENOUGH = "NOT_ENOUGH"  # the payments do not hold so much
    ID_CONFLICT = "ID_CONFLICT"  # the same id was used for something else
    TOO_LATE = "TOO_LATE"  # to cancel by oneself


_ORDER = """
    SELECT o.status, o.currency, o.customer_id, o.paid_at, coalesce(rules.refunds, 'cards_last')
    FROM orders_order AS o
    LEFT JOIN quotes_marketrules AS rules ON rules.market_id = o.market_id
    WHERE o.id = %(order)s FOR NO KEY UPDATE OF o
"""
_EARLIER = "SELECT order_id, amount, currency FROM aftersales_return WHERE id = %(id)s"
_LINES = f"""
    SELECT l.position, l.variant_id, l.location_id, l.quantity, l.unit_price,
           coalesce(sum(r.quantity), 0)::int, coalesce(sum(r.quantity) FILTER (WHERE r.restocked), 0)::int,
           (SELECT {RATE} FROM orders_order AS o, catalog_variant AS variant
                JOIN catalog_product AS product ON product.id = variant.product_id
            WHERE o.id = l.order_id AND variant.id = l.variant_id)
    FROM orders_line AS l
    LEFT JOIN aftersales_returnedline AS r ON r.order_id = l.order_id AND r.position = l.position
    WHERE l.order_id = %(order)s GROUP BY l.order_id, l.position ORDER BY l.position
"""
_CHARGES = "SELECT kind, amount, line FROM orders_charge WHERE order_id = %(order)s ORDER BY position"
_SHIPPED_BACK = """
    SELECT count(DISTINCT p.return_id) FILTER (WHERE p.line IS NULL), count(DISTINCT p.return_id)
    FROM aftersales_returnedpart AS p WHERE p.order_id = %(order)s
"""
_PAYMENTS = """
    SELECT paid.payment_id, paid.provider, paid.means, paid.amount - coalesce(
        (SELECT sum(r.amount) FROM payments_refund AS r WHERE r.payment_id = paid.payment_id), 0)::bigint
    FROM (
        SELECT payment_id, provider, amount, CASE provider WHEN 'giftcard' THEN 2 ELSE 0 END AS means
        FROM orders_settlement WHERE order_id = %(order)s AND outcome = 1
        UNION ALL
        SELECT payment_id, provider, amount, 1 FROM preorders_receipt WHERE place_id = %(order)s AND fate = 2
        UNION ALL
        SELECT payment_id, 'giftcard', amount, 2 FROM orders_credit
        WHERE order_id = %(order)s AND means = 2 AND revoked_at IS NULL
    ) AS paid
"""
_RETURN = """
    INSERT INTO aftersales_return (id, order_id, amount, currency, restocked, reason, by, at)
    VALUES (%(id)s, %(order)s, %(amount)s, (%(words)s)[1], %(restocked)s = 1, (%(words)s)[2], (%(words)s)[3], %(now)s)
"""
_LINE = """
    INSERT INTO aftersales_returnedline (order_id, return_id, position, quantity, restocked)
    VALUES (%(order)s, %(id)s, %(position)s, %(quantity)s, %(restocked)s = 1)
"""
_PART = """
    INSERT INTO aftersales_returnedpart (order_id, return_id, number, kind, line, amount)
    VALUES (%(order)s, %(id)s, %(number)s, %(kind)s, nullif(%(line)s, -1), %(amount)s)
"""
_REFUND = """
    INSERT INTO payments_refund (id, payment_id, order_id, return_id, provider, amount, currency, reason, due_at)
    VALUES (%(refund)s, %(payment)s, %(order)s, %(id)s, (%(words)s)[4], %(amount)s, (%(words)s)[1], (%(words)s)[2], %(now)s)
"""


class _Line(msgspec.Struct):
    position: int
    variant_id: int
    location_id: int
    quantity: int
    unit_price: int
    returned: int
    restocked: int
    tax_rate_bp: int  # within its price, where the order has no charges


class _Sale(msgspec.Struct):
    """A paid order as it is decided on."""

    currency: str
    lines: dict[int, _Line]
    charges: list[Amount]
    shipping_back: bool
    returns: int
    payments: list[Source]

    def amounts(self, line: _Line) -> list[Amount]:
        """What a line was made of."""
        whole = line.quantity * line.unit_price
        own = [charge for charge in self.charges if charge.line == line.position]
        # Placed without charges (a drop's): the tax is within, as in the books.
        if not self.charges and (tax := tax_within(whole, line.tax_rate_bp)):
            own = [Amount(TAX_WITHIN, tax, line.position)]
        return in_order([Amount(PRICE, whole, line.position), *own])


@retried
def take_back(wish: Wish, *, now: datetime) -> Taken | Refusal:
    """Take units of a paid order's lines back and note the refunds; the same wish again gets its first answer.

    What is refunded is each line's own share of price, discounts and tax, by `rules.shares`; never more than was paid:
    the database refuses it whatever happens here.
    """
    with durable_batch() as batch:
        sale = _read(batch, wish.id, wish.order_id)
        if not isinstance(sale, _Sale):
            return sale
        decided = _decide(wish, sale)
        if isinstance(decided, Refusal):
            return decided
        parts, refunds = decided
        _write(batch, wish, sale, parts, refunds, now)
        return Taken(wish.id, worth(parts), sale.currency)


def cancel_paid(order_id: UUID, customer_id: int, *, now: datetime) -> Taken | Refusal:
    """Take all of a paid order back at its buyer's wish, within `CANCEL_SECONDS` of its payment.

    Two clicks are one: the return's id follows from the order's.
    """
    id = uuid5(order_id, "cancel")
    with durable_batch() as batch:
        rows = batch.query(_ORDER, {"order": order_id}).fetchall()
        if not rows or rows[0][2] != customer_id:
            return Refusal.UNKNOWN_ORDER
        lines = batch.query(_LINES, {"order": order_id}).fetchall()
        earlier = batch.query(_EARLIER, {"id": id}).fetchall()
    status, paid_at = rows[0][0], rows[0][3]
    if status != Status.PAID:
        return Refusal.NOT_PAID
    if not earlier and (now >= paid_at + timedelta(seconds=settings.CANCEL_SECONDS) or any(row[5] for row in lines)):
        return Refusal.TOO_LATE
    units = {row[0]: row[3] for row in lines}
    return take_back(Wish(id, order_id, units, "cancelled by the buyer", shipping=True), now=now)


def returned(id: UUID) -> Taken | None:
    """Return what was taken back under this id, if anything was."""
    found = Return.objects.filter(pk=id).first()
    return Taken(id, found.amount, found.currency) if found else None


def shipped_back(order_id: UUID) -> bool:
    """Whether an order's shipping was given back."""
    return ReturnedPart.objects.filter(order_id=order_id, line=None).exists()


def _read(batch: Batch, id: UUID, order_id: UUID) -> "_Sale | Taken | Refusal":
    key: dict[str, Any] = {"order": order_id, "id": id}
    rows = batch.query(_ORDER, key).fetchall()
    earlier = batch.query(_EARLIER, key).fetchall()
    if earlier:
        known, amount, currency = earlier[0]
        return Taken(id, amount, currency) if known == order_id else Refusal.ID_CONFLICT
    if not rows:
        return Refusal.UNKNOWN_ORDER
    status, currency, _customer, _paid_at, turn = rows[0]
    if status != Status.PAID:
        return Refusal.NOT_PAID
    lines = [_Line(*row) for row in batch.query(_LINES, key)]
    charges = [Amount(*row) for row in batch.query(_CHARGES, key)]
    [(shipping_back, returns)] = batch.query(_SHIPPED_BACK, key).fetchall()
    found = [
        Source(payment, provider, Means(means), left) for payment, provider, means, left in batch.query(_PAYMENTS, key)
    ]
    payments = in_turn(found, Turn(turn))
    return _Sale(currency, {line.position: line for line in lines}, charges, bool(shipping_back), returns, payments)


def _decide(wish: Wish, sale: _Sale) -> tuple[list[Amount], list[tuple[Source, int]]] | Refusal:
    units = {position: n for position, n in wish.units.items() if n}
    shipping = [each for each in sale.charges if each.line is None] if wish.shipping else []
    if not wish.reason.strip():
        return Refusal.UNSIGNED
    if (not units and not shipping) or any(n < 0 or position not in sale.lines for position, n in units.items()):
        return Refusal.NOTHING
    if any(sale.lines[position].returned + n > sale.lines[position].quantity for position, n in units.items()):
        return Refusal.TOO_MANY
    if shipping and sale.shipping_back:
        return Refusal.TOO_MANY
    if sale.returns >= RETURNS_MAX:
        return Refusal.TOO_OFTEN
    parts = list(shipping)
    for position, n in sorted(units.items()):
        line = sale.lines[position]
        parts += shares(sale.amounts(line), line.returned, n, line.quantity)
    refunds = spread(worth(parts), sale.payments)
    return Refusal.NOT_ENOUGH if refunds is None else (parts, refunds)


def _write(
    batch: Batch, wish: Wish, sale: _Sale, parts: list[Amount], refunds: list[tuple[Source, int]], now: datetime
) -> None:
    words = [sale.currency, wish.reason.strip()[:REASON_CHARS_MAX], wish.by.strip()[:254]]
    key: dict[str, Any] = {
        "id": wish.id, "order": wish.order_id, "restocked": int(wish.restock), "now": now, "words": texts(words)
    }  # fmt: skip
    batch.query(_RETURN, key | {"amount": worth(parts)})
    freed, kept = [], []
    for position, n in wish.units.items():
        if not n:
            continue
        batch.query(_LINE, key | {"position": position, "quantity": n})
        if wish.restock:
            line = sale.lines[position]
            held = line.quantity - line.restocked
            freed.append(Hold(wish.order_id, line.variant_id, line.location_id, held))
            if held > n:
                kept.append(Hold(wish.order_id, line.variant_id, line.location_id, held - n))
    for number, part in enumerate(parts):
        batch.query(_PART, key | {"number": number, "kind": part.kind, "amount": part.amount,
                                  "line": -1 if part.line is None else part.line})  # fmt: skip
    for source, amount in refunds:
        batch.query(
            _REFUND,
            key | {"refund": new_id(), "payment": source.payment_id, "words": texts([*words, source.provider]),
                   "amount": amount},
        )  # fmt: skip
    release(batch, freed, now)
    hold_again(batch, kept, now)
