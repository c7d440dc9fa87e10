"""What can happen to an order, and where it is found.

Each selects `source_id` (the happening's own id), `order_id`, `at` and `amount` (minor units; NULL where it is the order's
total) of what happened after `%(since)s` and until `%(until)s`. One more kind of news is one more line here.
"""

from datetime import timedelta
from enum import StrEnum

from setaria.trade.orders.promising import PROMISING

# How long before its time to pay ends an order is reminded of: an hour, or where there are less than two, five minutes.
REMIND = timedelta(hours=1)
REMIND_SHORTLY = timedelta(minutes=5)
SHORT = timedelta(hours=2)
TOO_SHORT = timedelta(minutes=10)  # to be reminded at all


class Happening(StrEnum):
    """What happened; the names that webhooks have for it, too."""

    PLACED = "order.placed"
    PROMISED = "order.promised"  # confirmed, and to be paid at the door
    PAID = "order.paid"
    PAID_AT_DOOR = "order.paid_at_door"
    EXPIRED = "order.expired"
    CANCELLED = "order.cancelled"
    REFUNDED = "order.refunded"
    REMINDER = "order.reminder"  # nothing happened yet: its time to pay ends soon


def _event(status: int) -> str:
    return f"""
        SELECT order_id AS source_id, order_id, at, NULL::bigint AS amount FROM orders_event AS event
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


_PROMISING = ", ".join(f"'{name}'" for name in PROMISING)
# Whether an event is the confirmation of an order by a promise.
PROMISED = f"""
    EXISTS (SELECT 1 FROM orders_settlement AS s
            WHERE s.order_id = event.order_id AND s.outcome = 1 AND s.provider IN ({_PROMISING}))
"""
_SHORT, _TOO_SHORT = (f"interval '{int(one.total_seconds())} seconds'" for one in (SHORT, TOO_SHORT))

FOUND: dict[Happening, str] = {
    Happening.PLACED: """
        SELECT id AS source_id, id AS order_id, placed_at AS at, NULL::bigint AS amount FROM orders_order
        WHERE placed_at > %(since)s AND placed_at <= %(until)s
    """,
    Happening.PROMISED: f"""
        SELECT event.order_id AS source_id, event.order_id, event.at, s.amount FROM orders_event AS event
        JOIN orders_settlement AS s ON s.order_id = event.order_id AND s.outcome = 1 AND s.provider IN ({_PROMISING})
        WHERE event.status = 2 AND event.at > %(since)s AND event.at <= %(until)s
    """,
    Happening.PAID: f"{_event(2)} AND NOT {PROMISED}",
    Happening.PAID_AT_DOOR: """
        SELECT payment_id AS source_id, order_id, at, amount FROM payments_remittance
        WHERE at > %(since)s AND at <= %(until)s
    """,
    Happening.EXPIRED: _event(3),
    Happening.CANCELLED: _event(4),
    # By its own id: a payment may go back in parts. What only need not be paid at the door any more is no money back.
    Happening.REFUNDED: f"""
        SELECT id AS source_id, order_id, sent_at AS at, amount FROM payments_refund
        WHERE sent_at > %(since)s AND sent_at <= %(until)s AND NOT (provider IN ({_PROMISING}) AND sent_by = '')
    """,
    Happening.REMINDER: _reminded(REMIND, f">= {_SHORT}")
    + "UNION ALL"
    + _reminded(REMIND_SHORTLY, f"< {_SHORT} AND pay_by - placed_at >= {_TOO_SHORT}"),
}
