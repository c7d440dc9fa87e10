"""What a batch of new orders writes, as columns: built in one pass, sent as arrays.

What the orders of one item have in common (market, price, deadline) is kept once an item and joined in by its
number. A line costs six values; those of the order itself (customer, total) are read from its first line only.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from setaria.kernel.arrays import int4s, int8s, texts, uuid_bytes
from setaria.trade.orders.counters import OrderCounts, UnitCounts, columns_of
from setaria.trade.orders.rules import Draft, Limit, Terms


class Sheet:
    """The columns of one batch."""

    def __init__(self, drafts: Sequence[Draft], terms: Sequence[Terms]) -> None:
        """Lay out `drafts`; `terms` are all of the batch's items, ordered by their number."""
        orders, positions, numbers, quantities, customers, totals = [], [], [], [], [], []
        for draft in drafts:
            request = draft.request
            order_id, customer, total = request.id.int.to_bytes(16, "big"), request.customer_id, draft.placed.total
            for position, (line, found) in enumerate(zip(request.lines, draft.terms, strict=True)):
                orders.append(order_id)
                positions.append(position)
                numbers.append(found.number)
                quantities.append(line.quantity)
                customers.append(customer)
                totals.append(total)
        self._terms = terms
        self._positions, self._numbers, self._quantities, self._totals = positions, numbers, quantities, totals
        self._lines = {
            "line_orders": uuid_bytes(orders),
            "line_positions": int4s(positions),
            "line_items": int8s(numbers),
            "line_quantities": int4s(quantities),
            "line_customers": int8s(customers),
            "line_totals": int8s(totals),
        }

    def columns(self) -> dict[str, Any]:
        """Return every parameter of the door's write but `now`."""
        return {**self._lines, **self._items(), **self._taken(), **self._claims(), **columns_of(*self.counts())}

    def _items(self) -> dict[str, Any]:
        terms = self._terms
        return {
            "item_variants": int4s([t.stock.variant_id for t in terms]),
            "item_locations": int4s([t.stock.location_id for t in terms]),
            "item_prices": int8s([t.unit_price for t in terms]),
            "item_markets": int4s([t.market_id for t in terms]),
            "item_channels": int4s([t.channel_id for t in terms]),
            "item_drops": int4s([t.drop_id or 0 for t in terms]),
            "item_currencies": texts([t.currency for t in terms]),
            "item_seconds": int4s([t.payment_seconds for t in terms]),
        }

    def _taken(self) -> dict[str, Any]:
        # Two items (of two channels) may take from one account, which is then written once.
        stocks = list({id(t.stock): t.stock for t in self._terms if t.stock.taken}.values())
        return {
            "taken_variants": int4s([s.variant_id for s in stocks]),
            "taken_locations": int4s([s.location_id for s in stocks]),
            "taken_quantities": int8s([s.taken for s in stocks]),
        }

    def _claims(self) -> dict[str, Any]:
        # In key order: two batches that meet on a customer's new claims wait for each other one way round only.
        limits: list[Limit] = [t.limit for t in self._terms if t.limit is not None and t.limit.added]
        rows = sorted(
            (customer, limit.drop_id, limit.variant_id, units, limit.units)
            for limit in limits
            for customer, units in limit.added.items()
        )
        customers, drops, variants, units, allowed = zip(*rows, strict=True) if rows else ((),) * 5
        return {
            "claim_customers": int8s(customers),
            "claim_drops": int4s(drops),
            "claim_variants": int4s(variants),
            "claim_quantities": int4s(units),
            "claim_limits": int4s(allowed),
        }

    def counts(self) -> tuple[OrderCounts, UnitCounts]:
        """Sum up what the live counters need: orders by market and channel, units by product as well."""
        size = len(self._terms) + 1
        orders_of, amount_of, units_of = [0] * size, [0] * size, [0] * size
        columns = zip(self._positions, self._numbers, self._quantities, self._totals, strict=True)
        for position, number, quantity, total in columns:
            units_of[number] += quantity
            if position == 0:
                orders_of[number] += 1
                amount_of[number] += total
        orders: OrderCounts = defaultdict(lambda: [0, 0])
        units: UnitCounts = defaultdict(lambda: [0, 0])
        for t in self._terms:
            if orders_of[t.number]:
                order_row = orders[t.market_id, t.channel_id]
                order_row[0] += orders_of[t.number]
                order_row[1] += amount_of[t.number]
            if units_of[t.number]:
                unit_row = units[t.market_id, t.channel_id, t.product_id]
                unit_row[0] += units_of[t.number]
                unit_row[1] += units_of[t.number] * t.unit_price
        return orders, units
