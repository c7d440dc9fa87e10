"""Orders that come to nothing: `expire` what was not paid in time, `cancel` what its buyer no longer wants.

Both let the stock and the customer's claim go in the transaction that changes the order.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from setaria.goods.inventory.hold import Hold, release
from setaria.kernel.arrays import uuids
from setaria.kernel.batches import Batch, durable_batch, retried
from setaria.trade.orders import claim
from setaria.trade.orders.models import Status

EXPIRE_BATCH_MAX = 1_000


class Cancellation(msgspec.Struct, frozen=True):
    """A customer's wish to cancel an order of theirs."""

    order_id: UUID
    customer_id: int


class Answer(StrEnum):
    """What became of a cancellation."""

    CANCELLED = "CANCELLED"  # now, or by an earlier request
    NOT_CANCELLABLE = "NOT_CANCELLABLE"  # paid or expired; nothing was changed
    UNKNOWN_ORDER = "UNKNOWN_ORDER"  # no such order of this customer


# SKIP LOCKED: an order whose payment is being settled right now is not overdue, and no worker waits for another.
_OVERDUE = """
    SELECT id FROM orders_order
    WHERE status = 1 AND pay_by <= %(now)s
    ORDER BY pay_by LIMIT %(limit)s FOR NO KEY UPDATE SKIP LOCKED
"""
_OWN = "SELECT id, customer_id, status FROM orders_order WHERE id = ANY (%(ids)s) ORDER BY id FOR NO KEY UPDATE"
_CHANGE = """
    WITH changed AS (
        UPDATE orders_order SET status = %(status)s WHERE id = ANY (%(ids)s) AND status = 1 RETURNING id
    )
    INSERT INTO orders_event (order_id, status, at, note) SELECT id, %(status)s, %(now)s, '' FROM changed
"""
_LINES = """
    SELECT line.order_id, line.variant_id, line.location_id, line.quantity, o.customer_id, o.drop_id
    FROM orders_line AS line JOIN orders_order AS o ON o.id = line.order_id
    WHERE line.order_id = ANY (%(ids)s)
"""


@retried
def expire(*, now: datetime, limit: int = EXPIRE_BATCH_MAX) -> int:
    """Expire up to `limit` unpaid orders whose time is over, oldest first; return how many there were.

    Their units are for sale again with the commit. Call again while it returns `limit`.
    """
    with durable_batch() as batch:
        overdue = [row[0] for row in batch.query(_OVERDUE, {"now": now, "limit": limit})]
        _let_go(batch, sorted(overdue), Status.EXPIRED, now)
    return len(overdue)


@retried
def cancel(wishes: Sequence[Cancellation], *, now: datetime) -> list[Answer]:
    """Cancel unpaid orders at their own customers' wish; return an answer per wish, in order.

    Somebody else's order is answered like one that does not exist. Paid orders are cancelled with their refund,
    which is not this verb's work.
    """
    with durable_batch() as batch:
        rows = batch.query(_OWN, {"ids": uuids(sorted({w.order_id for w in wishes}))})
        orders = {order_id: (customer, status) for order_id, customer, status in rows}
        answers = [_answer(wish, orders.get(wish.order_id)) for wish in wishes]
        fresh = {
            w.order_id
            for w, answer in zip(wishes, answers, strict=True)
            if answer is Answer.CANCELLED and orders[w.order_id][1] == Status.PLACED
        }
        _let_go(batch, sorted(fresh), Status.CANCELLED, now)
    return answers


def _answer(wish: Cancellation, order: tuple[int, int] | None) -> Answer:
    if order is None or order[0] != wish.customer_id:
        return Answer.UNKNOWN_ORDER
    return Answer.CANCELLED if order[1] in (Status.PLACED, Status.CANCELLED) else Answer.NOT_CANCELLABLE


def _let_go(batch: Batch, ids: list[UUID], status: Status, now: datetime) -> None:
    if not ids:
        return
    batch.query(_CHANGE, {"ids": uuids(ids), "status": status.value, "now": now})
    lines = batch.query(_LINES, {"ids": uuids(ids)}).fetchall()
    release(batch, [Hold(*line[:4]) for line in lines], now)
    claim.change(
        batch,
        [(customer, drop, variant, -quantity) for _, variant, _, quantity, customer, drop in lines],
    )
