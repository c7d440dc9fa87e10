"""What the audit sees of what is given back: points, cards, promises at the door, disputes; a breaker for each."""

import os
from collections.abc import Callable
from unittest.mock import patch

import msgspec
from django.db import connection
from tests.guards import Unguarded
from tests.world import DAY, SECOND, World

from setaria.kernel.ids import new_id
from setaria.trade.aftersales.take_back import Taken, Wish, take_back
from setaria.trade.giftcards.issue import issue
from setaria.trade.giftcards.models import Movement
from setaria.trade.giftcards.spend import spend
from setaria.trade.orders.requests import Charge, ChargeKind, Placed
from setaria.trade.orders.settle import Money
from setaria.trade.payments import refund
from setaria.trade.payments.begin import begin
from setaria.trade.payments.cash.hand_over import Brought, hand_over
from setaria.trade.payments.disputes import hear
from setaria.trade.payments.models import Dispute, Payment, Refund
from setaria.trade.payments.start import start
from setaria.trade.payments.words import Quarrel, Stand
from setaria.trade.points.earn import LATE, earn
from setaria.trade.points.models import Programme, Recall
from setaria.trade.points.returns import follow_returns
from setaria.trade.points.spend import reserve as reserve_points
from setaria.trade.promotions import spend as promotions
from setaria.trade.promotions.models import Promotion

BY = "staff@example.org"


class Back:
    """An order paid with points and a card and wholly taken back; one paid at the door, in part; one disputed."""

    def __init__(self, world: World) -> None:
        self.world, self.fan = world, world.member()
        Programme.objects.create(market=world.cn, earned_bp=1_000, share_max_bp=5_000, since=world.now - SECOND)
        world.pay(world.placed(world.thing(price=1_000, stock=1), by=self.fan))
        earn(now=world.now)
        self._taken_back()
        self._at_the_door()
        self._disputed()
        refund.send_due(now=world.now)
        earn(now=world.now + LATE + SECOND)
        Programme.objects.all().delete()  # what others buy here earns nothing
        follow_returns(now=world.now + LATE + SECOND)
        promotions.follow_returns(now=world.now)

    def _taken_back(self) -> None:
        world = self.world
        self.promotion = Promotion.objects.create(
            market=world.cn, name={"en": "Five"}, amount=5, since=world.now, until=world.now + DAY
        )
        ask = world.ask(world.thing(price=500, stock=1), by=self.fan)
        assert reserve_points(ask.id, self.fan, world.cn.pk, 30, now=world.now)
        promotions.reserve(ask.id, self.fan, [promotions.Wish(self.promotion.pk, 5)], now=world.now)
        charges = (
            Charge(ChargeKind.DISCOUNT, -5, f"promotion:{self.promotion.pk}", 0),
            Charge(ChargeKind.POINTS, -30, "points:spent", 0),
        )
        (order,) = world.place(msgspec.structs.replace(ask, charges=charges))
        assert isinstance(order, Placed)
        self.card, _ = issue(world.cn, 465, why="thanks", by="ada", now=world.now)
        spend(self.card, order.id, self.fan, now=world.now)
        earn(now=world.now)
        self.returned = take_back(Wish(new_id(), order.id, {0: 1}, "broken", BY), now=world.now)
        assert isinstance(self.returned, Taken)
        self.order = order

    def _at_the_door(self) -> None:
        world = self.world
        order = world.placed((world.thing(price=300, stock=2), 2), by=self.fan)
        payment = start(order.id, self.fan, "cash", world.now)
        assert isinstance(payment, Payment)
        with patch.dict(os.environ, {"SETARIA_CASH_MAX": "CNY:100"}):
            begin(payment)
        world.settle(Money(order.id, payment.pk, "cash", 600, "CNY"))
        Payment.objects.filter(pk=payment.pk).update(status="succeeded")
        take_back(Wish(new_id(), order.id, {0: 1}, "broken", BY), now=world.now)
        refund.send_due(now=world.now)
        hand_over([Brought(order.id, 300, "SF-1")], by=BY, now=world.now)
        self.door = payment

    def _disputed(self) -> None:
        world = self.world
        order = world.placed(world.thing(price=700, stock=1), by=self.fan)
        money = world.money(order)
        world.settle(money)
        Payment.objects.create(
            id=money.payment_id, order_id=order.id, provider="sandbox", amount=700, currency="CNY", status="succeeded",
            started_at=world.now, reference="pi-1",
        )  # fmt: skip
        hear("sandbox", [Quarrel("dp_1", "pi-1", 700, "CNY", Stand.HELD)], now=world.now)
        take_back(Wish(new_id(), order.id, {0: 1}, "broken", BY), now=world.now)
        hear("sandbox", [Quarrel("dp_1", "pi-1", 700, "CNY", Stand.LOST)], now=world.now)
        self.disputed = money.payment_id


def sql(statement: str, *params: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        assert cursor.rowcount == 1, f"breaks {cursor.rowcount} rows"


Breaker = Callable[[Back, Unguarded], object]
BREAKERS: dict[str, Breaker] = {}


def breaks(breaker: Breaker) -> Breaker:
    BREAKERS[breaker.__name__] = breaker
    return breaker


@breaks
def points_come_back_with_returns(back: Back, _: Unguarded) -> object:
    sql("UPDATE points_entry SET amount = 29 WHERE kind = 5")
    sql("UPDATE points_account SET balance = balance - 1 WHERE member_id = %s", back.fan)
    return f"{back.returned.id} 30 29"  # type: ignore[union-attr]


@breaks
def recalls_are_within_what_was_earned(back: Back, _: Unguarded) -> object:
    earned = Recall.objects.get(order_id=back.order.id).amount
    sql("UPDATE points_recall SET amount = amount + 1 WHERE order_id = %s", back.order.id)
    return f"{back.order.id} {earned + 1} {earned}"


@breaks
def promotions_come_back_with_all_of_an_order(back: Back, _: Unguarded) -> object:
    kept = "SELECT order_id FROM promotions_use WHERE state IN (2, 3)"
    sql(f"UPDATE promotions_use SET state = 5 WHERE order_id IN ({kept} LIMIT 1)")
    sql("UPDATE promotions_promotion SET used_uses = 0, used_amount = 0 WHERE used_uses = 1")
    sql("UPDATE promotions_code SET used = 0 WHERE used = 1")
    sql("UPDATE promotions_tally SET used = 0 WHERE used = 1")
    return ""


@breaks
def cards_get_back_what_is_sent_to_them(back: Back, _: Unguarded) -> object:
    sent = Refund.objects.get(order_id=back.order.id)
    moved = Movement.objects.get(id=sent.pk)
    sql("UPDATE giftcards_movement SET amount = 464 WHERE id = %s", moved.id)
    sql("UPDATE giftcards_card SET balance = 464 WHERE id = %s", back.card.pk)
    return f"{sent.pk} 465 464"


def counted_more(amount: int) -> None:
    """Let the counters agree with a promise that is tampered with: what is waived is not counted as paid."""
    sql("UPDATE orders_minuteorders SET paid_amount = paid_amount + %s WHERE (minute, slot) IN"
        " (SELECT minute, slot FROM orders_minuteorders WHERE paid_orders > 0 AND minute ="
        "  (SELECT date_trunc('minute', at) FROM payments_remittance) LIMIT 1)", amount)  # fmt: skip


@breaks
def promises_are_what_is_due(back: Back, _: Unguarded) -> object:
    sql("UPDATE cash_promise SET waived = 299")
    counted_more(1)
    return f"{back.door.pk} 600 299 300"


@breaks
def waivers_are_refunds(back: Back, _: Unguarded) -> object:
    about = Refund.objects.get(payment_id=back.door.pk).pk
    sql("UPDATE cash_waiver SET amount = 301")
    sql("UPDATE cash_promise SET waived = 301")
    counted_more(-1)
    return f"{about} 301 300"


@breaks
def disputes_cover_what_they_gave_back(back: Back, _: Unguarded) -> object:
    sql("UPDATE payments_dispute SET amount = 699")
    assert Dispute.objects.get().outcome == "lost"
    return f"{back.disputed} 700 699"
