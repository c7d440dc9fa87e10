"""What the audit sees of what orders cost beside their lines, and a breaker for each of those invariants."""

from collections.abc import Callable

import msgspec
from django.db import connection
from tests.guards import Unguarded
from tests.world import World

from setaria.trade.books.record import record
from setaria.trade.orders.requests import Charge, ChargeKind, Placed


class Charged:
    """An order with delivery, tax and something taken off, paid."""

    def __init__(self, world: World) -> None:
        self.world = world
        ask = world.ask(world.thing(price=10_000, stock=3), by=world.member())
        charges = (
            Charge(ChargeKind.DISCOUNT, -500, "staff:kindness", 0),
            Charge(ChargeKind.SHIPPING, 1_000, "shipping:standard"),
            Charge(ChargeKind.TAX_WITHIN, 1_093, "tax:1300", 0),
        )
        (order,) = world.place(msgspec.structs.replace(ask, charges=charges))
        assert isinstance(order, Placed)
        world.pay(order)
        self.order = order


def sql(statement: str, *params: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        assert cursor.rowcount == 1, f"breaks {cursor.rowcount} rows"


Breaker = Callable[[Charged, Unguarded], object]
BREAKERS: dict[str, Breaker] = {}


def breaks(breaker: Breaker) -> Breaker:
    BREAKERS[breaker.__name__] = breaker
    return breaker


@breaks
def charges_belong_to_orders(charged: Charged, _: Unguarded) -> object:
    sql("UPDATE orders_charge SET line = 7 WHERE order_id = %s AND kind = 4", charged.order.id)
    return f"{charged.order.id} 2 7"


@breaks
def no_line_costs_less_than_nothing(charged: Charged, _: Unguarded) -> object:
    sql("UPDATE orders_charge SET amount = -10001 WHERE order_id = %s AND kind = 3", charged.order.id)
    sql("UPDATE orders_charge SET amount = 10501 WHERE order_id = %s AND kind = 1", charged.order.id)
    return f"{charged.order.id} 0 -10001"


@breaks
def sales_are_what_was_charged(charged: Charged, _: Unguarded) -> object:
    record(now=charged.world.now)
    sql("UPDATE orders_charge SET amount = amount + 1 WHERE order_id = %s AND kind = 4", charged.order.id)
    return f"{charged.order.id} 1094 1093"
