"""What can happen to an order, and where it is found.

Each selects `source_id` (the happening's own id), `order_id`, `at` and `amount` (minor units; NULL where it is the order's
total) of what happened after `%(since)s` and until `%(until)s`. One more kind of news is one more line here.
"""

from datetime import timedelta
from enum import StrEnum

# How long before its time to pay ends an order is reminded of: an hour, or where there are less than two, five minutes.
REMIND = timedelta(hours=1)
REMIND_SHORTLY = timedelta(minutes=5)
SHORT = timedelta(hours=2)
TOO_SHORT = timedelta(minutes=10)  # to be reminded at all


class Happening(StrEnum):
    """What happened; the names that webhooks have for it, too."""

    PLACED = "order.placed"
    PAID = "order.paid"
    EXPIRED = "order.expired"
    CANCELLED = "order.cancelled"
    REFUNDED = "order.refunded"
    REMINDER = "order.reminder"  # nothing happened yet: its time to pay ends soon


def _event(status: int) -> str:
    return f"""
        SELECT order_id AS source_id, order_id, at, NULL::bigint AS amount FROM orders_event
        WHERE status = {status} AND at > %(since)s AND at <= %(until)s
    """


def _reminded(before: timedelta, window: str) -> str:
    """Orders still unpaid, by the index of those: it is `before` the end of their time."""
    lead = f"interval '{int(before.total_seconds())} seconds'"
    return f"""
        SELECT id AS source_id, id AS order_id, pay_by - {lead} AS at, NULL::bigint AS amount FROM orders_order
        WHERE status = 1 AND pay_by > %(since)s::timestamptz + {lead} AND pay_by <= %(until)s::timestamptz + {lead}
          AND pay_by - placed_at {window}
    """


_SHORT, _TOO_SHORT = (f"interval '{int(one.total_seconds())} seconds'" for one in (SHORT, TOO_SHORT))

FOUND: dict[Happening, str] = {
    Happening.PLACED: """
        SELECT id AS source_id, id AS order_id, placed_at AS at, NULL::bigint AS amount FROM orders_order
        WHERE placed_at > %(since)s AND placed_at <= %(until)s
    """,
    Happening.PAID: _event(2),
    Happening.EXPIRED: _event(3),
    Happening.CANCELLED: _event(4),
    Happening.REFUNDED: """
        SELECT payment_id AS source_id, order_id, sent_at AS at, amount FROM payments_refund
        WHERE sent_at > %(since)s AND sent_at <= %(until)s
    """,
    Happening.REMINDER: _reminded(REMIND, f">= {_SHORT}")
    + "UNION ALL"
    + _reminded(REMIND_SHORTLY, f"< {_SHORT} AND pay_by - placed_at >= {_TOO_SHORT}"),
}
