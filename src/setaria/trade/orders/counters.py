"""Live counters by minute, written in the transaction that writes what they count (law 12).

Each writer (a database connection) adds to rows of its own, so writers never wait for each other; readers sum.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

from setaria.kernel.arrays import int4s, int8s
from setaria.kernel.batches import Batch
from setaria.trade.orders.rules import Draft

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

_PLACED, _PAID = "n, amount, 0, 0", "0, 0, n, amount"

OrderRow = tuple[int, int, int]  # market, channel, amount
UnitRow = tuple[int, int, int, int, int]  # market, channel, product, units, amount


def count_placed(batch: Batch, drafts: Sequence[Draft], now: datetime) -> None:
    """Add orders that are being placed to the counters of `now`'s minute."""
    orders = [(d.terms[0].market_id, d.request.channel_id, d.placed.total) for d in drafts]
    units = [
        (terms.market_id, d.request.channel_id, terms.product_id, line.quantity, line.quantity * line.unit_price)
        for d in drafts
        for line, terms in zip(d.request.lines, d.terms, strict=True)
    ]
    _count(batch, "placed", _PLACED, orders, units, now)


def count_paid(batch: Batch, orders: Iterable[OrderRow], units: Iterable[UnitRow], now: datetime) -> None:
    """Add orders that are being paid to the counters of `now`'s minute."""
    _count(batch, "paid", _PAID, orders, units, now)


def _count(
    batch: Batch, kind: str, columns: str, orders: Iterable[OrderRow], units: Iterable[UnitRow], now: datetime
) -> None:
    order_counts: Counter[tuple[int, int]] = Counter()
    order_amounts: Counter[tuple[int, int]] = Counter()
    for market, channel, amount in orders:
        order_counts[market, channel] += 1
        order_amounts[market, channel] += amount
    unit_counts: Counter[tuple[int, int, int]] = Counter()
    unit_amounts: Counter[tuple[int, int, int]] = Counter()
    for market, channel, product, quantity, amount in units:
        unit_counts[market, channel, product] += quantity
        unit_amounts[market, channel, product] += amount
    keys = sorted(order_counts)
    batch.query(
        _ADD_ORDERS.format(kind=kind, columns=columns),
        {
            "now": now,
            "markets": int4s([key[0] for key in keys]),
            "channels": int4s([key[1] for key in keys]),
            "counts": int8s([order_counts[key] for key in keys]),
            "amounts": int8s([order_amounts[key] for key in keys]),
        },
    )
    items = sorted(unit_counts)
    batch.query(
        _ADD_UNITS.format(kind=kind, columns=columns),
        {
            "now": now,
            "markets": int4s([item[0] for item in items]),
            "channels": int4s([item[1] for item in items]),
            "products": int4s([item[2] for item in items]),
            "counts": int8s([unit_counts[item] for item in items]),
            "amounts": int8s([unit_amounts[item] for item in items]),
        },
    )
