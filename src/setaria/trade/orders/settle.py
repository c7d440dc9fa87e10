"""Money has arrived: decide what becomes of it, once per payment, whatever order the news comes in."""

import re
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from setaria.goods.inventory.hold import Hold, hold_again, lock
from setaria.kernel.arrays import int4s, int8s, texts, uuids
from setaria.kernel.batches import Batch, durable_batch, retried
from setaria.trade.orders import claim
from setaria.trade.orders.counters import COUNT_PAID, COUNT_REGIONS, OrderCounts, UnitCounts, columns_of
from setaria.trade.orders.models import Settlement, Status
from setaria.trade.orders.promising import PROMISING

SETTLE_BATCH_MAX = 2_000
AMOUNT_LIMIT = 2**62  # minor units; what a column of 64 bits holds, with room to add
_CURRENCY = re.compile("[A-Z]{3}")

Outcome = Settlement.Outcome


class Money(msgspec.Struct, frozen=True):
    """A provider's word that `amount` (minor units) was taken from the buyer for an order."""

    order_id: UUID
    payment_id: UUID
    provider: str
    amount: int
    currency: str


class Answer(StrEnum):
    """What became of a payment."""

    PAID = "PAID"  # the order is paid by it
    REFUND = "REFUND"  # taken note of, and owed back in full
    UNKNOWN_ORDER = "UNKNOWN_ORDER"  # no such order; nothing was written
    CONFLICT = "CONFLICT"  # the same payment came before with another amount or for another order; nothing was written
    MALFORMED = "MALFORMED"  # no amount of money in any currency; nothing was written


class _State(msgspec.Struct):
    """An order as the batch sees it while deciding."""

    status: int
    total: int
    currency: str
    market_id: int
    channel_id: int
    drop_id: int | None
    customer_id: int
    credit: int = 0

    @property
    def due(self) -> tuple[int, str]:
        """What pays it: the total less what was there before it (minor units), and the currency."""
        return self.total - self.credit, self.currency


_ORDERS = """
    SELECT id, status, total, currency, market_id, channel_id, drop_id, customer_id
    FROM orders_order WHERE id = ANY (%(ids)s) ORDER BY id FOR NO KEY UPDATE
"""
_EARLIER = """
    SELECT order_id, payment_id, amount, currency, outcome FROM orders_settlement
    WHERE order_id = ANY (%(ids)s) OR payment_id = ANY (%(payments)s)
"""
_LINES = """
    SELECT line.order_id, line.variant_id, line.location_id, line.quantity, line.unit_price, variant.product_id
    FROM orders_line AS line JOIN catalog_variant AS variant ON variant.id = line.variant_id
    WHERE line.order_id = ANY (%(ids)s) ORDER BY line.order_id, line.position
"""
_CREDITS = """
    SELECT order_id, sum(amount)::bigint FROM orders_credit
    WHERE order_id = ANY (%(ids)s) AND revoked_at IS NULL GROUP BY order_id
"""
# Money that was applied, and what follows from it, in one statement: each has a price of its own.
_WRITE = f"""
    WITH settlement AS (
        INSERT INTO orders_settlement (order_id, payment_id, provider, amount, currency, outcome, at)
        SELECT order_id, payment_id, provider, amount, currency, outcome, %(now)s
        FROM unnest(%(orders)s, %(payments)s, %(providers)s, %(amounts)s, %(currencies)s, %(outcomes)s)
             AS s (order_id, payment_id, provider, amount, currency, outcome)
    ), confirmed AS (
        UPDATE orders_order SET status = 2, paid_at = %(now)s
        WHERE id = ANY (%(paid)s) AND status IN (1, 3)
        RETURNING id, market_id, total, paid_at
    ), event AS (
        INSERT INTO orders_event (order_id, status, at, note) SELECT id, 2, %(now)s, '' FROM confirmed
    ), paid AS (
        SELECT * FROM confirmed WHERE NOT id = ANY (%(promised)s)
    ), counted_regions AS ({COUNT_REGIONS}), {COUNT_PAID}
    SELECT 1
"""


def settle(money: Sequence[Money], *, now: datetime) -> list[Answer]:
    """Apply payments to their orders; return an answer per payment, in their order.

    Paid in time: the order is paid. After expiry: stock is taken again if there is any, else the money is owed
    back in full. Wrong amount or currency, cancelled or already paid: owed back in full. The same payment again
    gets its first answer. Moves no money itself: refunds are worked off from the settlements by `trade.payments`.
    """
    if len(money) > SETTLE_BATCH_MAX:
        raise ValueError(f"A batch has at most {SETTLE_BATCH_MAX} payments, not {len(money)}.")
    return _settle(money, now) if money else []


@retried
def _settle(money: Sequence[Money], now: datetime) -> list[Answer]:
    with durable_batch() as batch:
        ids = sorted({m.order_id for m in money})
        key = {"ids": uuids(ids), "payments": uuids([m.payment_id for m in money])}
        order_rows, earlier_rows, line_rows, credits = (
            batch.query(sql, key) for sql in (_ORDERS, _EARLIER, _LINES, _CREDITS)
        )
        orders = {row[0]: _State(*row[1:]) for row in order_rows}
        for order_id, amount in credits:
            orders[order_id].credit = amount
        earlier = {(order, payment): tuple(rest) for order, payment, *rest in earlier_rows}
        lines: dict[UUID, list[tuple[int, ...]]] = {}
        for order_id, *line in line_rows:
            lines.setdefault(order_id, []).append(tuple(line))
        # A payment belongs to the first order it was told for: it must not pay two.
        owners = {payment: order for order, payment in earlier}
        for m in money:
            if m.order_id in orders and _well_formed(m):
                owners.setdefault(m.payment_id, m.order_id)
        own = [m for m in money if owners.get(m.payment_id) == m.order_id]
        retaken = _retake(batch, own, orders, earlier, lines, now)
        answers: list[Answer] = []
        fresh: dict[tuple[UUID, UUID], tuple[Money, Outcome]] = {}
        paid: list[UUID] = []
        for m in money:
            if owners.get(m.payment_id, m.order_id) != m.order_id:
                answers.append(Answer.CONFLICT if m.order_id in orders else Answer.UNKNOWN_ORDER)
                continue
            answer, outcome = _judge(m, orders.get(m.order_id), earlier, retaken)
            answers.append(answer)
            if outcome is not None:
                earlier[m.order_id, m.payment_id] = (m.amount, m.currency, outcome)
                fresh[m.order_id, m.payment_id] = (m, outcome)
                if outcome == Outcome.APPLIED:
                    paid.append(m.order_id)
                    orders[m.order_id].status = Status.PAID
        _write(batch, fresh, paid, orders, lines, now)
    return answers


def _judge(
    m: Money, order: _State | None, earlier: dict[tuple[UUID, UUID], tuple[object, ...]], retaken: set[UUID]
) -> tuple[Answer, Outcome | None]:
    if not _well_formed(m):
        return Answer.MALFORMED, None
    if order is None:
        return Answer.UNKNOWN_ORDER, None
    before = earlier.get((m.order_id, m.payment_id))
    if before is not None:
        if before[:2] != (m.amount, m.currency):
            return Answer.CONFLICT, None
        return (Answer.PAID if before[2] == Outcome.APPLIED else Answer.REFUND), None
    if (m.amount, m.currency) != order.due:
        return Answer.REFUND, Outcome.REFUND_WRONG_AMOUNT
    if order.status == Status.PLACED or (order.status == Status.EXPIRED and m.order_id in retaken):
        return Answer.PAID, Outcome.APPLIED
    if order.status == Status.EXPIRED:
        return Answer.REFUND, Outcome.REFUND_SOLD_OUT
    return Answer.REFUND, Outcome.REFUND_NOT_PAYABLE


def _well_formed(m: Money) -> bool:
    """Whether it can be money at all: what cannot be written must not take its neighbours down with it."""
    return 0 < m.amount < AMOUNT_LIMIT and _CURRENCY.fullmatch(m.currency) is not None


def _retake(
    batch: Batch,
    money: Sequence[Money],
    orders: dict[UUID, _State],
    earlier: dict[tuple[UUID, UUID], tuple[object, ...]],
    lines: dict[UUID, list[tuple[int, ...]]],
    now: datetime,
) -> set[UUID]:
    """Take stock and claims again for expired orders whose full payment came late; return those that got all."""
    # Of a payment told twice, the first telling counts: the later one must not take stock that nobody pays for.
    first = {(m.order_id, m.payment_id): m for m in reversed(money)}
    late = {
        m.order_id
        for key, m in first.items()
        if (order := orders.get(m.order_id)) is not None
        and order.status == Status.EXPIRED
        and (m.amount, m.currency) == order.due
        and key not in earlier
    }
    wanted = {
        order_id: [Hold(order_id, variant, location, quantity) for variant, location, quantity, *_ in lines[order_id]]
        for order_id in sorted(late)
    }
    if not wanted:
        return set()
    free = lock(batch, [hold for holds in wanted.values() for hold in holds])
    claims = claim.lock(batch, [_owner(orders[order_id]) for order_id in wanted])
    served: dict[UUID, list[Hold]] = {}
    for order_id, holds in wanted.items():
        if _can_have(holds, _owner(orders[order_id]), free, claims):
            served[order_id] = holds
    hold_again(batch, [hold for holds in served.values() for hold in holds], now)
    claim.change(
        batch,
        [(*_owner(orders[i]), hold.variant_id, hold.quantity) for i, holds in served.items() for hold in holds],
    )
    return set(served)


def _owner(order: _State) -> tuple[int, int | None]:
    return order.customer_id, order.drop_id


def _can_have(
    holds: list[Hold],
    owner: tuple[int, int | None],
    free: dict[tuple[int, int], int],
    claims: dict[tuple[int, int, int], tuple[int, int]],
) -> bool:
    """Whether there is stock for all of `holds` and the limit allows it; if so, takes them off `free` and `claims`."""
    customer, drop = owner
    for h in holds:
        if free.get((h.variant_id, h.location_id), 0) < h.quantity:
            return False
        used, allowed = claims.get((customer, drop or 0, h.variant_id), (0, h.quantity))
        if used + h.quantity > allowed:
            return False
    for h in holds:
        free[h.variant_id, h.location_id] -= h.quantity
        key = (customer, drop or 0, h.variant_id)
        if key in claims:
            used, allowed = claims[key]
            claims[key] = (used + h.quantity, allowed)
    return True


def _write(
    batch: Batch,
    fresh: dict[tuple[UUID, UUID], tuple[Money, Outcome]],
    paid: list[UUID],
    orders: dict[UUID, _State],
    lines: dict[UUID, list[tuple[int, ...]]],
    now: datetime,
) -> None:
    if not fresh:
        return
    rows = list(fresh.values())
    # What is promised is counted when its money is here (`payments.cash.hand_over`).
    promised = {m.order_id for m, outcome in rows if outcome == Outcome.APPLIED and m.provider in PROMISING}
    here = [i for i in paid if i not in promised]
    batch.query(
        _WRITE,
        {
            "now": now,
            "orders": uuids([m.order_id for m, _ in rows]),
            "payments": uuids([m.payment_id for m, _ in rows]),
            "providers": texts([m.provider for m, _ in rows]),
            "amounts": int8s([m.amount for m, _ in rows]),
            "currencies": texts([m.currency for m, _ in rows]),
            "outcomes": int4s([outcome for _, outcome in rows]),
            "paid": uuids(paid),
            "promised": uuids(sorted(promised)),
            **columns_of(*_counts([orders[i] for i in here], [lines[i] for i in here])),
        },
    )


def _counts(paid: list[_State], lines: list[list[tuple[int, ...]]]) -> tuple[OrderCounts, UnitCounts]:
    orders: OrderCounts = defaultdict(lambda: [0, 0])
    units: UnitCounts = defaultdict(lambda: [0, 0])
    for order, own in zip(paid, lines, strict=True):
        row = orders[order.market_id, order.channel_id]
        row[0] += 1
        row[1] += order.total
        for _, _, quantity, price, product in own:
            row = units[order.market_id, order.channel_id, product]
            row[0] += quantity
            row[1] += quantity * price
    return orders, units
