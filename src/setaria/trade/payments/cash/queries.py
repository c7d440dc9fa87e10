"""Reading promises."""

from datetime import datetime

from django.db import connection

# By the index of open promises: as many rows as couriers have yet to bring money for.
_OUTSTANDING = """
    SELECT coalesce(sum(p.amount - p.waived), 0)::bigint FROM cash_promise AS p
    JOIN orders_order AS o ON o.id = p.order_id
    WHERE p.paid_at IS NULL AND p.waived < p.amount
      AND o.market_id = %(market)s AND o.paid_at >= %(since)s AND o.paid_at < %(until)s
"""


def outstanding(market_id: int, since: datetime, until: datetime) -> int:
    """Return what couriers have yet to collect (minor units) for a market's orders that were confirmed in a time."""
    with connection.cursor() as cursor:
        cursor.execute(_OUTSTANDING, {"market": market_id, "since": since, "until": until})
        return int(cursor.fetchone()[0])
