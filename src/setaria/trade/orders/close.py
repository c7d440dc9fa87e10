"""An expired order that may not come back: what it had was promised to somebody else.

A late payment revives an expired order while there are units. Where a place passes on to the next in a list, the unit is
that one's from then on, though nobody holds it yet; so the order is cancelled, and a late payment goes back in full.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection

_LOCK = "SELECT id FROM orders_order WHERE id = ANY (%(ids)s) ORDER BY id FOR NO KEY UPDATE"
_CLOSE = """
    WITH changed AS (UPDATE orders_order SET status = 4 WHERE id = ANY (%(ids)s) AND status = 3 RETURNING id)
    INSERT INTO orders_event (order_id, status, at, note) SELECT id, 4, %(now)s, %(note)s FROM changed
"""


def close(order_ids: Sequence[UUID], note: str, *, now: datetime) -> None:
    """Cancel those of the orders that are expired, within the caller's transaction, which then passes their units on.

    A payment that is being applied goes first or comes after: its order is paid then and stays so, or it is cancelled.
    Stock and claims were let go when they expired. Raises RuntimeError outside of a transaction.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("Orders are closed in the transaction that passes their units on.")
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, {"ids": list(order_ids)})
        cursor.execute(_CLOSE, {"ids": list(order_ids), "now": now, "note": note})
