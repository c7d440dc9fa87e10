"""What the audit sees of what orders cost beside their lines, and a breaker for each of those invariants."""

from collections.abc import Callable

import msgspec
from django.db import connection
from tests.guards import Unguarded
from tests.world import DAY, SECOND, World

from setaria.trade.books.record import record
from setaria.trade.giftcards.issue import issue
from setaria.trade.giftcards.models import Movement
from setaria.trade.giftcards.spend import spend
from setaria.trade.orders.requests import Charge, ChargeKind, Placed
from setaria.trade.points.earn import earn
from setaria.trade.points.models import Programme
from setaria.trade.points.spend import reserve as reserve_points
from setaria.trade.promotions.models import Code, Promotion
from setaria.trade.promotions.spend import Wish, reserve


class Charged:
    """An order with delivery, tax, something taken off and a promotion used by its code, paid."""

    def __init__(self, world: World) -> None:
        self.world = world
        ask = world.ask(world.thing(price=10_000, stock=3), by=world.member())
        self.customer = ask.customer_id
        self.promotion = Promotion.objects.create(
            market=world.cn, name={"en": "Ten"}, amount=10, since=world.now, until=world.now + DAY, budget_uses=5
        )
        self.code = Code.objects.create(promotion=self.promotion, text="TEN", uses_max=5)
        reserve(ask.id, ask.customer_id, [Wish(self.promotion.pk, 10, self.code.pk)], now=world.now)
        charges = (
            Charge(ChargeKind.DISCOUNT, -10, f"promotion:{self.promotion.pk}", 0),
            Charge(ChargeKind.DISCOUNT, -500, "staff:kindness", 0),
            Charge(ChargeKind.SHIPPING, 1_000, "shipping:standard"),
            Charge(ChargeKind.TAX_WITHIN, 1_093, "tax:1300", 0),
        )
        (order,) = world.place(msgspec.structs.replace(ask, charges=charges))
        assert isinstance(order, Placed)
        world.pay(order)
        self.order = order
        Programme.objects.create(market=world.cn, earned_bp=1_000, share_max_bp=5_000, since=world.now - SECOND)
        earn(now=world.now)
        Programme.objects.all().delete()  # what others buy here earns nothing
        asked = world.ask(world.thing(price=100, stock=1), by=self.customer)
        assert reserve_points(asked.id, self.customer, world.cn.id, 40, now=world.now)
        points = (Charge(ChargeKind.POINTS, -40, "points:spent", 0),)
        (pointed,) = world.place(msgspec.structs.replace(asked, charges=points))
        assert isinstance(pointed, Placed)
        self.pointed = pointed
        self.card, _ = issue(world.cn, 50, why="thanks", by="ada", now=world.now)
        self.carded = world.placed(world.thing(price=100, stock=1), by=self.customer)
        spend(self.card, self.carded.id, self.customer, now=world.now)


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
    return f"{charged.order.id} 3 7"


@breaks
def no_line_costs_less_than_nothing(charged: Charged, _: Unguarded) -> object:
    sql("UPDATE orders_charge SET amount = -10001 WHERE order_id = %s AND position = 1", charged.order.id)
    sql("UPDATE orders_charge SET amount = 10501 WHERE order_id = %s AND kind = 1", charged.order.id)
    return f"{charged.order.id} 0 -10011"


@breaks
def sales_are_what_was_charged(charged: Charged, _: Unguarded) -> object:
    record(now=charged.world.now)
    sql("UPDATE orders_charge SET amount = amount + 1 WHERE order_id = %s AND kind = 4", charged.order.id)
    return f"{charged.order.id} 1094 1093"


@breaks
def promotions_are_their_uses(charged: Charged, _: Unguarded) -> object:
    sql("UPDATE promotions_promotion SET used_amount = 11 WHERE id = %s", charged.promotion.pk)
    return f"{charged.promotion.pk} 1 1 11 10"


@breaks
def coupons_are_their_uses(charged: Charged, _: Unguarded) -> object:
    sql("UPDATE promotions_code SET used = 2")
    return f"{charged.code.pk} 2 1"


@breaks
def tallies_are_uses(charged: Charged, _: Unguarded) -> object:
    sql("UPDATE promotions_tally SET used = 0 WHERE promotion_id = %s", charged.promotion.pk)
    return f"{charged.promotion.pk} {charged.customer} 0 1"


@breaks
def discounts_have_their_uses(charged: Charged, _: Unguarded) -> object:
    sql("UPDATE promotions_use SET amount = 9 WHERE promotion_id = %s", charged.promotion.pk)
    sql("UPDATE promotions_promotion SET used_amount = 9 WHERE id = %s", charged.promotion.pk)
    return f"{charged.order.id} {charged.promotion.pk} 10 9"


@breaks
def cards_are_their_movements(charged: Charged, _: Unguarded) -> object:
    sql("UPDATE giftcards_card SET balance = 1 WHERE id = %s", charged.card.pk)
    return f"{charged.card.pk} 1 0"


@breaks
def cards_pay_what_was_taken_off_them(charged: Charged, _: Unguarded) -> object:
    spent = Movement.objects.get(kind=2, order_id=charged.carded.id)
    sql("INSERT INTO giftcards_movement (id, kind, card_id, amount, order_id, at)"
        " VALUES (%s, 3, %s, 50, %s, now())", spent.id, charged.card.pk, charged.carded.id)  # fmt: skip
    sql("UPDATE giftcards_card SET balance = 50 WHERE id = %s", charged.card.pk)
    return f"{spent.id} {charged.carded.id} 50 -50 50"


@breaks
def points_are_their_entries(charged: Charged, _: Unguarded) -> object:
    sql("UPDATE points_account SET balance = balance + 1 WHERE member_id = %s", charged.customer)
    return f"{charged.customer} {charged.world.cn.id} "


@breaks
def points_on_orders_were_set_aside(charged: Charged, _: Unguarded) -> object:
    sql("UPDATE orders_charge SET amount = -39 WHERE order_id = %s", charged.pointed.id)
    sql("UPDATE orders_order SET total = 61 WHERE id = %s", charged.pointed.id)
    sql("UPDATE orders_minuteorders SET placed_amount = placed_amount + 1 WHERE minute = (SELECT"
        " date_trunc('minute', placed_at) FROM orders_order WHERE id = %s)", charged.pointed.id)  # fmt: skip
    return f"{charged.pointed.id} 39 40"


@breaks
def spendings_are_entries(charged: Charged, _: Unguarded) -> object:
    sql("DELETE FROM points_spending WHERE order_id = %s", charged.pointed.id)
    sql("DELETE FROM orders_charge WHERE order_id = %s", charged.pointed.id)
    sql("UPDATE orders_order SET total = 100 WHERE id = %s", charged.pointed.id)
    sql("UPDATE orders_minuteorders SET placed_amount = placed_amount + 40 WHERE minute = (SELECT"
        " date_trunc('minute', placed_at) FROM orders_order WHERE id = %s)", charged.pointed.id)  # fmt: skip
    return f"{charged.pointed.id} None 40"
