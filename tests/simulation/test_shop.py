"""A shop driven at random against a plain model of it; every answer, balance and status must agree at every step.

`SETARIA_SIMULATION_STEPS` and `SETARIA_SIMULATION_RUNS` make it longer (200 steps, 2,000 runs: about an hour). What
fails is shrunk and printed as a program; Hypothesis repeats it first the next time.
"""

import os
from datetime import timedelta
from uuid import UUID

import hypothesis.strategies as st
import msgspec
import pytest
from hypothesis import HealthCheck, event, note, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from tests.simulation.model import Model, ModelDrop
from tests.tables import empty_tables
from tests.world import DAY, OPENING, World, code

from setaria.goods.inventory import move
from setaria.goods.inventory.models import Account
from setaria.goods.pricing.price import set_price
from setaria.kernel.ids import new_id
from setaria.trade.drops.prepare import Item, finish, prepare
from setaria.trade.orders.models import Claim, Order, Status
from setaria.trade.orders.place import place
from setaria.trade.orders.release import Cancellation, cancel, expire
from setaria.trade.orders.requests import Line, Placed, Request
from setaria.trade.orders.settle import Money, settle
from setaria.trade.payments import refund
from setaria.trade.payments.models import Refund

STEPS = int(os.environ.get("SETARIA_SIMULATION_STEPS", "30"))
RUNS = int(os.environ.get("SETARIA_SIMULATION_RUNS", "60"))

THINGS = 3
PRICES = st.sampled_from([100, 199, 5990])
few = st.integers(1, 3)
things = st.integers(0, THINGS - 1)
fans = st.integers(0, 2)


class Shop(RuleBasedStateMachine):
    """The real shop and its model, side by side."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World(OPENING)
        self.now = OPENING
        self.model = Model(self.world.warehouse.id)
        self.variants = [self.world.thing(price=100).id for _ in range(THINGS)]
        self.model.prices = {variant: [(OPENING - DAY, None, 100)] for variant in self.variants}
        self.fans = [self.world.member() for _ in range(3)]
        self.requests: list[Request] = []
        self.told: list[Money] = []

    @initialize(units=st.lists(st.integers(3, 9), min_size=THINGS, max_size=THINGS))
    def fill(self, units: list[int]) -> None:
        """The first delivery, and a drop that is open."""
        for thing, quantity in enumerate(units):
            self.receive(thing, quantity)
        self.prepare_drop([2, 1], 2, 0, 30, 900)

    # --- goods ---

    @rule(thing=things, quantity=few)
    def receive(self, thing: int, quantity: int) -> None:
        """Units arrive."""
        variant = self.variants[thing]
        move.receive(new_id(), self.world.warehouse.id, [move.Units(variant, quantity)], now=self.now)
        self.model.on_hand[variant, self.world.warehouse.id] += quantity

    @precondition(lambda self: self.model.drops)
    @rule(data=st.data(), thing=things, quantity=few, there=st.booleans())
    def transfer(self, data: st.DataObject, thing: int, quantity: int, there: bool) -> None:
        """Units move between the warehouse and a pool; never held ones."""
        drop = data.draw(st.sampled_from(list(self.model.drops.values())), "drop")
        variant, home = self.variants[thing], self.world.warehouse.id
        origin, target = (home, drop.pool) if there else (drop.pool, home)
        expected = self.model.transfer(variant, quantity, origin, target)
        try:
            move.transfer(new_id(), origin, target, [move.Units(variant, quantity)], now=self.now)
            moved = True
        except move.NotEnough:
            moved = False
        assert moved == expected

    @rule(thing=things, amount=PRICES, ahead=st.integers(0, 3), lasts=st.sampled_from([None, 5, 60]))
    def change_price(self, thing: int, amount: int, ahead: int, lasts: int | None) -> None:
        """From some minutes ahead (never this very instant, at which orders may have been placed)."""
        variant = self.variants[thing]
        since = self.now + timedelta(minutes=ahead, microseconds=1)
        until = since + timedelta(minutes=lasts) if lasts else None
        set_price(variant, self.world.cn.id, amount, since=since, until=until, now=self.now - timedelta(minutes=1))
        self.model.prices[variant].append((since, until, amount))

    @precondition(lambda self: len(self.model.drops) < 3)
    @rule(
        units=st.lists(st.integers(1, 3), min_size=1, max_size=THINGS),
        limit=st.integers(1, 2),
        opens=st.integers(-5, 10),
        lasts=st.integers(1, 30),
        seconds=st.sampled_from([30, 900]),
    )
    def prepare_drop(self, units: list[int], limit: int, opens: int, lasts: int, seconds: int) -> None:
        """A drop of the first few things, if the warehouse can fund it."""
        opens_at = self.now + timedelta(minutes=opens)
        closes_at = opens_at + timedelta(minutes=lasts)
        home = self.world.warehouse.id
        enough = all(self.model.free(v, home) >= n for v, n in zip(self.variants, units, strict=False))
        items = [Item(v, n, limit) for v, n in zip(self.variants, units, strict=False)]
        try:
            drop = prepare(
                f"drop-{new_id()}", name={"en": "d"}, line={"en": "d"}, channel=self.world.web, opens_at=opens_at,
                closes_at=closes_at, items=items, now=self.now, payment_seconds=seconds,
            )  # fmt: skip
        except move.NotEnough:
            assert not enough
            return
        assert enough
        self.model.drops[drop.id] = ModelDrop(
            drop.id, drop.slug, drop.pool_id, opens_at, closes_at, seconds, {item.variant_id: limit for item in items}
        )
        for item in items:
            self.model.transfer(item.variant_id, item.units, home, drop.pool_id)

    # --- orders ---

    @rule(data=st.data(), size=st.integers(1, 4))
    def order(self, data: st.DataObject, size: int) -> None:
        """A batch at the door: new orders, and some that were sent before, perhaps with other contents."""
        requests = [self._request(data) for _ in range(size)]
        self.requests += requests
        expected = [self._model_places(request) for request in requests]
        note(f"{expected}")
        outcomes = place(requests, now=self.now)
        for outcome in outcomes:
            event(f"placing: {code(outcome)}")
        assert [code(outcome) for outcome in outcomes] == expected
        for outcome in outcomes:
            if isinstance(outcome, Placed):
                known = self.model.orders[outcome.id]
                assert (outcome.total, outcome.pay_by) == (known.total, known.pay_by)

    def _request(self, data: st.DataObject) -> Request:
        what = data.draw(st.sampled_from(["new"] * 7 + ["again", "other"]), "what")
        earlier = data.draw(st.sampled_from(self.requests), "request") if what != "new" and self.requests else None
        if earlier is not None and what == "again":
            return earlier
        wanted = data.draw(st.dictionaries(things, few, min_size=1, max_size=2), "lines")
        stale = data.draw(st.integers(0, 9), "stale") == 9
        lines = tuple(
            Line(variant, quantity, 77 if stale else self.model.price(variant, self.now) or 77)
            for variant, quantity in ((self.variants[thing], quantity) for thing, quantity in wanted.items())
        )
        drop = data.draw(st.sampled_from([None, *self.model.drops]), "drop")
        fan = self.fans[data.draw(fans, "fan")]
        return Request(earlier.id if earlier else new_id(), fan, self.world.web.id, lines, drop)

    def _model_places(self, r: Request) -> str:
        lines = tuple((line.variant_id, line.quantity, line.unit_price) for line in r.lines)
        return self.model.place(r.id, r.customer_id, r.drop_id, lines, self.now)

    @precondition(lambda self: self.model.orders)
    @rule(data=st.data(), own=st.sampled_from([True, True, True, False]))
    def cancel(self, data: st.DataObject, own: bool) -> None:
        """The customer, or somebody else, wants an order cancelled."""
        order = self._some_order(data)
        customer = self.model.orders[order].customer if own else self.fans[data.draw(fans, "fan")]
        expected = self.model.cancel(order, customer)
        event(f"cancelling: {expected}")
        assert cancel([Cancellation(order, customer)], now=self.now) == [expected]

    def _some_order(self, data: st.DataObject) -> UUID:
        return data.draw(st.sampled_from(list(self.model.orders)), "order")

    @precondition(lambda self: any(order.status == "placed" for order in self.model.orders.values()))
    @rule()
    def expire(self) -> None:
        """The worker comes by."""
        expected = self.model.expire(self.now)
        event(f"expiring: {min(expected, 2)}")
        assert expire(now=self.now) == expected

    # --- money ---

    @precondition(lambda self: self.model.orders)
    @rule(data=st.data(), size=st.integers(1, 3))
    def pay(self, data: st.DataObject, size: int) -> None:
        """Some payments: fresh ones, one in six of a wrong amount, and what the bank has told before."""
        self._settle([self._money(data) for _ in range(size)])

    def _money(self, data: st.DataObject) -> Money:
        again = data.draw(st.sampled_from([False, False, True]), "again")
        if again and self.told:
            money = data.draw(st.sampled_from(self.told), "money")
            return msgspec.structs.replace(money, amount=money.amount + (data.draw(st.integers(0, 5), "other") == 5))
        order = self._some_order(data)
        wrong = data.draw(st.integers(0, 5), "wrong") == 5
        self.told.append(Money(order, new_id(), "sandbox", self.model.orders[order].total + wrong, "CNY"))
        return self.told[-1]

    def _settle(self, money: list[Money]) -> None:
        expected = [self.model.settle(m.order_id, m.payment_id, m.amount, self.now) for m in money]
        for answer in expected:
            event(f"settling: {answer}")
        assert settle(money, now=self.now) == expected

    # --- time ---

    @rule(seconds=st.sampled_from([1, 30, 300, 899, 900, 3600]))
    def wait(self, seconds: int) -> None:
        """Time passes."""
        self.now += timedelta(seconds=seconds)

    @precondition(lambda self: not all(drop.finished for drop in self.model.drops.values()))
    @rule()
    def finish(self) -> None:
        """The worker clears up after drops."""
        expected = self.model.finish(self.now)
        event(f"finishing: {len(expected)}")
        assert sorted(finish(self.now)) == sorted(expected)

    @invariant()
    def balances_and_statuses_agree(self) -> None:
        """The real shop's books are the model's."""
        rows = Account.objects.values_list("variant_id", "location_id", "on_hand", "held")
        real = {(variant, place): (on_hand, held) for variant, place, on_hand, held in rows if on_hand}
        expected = {key: (n, self.model.held(*key)) for key, n in self.model.on_hand.items() if n}
        assert real == expected
        statuses = {order: Status(status).label for order, status in Order.objects.values_list("id", "status")}
        assert statuses == {order.id: order.status for order in self.model.orders.values()}
        for customer, drop, variant, units in Claim.objects.values_list(
            "customer_id", "drop_id", "variant_id", "quantity"
        ):
            assert units == self.model.claimed(customer, drop, variant)

    def teardown(self) -> None:
        """All is audited, refunds are what is owed, and the next run finds empty tables."""
        try:
            refund.collect(now=self.now)
            owed = {payment for (_, payment), (_, answer) in self.model.payments.items() if answer == "REFUND"}
            assert set(Refund.objects.values_list("payment_id", flat=True)) == owed
            assert self.world.breaches() == {}
        finally:
            empty_tables()


@pytest.mark.django_db(transaction=True)
def test_the_shop_does_what_its_model_does() -> None:
    run_state_machine_as_test(
        Shop,
        settings=settings(
            max_examples=RUNS,
            stateful_step_count=STEPS,
            deadline=None,
            report_multiple_bugs=False,
            derandomize="SETARIA_SIMULATION_RUNS" not in os.environ,  # the suite is the same every time
            suppress_health_check=list(HealthCheck),
        ),
    )
