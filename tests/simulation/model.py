"""The shop as one would describe it at a table, in plain Python: what the real one must agree with after every step.

It is written from the rules, not from the code: no locks, no arrays, no SQL, one order after the other.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

PAYMENT_SECONDS = 900


@dataclass
class ModelOrder:
    """An order that was placed."""

    id: UUID
    customer: int
    drop: int | None
    lines: tuple[tuple[int, int, int], ...]  # variant, quantity, price
    location: int
    total: int
    placed_at: datetime
    pay_by: datetime
    status: str = "placed"
    paid_at: datetime | None = None


@dataclass
class ModelDrop:
    """A drop: what it sells, from where, when, and how many to each."""

    id: int
    slug: str
    pool: int
    opens_at: datetime
    closes_at: datetime
    payment_seconds: int
    limits: dict[int, int]
    finished: bool = False


@dataclass
class Model:
    """The whole shop."""

    warehouse: int
    on_hand: Counter[tuple[int, int]] = field(default_factory=Counter)  # (variant, location)
    prices: dict[int, list[tuple[datetime, datetime | None, int]]] = field(default_factory=dict)
    drops: dict[int, ModelDrop] = field(default_factory=dict)
    orders: dict[UUID, ModelOrder] = field(default_factory=dict)
    payments: dict[tuple[UUID, UUID], tuple[int, str]] = field(default_factory=dict)  # amount, answer

    def held(self, variant: int, location: int) -> int:
        """Units that living orders hold."""
        return sum(
            quantity
            for order in self.orders.values()
            if order.status in ("placed", "paid") and order.location == location
            for v, quantity, _ in order.lines
            if v == variant
        )

    def free(self, variant: int, location: int) -> int:
        """Units that nobody holds."""
        return self.on_hand[variant, location] - self.held(variant, location)

    def claimed(self, customer: int, drop: int, variant: int) -> int:
        """Units of a drop's item that a customer's living orders hold."""
        return sum(
            quantity
            for order in self.orders.values()
            if order.status in ("placed", "paid") and (order.customer, order.drop) == (customer, drop)
            for v, quantity, _ in order.lines
            if v == variant
        )

    def price(self, variant: int, now: datetime) -> int | None:
        """The last price that was set for this instant."""
        for since, until, amount in reversed(self.prices[variant]):
            if since <= now and (until is None or now < until):
                return amount
        return None

    def transfer(self, variant: int, quantity: int, origin: int, target: int) -> bool:
        """Move free units."""
        if self.free(variant, origin) < quantity:
            return False
        self.on_hand[variant, origin] -= quantity
        self.on_hand[variant, target] += quantity
        return True

    def place(
        self, id: UUID, customer: int, drop_id: int | None, lines: tuple[tuple[int, int, int], ...], now: datetime
    ) -> str:
        """One order."""
        if id in self.orders:
            known = self.orders[id]
            return (
                "PLACED" if (known.customer, known.drop, known.lines) == (customer, drop_id, lines) else "ID_CONFLICT"
            )
        drop = self.drops.get(drop_id) if drop_id is not None else None
        location = drop.pool if drop else self.warehouse
        for variant, quantity, seen in lines:
            code = self._refusal(drop, customer, location, variant, quantity, seen, now)
            if code:
                return code
        seconds = drop.payment_seconds if drop else PAYMENT_SECONDS
        total = sum(quantity * price for _, quantity, price in lines)
        self.orders[id] = ModelOrder(
            id, customer, drop_id, lines, location, total, now, now + timedelta(seconds=seconds)
        )
        return "PLACED"

    def _refusal(
        self,
        drop: ModelDrop | None,
        customer: int,
        location: int,
        variant: int,
        quantity: int,
        seen: int,
        now: datetime,
    ) -> str | None:
        if drop and variant not in drop.limits:
            return "UNKNOWN_ITEM"
        if drop and now < drop.opens_at:
            return "NOT_OPEN"
        if drop and now >= drop.closes_at:
            return "CLOSED"
        if seen != self.price(variant, now):
            return "PRICE_CHANGED"
        if drop and self.claimed(customer, drop.id, variant) + quantity > drop.limits[variant]:
            return "OVER_LIMIT"
        if self.free(variant, location) < quantity:
            return "SOLD_OUT"
        return None

    def settle(self, order_id: UUID, payment: UUID, amount: int, now: datetime) -> str:
        """One payment."""
        order = self.orders.get(order_id)
        if order is None:
            return "UNKNOWN_ORDER"
        earlier = self.payments.get((order_id, payment))
        if earlier:
            return earlier[1] if earlier[0] == amount else "CONFLICT"
        answer = "REFUND"
        if amount == order.total and (order.status == "placed" or (order.status == "expired" and self._again(order))):
            answer, order.status, order.paid_at = "PAID", "paid", now
        self.payments[order_id, payment] = (amount, answer)
        return answer

    def _again(self, order: ModelOrder) -> bool:
        for variant, quantity, _ in order.lines:
            if self.free(variant, order.location) < quantity:
                return False
            if order.drop is not None:
                limit = self.drops[order.drop].limits[variant]
                if self.claimed(order.customer, order.drop, variant) + quantity > limit:
                    return False
        return True

    def cancel(self, order_id: UUID, customer: int) -> str:
        """A customer's wish."""
        order = self.orders.get(order_id)
        if order is None or order.customer != customer:
            return "UNKNOWN_ORDER"
        if order.status == "placed":
            order.status = "cancelled"
        return "CANCELLED" if order.status == "cancelled" else "NOT_CANCELLABLE"

    def expire(self, now: datetime) -> int:
        """Let overdue orders go."""
        overdue = [order for order in self.orders.values() if order.status == "placed" and order.pay_by <= now]
        for order in overdue:
            order.status = "expired"
        return len(overdue)

    def finish(self, now: datetime) -> list[str]:
        """Send what drops have left back: once nobody can pay for an order in them any more."""
        done = []
        for drop in self.drops.values():
            last = drop.closes_at + timedelta(seconds=drop.payment_seconds + 60)
            unpaid = any(o.drop == drop.id and o.status == "placed" for o in self.orders.values())
            if not drop.finished and last < now and not unpaid:
                drop.finished = True
                done.append(drop.slug)
                for variant, location in list(self.on_hand):
                    if location == drop.pool:
                        self.transfer(variant, self.free(variant, location), location, self.warehouse)
        return done
