"""The auditor: keeps books of its own from what is committed and what people are told, and names every broken law.

Written from the laws and the API's promises alone. It shares no code with what it audits: not the rules, not the
stand-in for the tables, not even their types.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass, field

STALE_SECONDS = 1.0  # a refusal may be told from a memory as old as this
CLOCK_SECONDS = 1e-5  # instants are told to the microsecond
EXPIRY_SECONDS_MAX = 2.0  # after the time to pay an order is let go within this


@dataclass(frozen=True)
class Sale:
    """What the brand has announced. Instants in seconds of the night, prices in minor units."""

    units: dict[int, int]
    prices: dict[int, int]
    limit: int
    opens: float
    closes: float
    payment_seconds: float


@dataclass
class _Order:
    item: int
    quantity: int
    customer: int
    price: int
    stamp: float
    status: str = "placed"
    payment: str = ""


@dataclass
class _Curve:
    """A number over time."""

    times: list[float]
    values: list[int]

    def set(self, at: float, value: int) -> None:
        self.times.append(at)
        self.values.append(value)

    @property
    def last(self) -> int:
        return self.values[-1]

    def between(self, start: float, end: float) -> list[int]:
        """All values it had from `start` to `end`."""
        first = max(0, bisect_right(self.times, start) - 1)
        return self.values[first : bisect_right(self.times, end)] or [self.values[first]]


@dataclass
class Auditor:
    """Is told of every commit when it happens, and of every answer when it arrives."""

    sale: Sale
    breaches: list[str] = field(default_factory=list)
    answers: int = 0

    def __post_init__(self) -> None:
        self._orders: dict[int, _Order] = {}
        self._free = {item: _Curve([-1e9], [units]) for item, units in self.sale.units.items()}
        self._claimed: dict[tuple[int, int], _Curve] = defaultdict(lambda: _Curve([-1e9], [0]))
        self._told: dict[int, tuple[float, int, float]] = {}  # order: when first acknowledged, total, pay by
        self._payments: dict[str, tuple[int, int, str]] = {}  # payment: order, amount, answer
        self._arrived: dict[tuple[int, int], int] = {}  # gate and its life: latest arrival that was decided

    def _breach(self, at: float, law: str) -> None:
        self.breaches.append(f"{at:.3f} s: {law}")

    # --- commits ---

    def placed(self, at: float, order: int, customer: int, item: int, quantity: int, price: int, stamp: float) -> None:
        """An order was committed, judged by the instant `stamp`."""
        sale = self.sale
        if order in self._orders:
            return self._breach(at, f"order {order} was placed twice")
        if self._free[item].last < quantity:
            self._breach(at, f"item {item} was sold twice")
        if self._claimed[customer, item].last + quantity > sale.limit:
            self._breach(at, f"customer {customer} has more of item {item} than one may have")
        if not sale.opens <= stamp < sale.closes:
            self._breach(at, f"order {order} was placed at {stamp:.3f} s, when the sale was not open")
        if price != sale.prices[item]:
            self._breach(at, f"order {order} was placed at a price that nobody announced")
        self._orders[order] = _Order(item, quantity, customer, price, stamp)
        self._take(at, self._orders[order])
        return None

    def let_go(self, at: float, order: int, stamp: float, *, wished: bool) -> None:
        """An order expired, or was cancelled as its buyer wished."""
        known = self._orders[order]
        if known.status != "placed":
            self._breach(at, f"order {order} was let go although it is {known.status}")
        if not wished and stamp < known.stamp + self.sale.payment_seconds:
            self._breach(at, f"order {order} expired before its time")
        known.status = "cancelled" if wished else "expired"
        self._give_back(at, known)

    def settled(self, at: float, order: int, payment: str, amount: int, answer: str) -> None:
        """Money that arrived was decided about."""
        known = self._orders.get(order)
        earlier = self._payments.get(payment)
        if earlier is not None:
            if answer != (earlier[2] if earlier[:2] == (order, amount) else "CONFLICT"):
                self._breach(at, f"payment {payment} was told again and answered {answer}")
            return
        if known is None:
            if answer != "UNKNOWN_ORDER":
                self._breach(at, f"payment {payment} for no order was answered {answer}")
            return
        should = "PAID" if amount == known.price * known.quantity and self._can_be_paid(known) else "REFUND"
        if answer != should:
            self._breach(at, f"payment {payment} of order {order} ({known.status}) was answered {answer}, not {should}")
        self._payments[payment] = (order, amount, answer)
        if answer == "PAID":
            if known.payment:
                self._breach(at, f"order {order} was paid twice")
            if known.status == "expired":
                self._take(at, known)
            known.status, known.payment = "paid", payment

    def _can_be_paid(self, order: _Order) -> bool:
        if order.status == "placed":
            return True
        fits = self._claimed[order.customer, order.item].last + order.quantity <= self.sale.limit
        return order.status == "expired" and fits and self._free[order.item].last >= order.quantity

    def _take(self, at: float, order: _Order) -> None:
        self._free[order.item].set(at, self._free[order.item].last - order.quantity)
        if self._free[order.item].last < 0:
            self._breach(at, f"item {order.item} has less than nothing")
        claimed = self._claimed[order.customer, order.item]
        claimed.set(at, claimed.last + order.quantity)

    def _give_back(self, at: float, order: _Order) -> None:
        self._free[order.item].set(at, self._free[order.item].last + order.quantity)
        claimed = self._claimed[order.customer, order.item]
        claimed.set(at, claimed.last - order.quantity)

    # --- answers ---

    def told_placed(self, sent: float, at: float, order: int, total: int, pay_by: float, line: tuple[int, int]) -> None:
        """A buyer was told that an order exists. `line`: the item and quantity they asked for."""
        self.answers += 1
        known = self._orders.get(order)
        if known is None:
            return self._breach(at, f"order {order} was acknowledged and does not exist")
        if (known.item, known.quantity) != line:
            self._breach(at, f"order {order} was acknowledged to a request for something else")
        late = abs(pay_by - known.stamp - self.sale.payment_seconds)
        if total != known.price * known.quantity or late > CLOCK_SECONDS:
            self._breach(at, f"order {order} was acknowledged with another total or time to pay")
        before = self._told.setdefault(order, (at, total, pay_by))
        if before[1:] != (total, pay_by):
            self._breach(at, f"order {order} was answered in two ways")
        return None

    def told_refused(
        self, sent: float, at: float, order: int, code: str, customer: int, line: tuple[int, int], price: int
    ) -> None:
        """A buyer was told why not."""
        self.answers += 1
        item, quantity = line
        known = self._orders.get(order)
        told = self._told.get(order)
        other = known is not None and (known.item, known.quantity) != line
        if told is not None and sent > told[0] and not (other and code in ("ID_CONFLICT", "SOLD_OUT")):
            self._breach(at, f"order {order} was acknowledged, and its repeat was answered {code}")
        if not self._justified(sent, at, code, customer, item, quantity, price, other):
            self._breach(at, f"a request for order {order} was refused as {code} without reason")

    def _justified(
        self, sent: float, at: float, code: str, customer: int, item: int, quantity: int, price: int, other: bool
    ) -> bool:
        sale = self.sale
        match code:
            case "SOLD_OUT":
                return min(self._free[item].between(sent - STALE_SECONDS, at)) < quantity
            case "OVER_LIMIT":
                return max(self._claimed[customer, item].between(sent, at)) + quantity > sale.limit
            case "NOT_OPEN":
                return sent < sale.opens
            case "CLOSED":
                return at >= sale.closes
            case "PRICE_CHANGED":
                return price != sale.prices[item]
            case "ID_CONFLICT":
                return other
        return False

    def batch(self, at: float, gate: tuple[int, int], outcomes: list[tuple[int, int, int, bool]]) -> None:
        """One gate's batch was committed: (arrival, item, quantity, whether it was placed; if not, it was sold out)."""
        outcomes = sorted(outcomes)
        if outcomes and outcomes[0][0] < self._arrived.get(gate, 0):
            self._breach(at, f"gate {gate[0]} decided a later comer in an earlier batch")
        self._arrived[gate] = max([self._arrived.get(gate, 0), *(arrival for arrival, *_ in outcomes)])
        refused: dict[int, int] = {}
        for _, item, quantity, was_placed in outcomes:
            if not was_placed:
                refused[item] = min(quantity, refused.get(item, quantity))
            elif refused.get(item, quantity + 1) <= quantity:
                self._breach(at, f"a later comer in one batch had item {item} that an earlier one was refused")

    # --- the end ---

    def close(self, at: float, held: dict[int, int], statuses: dict[int, str]) -> None:
        """Hold these books against the shop's: units held by item, and each order's status."""
        for item, units in self.sale.units.items():
            if units - self._free[item].last != held.get(item, 0):
                self._breach(
                    at, f"item {item}: the shop holds {held.get(item, 0)}, not {units - self._free[item].last}"
                )
        for number, order in self._orders.items():
            if statuses.get(number) != order.status:
                self._breach(at, f"order {number} is {statuses.get(number)} in the shop, and {order.status} here")
            due = order.stamp + self.sale.payment_seconds + EXPIRY_SECONDS_MAX
            if order.status == "placed" and due < at:
                self._breach(at, f"order {number} is unpaid long after its time and holds its units")
        if len(statuses) != len(self._orders):
            self._breach(at, "the shop has orders that were never committed")
