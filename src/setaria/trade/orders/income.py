"""Counting what was promised once it is handed over: it is paid in that minute, less what was waived before (law 12)."""

from collections.abc import Sequence
from uuid import UUID

from django.db import connection

from setaria.trade.orders.counters import COUNT_REGIONS

# Units whose price was waived were never paid for.
UNITS_LEFT = """
    l.quantity - coalesce((
        SELECT sum(b.quantity) FROM aftersales_returnedline AS b
        WHERE b.order_id = l.order_id AND b.position = l.position AND EXISTS (
            SELECT 1 FROM payments_refund AS r JOIN cash_waiver AS w ON w.refund_id = r.id
            WHERE r.return_id = b.return_id AND w.payment_id = income.promise_id)), 0)
"""
_COUNT = f"""
    WITH income AS (
        SELECT * FROM orders_income WHERE id = ANY (%(orders)s) AND promise_id IS NOT NULL
    ), paid AS (
        SELECT id, market_id, amount AS total, at AS paid_at FROM income
    ), counted_orders AS (
        INSERT INTO orders_minuteorders AS counter
            (minute, market_id, channel_id, slot, placed_orders, placed_amount, paid_orders, paid_amount)
        SELECT date_trunc('minute', at), market_id, channel_id, pg_backend_pid(), 0, 0, count(*), sum(amount)
        FROM income GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
        ON CONFLICT (minute, market_id, channel_id, slot) DO UPDATE SET
            paid_orders = counter.paid_orders + excluded.paid_orders,
            paid_amount = counter.paid_amount + excluded.paid_amount
    ), line AS (
        SELECT date_trunc('minute', income.at) AS minute, income.market_id, income.channel_id, v.product_id,
               {UNITS_LEFT} AS units, l.unit_price
        FROM income JOIN orders_line AS l ON l.order_id = income.id JOIN catalog_variant AS v ON v.id = l.variant_id
    ), counted_units AS (
        INSERT INTO orders_minuteunits AS counter
            (minute, market_id, channel_id, product_id, slot, placed_units, placed_amount, paid_units, paid_amount)
        SELECT minute, market_id, channel_id, product_id, pg_backend_pid(), 0, 0, sum(units), sum(units * unit_price)
        FROM line GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
        ON CONFLICT (minute, market_id, channel_id, product_id, slot) DO UPDATE SET
            paid_units = counter.paid_units + excluded.paid_units,
            paid_amount = counter.paid_amount + excluded.paid_amount
    )
    {COUNT_REGIONS}
"""


def count_income(order_ids: Sequence[UUID]) -> None:
    """Count orders whose promised money was just noted; within the transaction that noted it, and once."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, {"orders": list(order_ids)})
