"""Live counters by minute, written in the transaction that writes what they count (law 12).

Each writer (a database connection) adds to rows of its own, so writers never wait for each other; readers sum.
"""

from collections.abc import Mapping
from typing import Any

from setaria.kernel.arrays import int4s, int8s

OrderCounts = Mapping[tuple[int, int], list[int]]  # market, channel: [orders, amount]
UnitCounts = Mapping[tuple[int, int, int], list[int]]  # market, channel, product: [units, amount]


def _statements(kind: str, columns: str) -> str:
    """Return two CTEs that add to the counters; `now` and the columns of `columns_of` are their parameters."""
    return f"""
    counted_orders AS (
        INSERT INTO orders_minuteorders AS counter
            (minute, market_id, channel_id, slot, placed_orders, placed_amount, paid_orders, paid_amount)
        SELECT date_trunc('minute', %(now)s::timestamptz), market_id, channel_id, pg_backend_pid(), {columns}
        FROM unnest(%(count_markets)s, %(count_channels)s, %(count_orders)s, %(count_amounts)s)
             AS added (market_id, channel_id, n, amount)
        ON CONFLICT (minute, market_id, channel_id, slot) DO UPDATE SET
            {kind}_orders = counter.{kind}_orders + excluded.{kind}_orders,
            {kind}_amount = counter.{kind}_amount + excluded.{kind}_amount
    ), counted_units AS (
        INSERT INTO orders_minuteunits AS counter
            (minute, market_id, channel_id, product_id, slot, placed_units, placed_amount, paid_units, paid_amount)
        SELECT date_trunc('minute', %(now)s::timestamptz), market_id, channel_id, product_id, pg_backend_pid(), {columns}
        FROM unnest(%(unit_markets)s, %(unit_channels)s, %(unit_products)s, %(unit_units)s, %(unit_amounts)s)
             AS added (market_id, channel_id, product_id, n, amount)
        ON CONFLICT (minute, market_id, channel_id, product_id, slot) DO UPDATE SET
            {kind}_units = counter.{kind}_units + excluded.{kind}_units,
            {kind}_amount = counter.{kind}_amount + excluded.{kind}_amount
    )"""


COUNT_PLACED = _statements("placed", "n, amount, 0, 0")
COUNT_PAID = _statements("paid", "0, 0, n, amount")

# Adds the rows of `paid` (id, market_id, total, paid_at) that are addressed, by `destinations`. Apart from the statements
# above, since only some orders have a destination by the time they are paid.
_REGIONS = """
    INSERT INTO orders_minuteregions AS counter (minute, market_id, country, region, slot, paid_orders, paid_amount)
    SELECT date_trunc('minute', paid.paid_at), paid.market_id, goes.country, coalesce(nullif(goes.region, ''), goes.city),
           pg_backend_pid(), count(*), sum(paid.total)::bigint
    FROM paid JOIN {destinations} AS goes ON goes.order_id = paid.id
    GROUP BY 1, 2, 3, 4
    ON CONFLICT (minute, market_id, country, region, slot) DO UPDATE SET
        paid_orders = counter.paid_orders + excluded.paid_orders,
        paid_amount = counter.paid_amount + excluded.paid_amount
"""
COUNT_REGIONS = _REGIONS.format(destinations="orders_destination")
COUNT_NOTED_REGION = _REGIONS.format(destinations="noted")  # of the row that the same statement writes


def columns_of(orders: OrderCounts, units: UnitCounts) -> dict[str, Any]:
    """Lay out what is to be counted as the parameters of `COUNT_PLACED` or `COUNT_PAID`, in key order."""
    order_keys, unit_keys = sorted(orders), sorted(units)
    return {
        "count_markets": int4s([key[0] for key in order_keys]),
        "count_channels": int4s([key[1] for key in order_keys]),
        "count_orders": int8s([orders[key][0] for key in order_keys]),
        "count_amounts": int8s([orders[key][1] for key in order_keys]),
        "unit_markets": int4s([key[0] for key in unit_keys]),
        "unit_channels": int4s([key[1] for key in unit_keys]),
        "unit_products": int4s([key[2] for key in unit_keys]),
        "unit_units": int8s([units[key][0] for key in unit_keys]),
        "unit_amounts": int8s([units[key][1] for key in unit_keys]),
    }
