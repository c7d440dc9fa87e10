"""Live counters by minute, written in the transaction that writes what they count (law 12).

Each writer (a database connection) adds to rows of its own, so writers never wait for each other; readers sum.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from setaria.kernel.arrays import int4s, int8s
from setaria.kernel.batches import Batch

OrderCounts = Mapping[tuple[int, int], list[int]]  # market, channel: [orders, amount]
UnitCounts = Mapping[tuple[int, int, int], list[int]]  # market, channel, product: [units, amount]

_ADD_ORDERS = """
    INSERT INTO orders_minuteorders AS counter
        (minute, market_id, channel_id, slot, placed_orders, placed_amount, paid_orders, paid_amount)
    SELECT date_trunc('minute', %(now)s::timestamptz), market_id, channel_id, pg_backend_pid(), {columns}
    FROM unnest(%(markets)s, %(channels)s, %(counts)s, %(amounts)s) AS added (market_id, channel_id, n, amount)
    ON CONFLICT (minute, market_id, channel_id, slot) DO UPDATE SET
        {kind}_orders = counter.{kind}_orders + excluded.{kind}_orders,
        {kind}_amount = counter.{kind}_amount + excluded.{kind}_amount
"""

_ADD_UNITS = """
    INSERT INTO orders_minuteunits AS counter
        (minute, market_id, channel_id, product_id, slot, placed_units, placed_amount, paid_units, paid_amount)
    SELECT date_trunc('minute', %(now)s::timestamptz), market_id, channel_id, product_id, pg_backend_pid(), {columns}
    FROM unnest(%(markets)s, %(channels)s, %(products)s, %(counts)s, %(amounts)s)
         AS added (market_id, channel_id, product_id, n, amount)
    ON CONFLICT (minute, market_id, channel_id, product_id, slot) DO UPDATE SET
        {kind}_units = counter.{kind}_units + excluded.{kind}_units,
        {kind}_amount = counter.{kind}_amount + excluded.{kind}_amount
"""

_COLUMNS = {"placed": "n, amount, 0, 0", "paid": "0, 0, n, amount"}


def count(
    batch: Batch, kind: Literal["placed", "paid"], orders: OrderCounts, units: UnitCounts, now: datetime
) -> None:
    """Add orders that are being placed, or being paid, to the counters of `now`'s minute."""
    order_keys, unit_keys = sorted(orders), sorted(units)
    batch.query(
        _ADD_ORDERS.format(kind=kind, columns=_COLUMNS[kind]),
        {
            "now": now,
            "markets": int4s([key[0] for key in order_keys]),
            "channels": int4s([key[1] for key in order_keys]),
            "counts": int8s([orders[key][0] for key in order_keys]),
            "amounts": int8s([orders[key][1] for key in order_keys]),
        },
    )
    batch.query(
        _ADD_UNITS.format(kind=kind, columns=_COLUMNS[kind]),
        {
            "now": now,
            "markets": int4s([key[0] for key in unit_keys]),
            "channels": int4s([key[1] for key in unit_keys]),
            "products": int4s([key[2] for key in unit_keys]),
            "counts": int8s([units[key][0] for key in unit_keys]),
            "amounts": int8s([units[key][1] for key in unit_keys]),
        },
    )
