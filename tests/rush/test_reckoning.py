"""The reckoning must notice what it is there for: each test breaks the database, or the notes, in one way."""

from uuid import UUID, uuid4

import pytest
from django.db import connection

from setaria.kernel.ids import new_id
from setaria.people.members.models import Member
from setaria.site.rush.reckoning import Supply, reckon
from setaria.trade.orders.place import place
from setaria.trade.orders.requests import Line, Placed, Request
from setaria.trade.orders.settle import Money, settle

pytestmark = pytest.mark.django_db(transaction=True)

PRICE = 100


class Night:
    """A drop of five units, two of them sold and paid for, with honest notes about it."""

    def __init__(self, world):
        self.variant = world.thing(price=PRICE, stock=100)
        self.drop = world.drop({self.variant: 5}, limit=1)
        self.now = world.now
        self.supplies = [Supply(self.variant.id, 5, 1)]
        self.wishes, self.acks, self.bank = [], [], []
        for number in range(2):
            self.pay(self.order(Member.objects.create(email=f"{number}@rush.invalid").id))

    def order(self, customer: int) -> UUID:
        """Place an order, and note the wish and its acknowledgement."""
        request = Request(new_id(), customer, self.drop.channel_id, (Line(self.variant.id, 1, PRICE),), self.drop.id)
        (placed,) = place([request], now=self.now)
        assert isinstance(placed, Placed)
        self.wishes.append((placed.id.bytes, customer, [self.variant.id]))
        self.acks.append((placed.id.bytes, placed.total, str(placed.pay_by)))
        return placed.id

    def pay(self, order: UUID, amount: int = PRICE) -> None:
        """Take money, and tell."""
        payment = new_id()
        settle([Money(order, payment, "sandbox", amount, "CNY")], now=self.now)
        self.bank.append((payment.bytes, order.bytes, amount))

    def broken(self) -> set[str]:
        """Which statements do not hold."""
        found = reckon(self.drop.id, self.supplies, self.wishes, self.acks, self.bank)
        return {statement.name for statement in found if statement.count}


@pytest.fixture
def night(broken_world):
    return Night(broken_world)


def sql(statement, *params):
    """Change the database behind every verb's back; triggers are told to look away."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(statement, params)
        cursor.execute("SET session_replication_role = DEFAULT")


def test_an_honest_night_has_nothing_broken(night):
    assert night.broken() == set()


def test_a_lost_order(night):
    order = UUID(bytes=night.acks[0][0])
    for table, column in (("orders_order", "id"), ("orders_line", "order_id"), ("orders_settlement", "order_id")):
        sql(f"DELETE FROM {table} WHERE {column} = %s", order)
    assert night.broken() == {"lost", "lost_money"}


def test_an_order_whose_total_was_changed(night):
    sql("UPDATE orders_order SET total = total + 1 WHERE id = %s", UUID(bytes=night.acks[0][0]))
    assert night.broken() >= {"lost"}


def test_an_order_acknowledged_in_two_ways(night):
    order, total, pay_by = night.acks[0]
    night.acks.append((order, total, pay_by + "x"))
    assert night.broken() == {"doubled"}


def test_an_order_written_down_twice(night):
    sql(
        "INSERT INTO orders_line SELECT order_id, 1, variant_id, location_id, quantity, unit_price FROM orders_line"
        " WHERE order_id = %s",
        UUID(bytes=night.acks[0][0]),
    )
    assert night.broken() == {"doubled", "over_limit"}


def test_a_basket_that_came_out_with_something_else_in_it(night):
    order, customer, variants = night.wishes[0]
    night.wishes[0] = (order, customer, [*variants, variants[0] + 1])
    assert night.broken() == {"doubled"}


def test_an_order_given_to_somebody_else(night):
    sql("UPDATE orders_order SET customer_id = customer_id + 1000 WHERE id = %s", UUID(bytes=night.acks[0][0]))
    assert night.broken() == {"doubled"}


def test_an_oversold_item(night):
    night.supplies = [Supply(night.variant.id, 1, 1)]
    assert night.broken() == {"oversold"}


def test_a_customer_over_the_limit(night):
    sql("UPDATE orders_order SET customer_id = (SELECT min(customer_id) FROM orders_order)")
    assert night.broken() == {"over_limit", "doubled"}


def test_an_order_that_nobody_asked_for(night):
    night.wishes.pop()
    assert night.broken() == {"phantom"}


def test_money_that_was_not_booked(night):
    night.bank.append((uuid4().bytes, night.acks[0][0], PRICE))
    assert night.broken() == {"lost_money"}


def test_money_owed_back_but_not_sent(night):
    night.pay(UUID(bytes=night.acks[0][0]))
    assert night.broken() == {"lost_money"}


def test_money_booked_that_the_bank_never_took(night):
    night.bank.pop()
    assert night.broken() == {"doubled_money"}


def test_an_order_paid_twice(night):
    night.pay(UUID(bytes=night.acks[0][0]))
    sql("UPDATE orders_settlement SET outcome = 1")
    assert night.broken() == {"doubled_money"}


def test_an_order_that_never_comes_to_anything(night):
    night.order(Member.objects.create(email="late@rush.invalid").id)
    assert night.broken() == {"unsettled"}
