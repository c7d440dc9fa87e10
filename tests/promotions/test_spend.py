"""Promotions are used as often as they may be, and what comes to nothing is given back."""

from uuid import UUID

import msgspec
import psycopg
import pytest

from setaria.kernel.ids import new_id
from setaria.trade.aftersales.take_back import Taken, take_back
from setaria.trade.aftersales.take_back import Wish as Returning
from setaria.trade.orders.models import Order
from setaria.trade.orders.requests import Charge, ChargeKind, Line, Placed, Request
from setaria.trade.promotions.codes import make_codes
from setaria.trade.promotions.models import Code, Promotion, Use
from setaria.trade.promotions.rules import Problem
from setaria.trade.promotions.spend import LATE, RESERVED_FOR, Wish, follow_returns, give_back, heal, reserve
from setaria.trade.quotes.queries import Choice, price
from tests.world import DAY, SECOND, World


def promotion(world: World, **fields: object) -> Promotion:
    """A tenth off for a day, for everybody with its code."""
    return Promotion.objects.create(
        **{"market": world.cn, "name": {"en": "Ten"}, "percent_bp": 1_000, "since": world.now, "until": world.now + DAY}
        | fields
    )


def used(one: Promotion) -> tuple[int, int]:
    one.refresh_from_db()
    return one.used_uses, one.used_amount


def discounted(
    world: World, one: Promotion, *, amount: int = 10, by: int | None = None, id: UUID | None = None
) -> Request:
    ask = world.ask(world.thing(price=100, stock=1), by=by, id=id)
    return msgspec.structs.replace(ask, charges=(Charge(ChargeKind.DISCOUNT, -amount, f"promotion:{one.pk}", 0),))


def bought(world: World, one: Promotion, *, code: Code | None = None, by: int | None = None) -> Placed:
    ask = discounted(world, one, by=by)
    wish = Wish(one.pk, 10, code.pk if code else None)
    assert reserve(ask.id, ask.customer_id, [wish], now=world.now) is None
    (order,) = world.place(ask)
    assert isinstance(order, Placed), order
    return order


def test_an_order_keeps_what_was_set_aside_for_it(world: World) -> None:
    one = promotion(world)
    order = bought(world, one)
    assert (order.total, used(one), Use.objects.get().state) == (90, (1, 10), Use.State.KEPT)
    world.pay(order)
    heal(now=world.now)
    assert Use.objects.get().state == Use.State.SPENT


def test_an_order_takes_no_discount_that_is_not_set_aside(world: World) -> None:
    one = promotion(world)
    ask = discounted(world, one)
    with pytest.raises(psycopg.errors.CheckViolation, match="not set aside"):
        world.place(ask)
    reserve(ask.id, ask.customer_id, [Wish(one.pk, 9)], now=world.now)
    with pytest.raises(psycopg.errors.CheckViolation, match="not set aside"):
        world.place(ask)  # so much, and no more
    assert (Order.objects.count(), used(one)) == (0, (1, 9))


def test_setting_aside_again_changes_nothing_and_otherwise_replaces(world: World) -> None:
    one, other, order = promotion(world), promotion(world), new_id()
    for _ in range(2):
        assert reserve(order, 1, [Wish(one.pk, 10)], now=world.now) is None
    assert used(one) == (1, 10)
    assert reserve(order, 1, [Wish(one.pk, 7), Wish(other.pk, 5)], now=world.now) is None
    assert (used(one), used(other)) == ((1, 7), (1, 5))
    assert reserve(order, 1, [], now=world.now) is None
    assert (used(one), used(other)) == ((0, 0), (0, 0))


@pytest.mark.parametrize(
    ("fields", "why"),
    [({"budget_uses": 1}, "USED_UP"), ({"budget_amount": 19}, "USED_UP"), ({"per_customer": 1}, "OVER_LIMIT")],
)
def test_a_budget_and_a_limit_hold_and_nothing_is_set_aside_beyond(
    world: World, fields: dict[str, int], why: str
) -> None:
    one, also = promotion(world, **fields), promotion(world)
    fan = world.member()
    bought(world, one, by=fan)
    assert reserve(new_id(), fan, [Wish(also.pk, 1), Wish(one.pk, 10)], now=world.now) == why
    assert (used(one), used(also)) == ((1, 10), (0, 0))


def test_a_code_works_as_often_as_it_says(world: World) -> None:
    one = promotion(world)
    (text,) = make_codes(one, 1)
    code = Code.objects.get(text=text)
    bought(world, one, code=code)
    assert reserve(new_id(), 1, [Wish(one.pk, 10, code.pk)], now=world.now) == "CODE_USED"
    assert reserve(new_id(), 1, [Wish(one.pk, 10, code.pk + 1)], now=world.now) == "CODE_USED"
    with pytest.raises(ValueError, match="Between"):
        make_codes(one, 0)


def test_a_promotion_is_over_when_it_is(world: World) -> None:
    one = promotion(world)
    assert reserve(new_id(), 1, [Wish(one.pk, 10)], now=one.until) == "OVER"
    assert reserve(new_id(), 1, [Wish(one.pk, 10)], now=one.since - SECOND) == "OVER"
    assert reserve(new_id(), 1, [Wish(one.pk + 1, 10)], now=world.now) == "OVER"


def test_what_was_refused_is_given_back(world: World) -> None:
    one = promotion(world)
    (text,) = make_codes(one, 1)
    ask = discounted(world, one)
    reserve(ask.id, ask.customer_id, [Wish(one.pk, 10, Code.objects.get(text=text).pk)], now=world.now)
    assert give_back([ask.id], now=world.now) == 1
    assert give_back([ask.id], now=world.now) == 0
    assert (used(one), Code.objects.get().used) == ((0, 0), 0)
    with pytest.raises(psycopg.errors.CheckViolation, match="not set aside"):
        world.place(ask)
    bought(world, one, code=Code.objects.get())


def test_an_order_that_is_placed_keeps_it_whoever_gives_back(world: World) -> None:
    one = promotion(world)
    order = bought(world, one)
    assert give_back([order.id], now=world.now) == 0
    assert reserve(order.id, 1, [], now=world.now) is None
    assert used(one) == (1, 10)


# --- what a crash or the clock leaves behind ---


def test_what_was_set_aside_for_an_order_that_never_came_is_given_back_in_time(world: World) -> None:
    one = promotion(world)
    reserve(new_id(), 1, [Wish(one.pk, 10)], now=world.now)
    assert heal(now=world.now + RESERVED_FOR) == 0
    assert heal(now=world.now + RESERVED_FOR + SECOND) == 1
    assert used(one) == (0, 0)


def test_a_cancelled_order_gives_it_back(world: World) -> None:
    one = promotion(world, per_customer=1)
    order = bought(world, one)
    world.cancel(order)
    assert heal(now=world.now) == 1
    assert used(one) == (0, 0)


def test_an_expired_order_gives_it_back_once_it_may_not_come_back(world: World) -> None:
    one = promotion(world)
    late, lost = bought(world, one), bought(world, one)
    world.now = late.pay_by
    world.expire()
    assert heal(now=world.now) == 0
    assert world.pay(late) == "PAID"  # late, with its discount
    world.now = lost.pay_by + LATE + SECOND
    assert heal(now=world.now) == 1
    assert world.pay(lost) == "REFUND"
    assert (world.status(late), world.status(lost), used(one)) == ("paid", "cancelled", (1, 10))


# --- who may ---


def test_codes_say_what_is_wrong_with_them(world: World) -> None:
    fan, buyer, thing = world.member(), world.member(), world.thing(stock=1)
    world.pay(world.placed(thing, by=buyer))
    for name, fields in {
        "OPEN": {}, "OVER": {"until": world.now + SECOND}, "SOON": {"since": world.now + DAY / 2},
        "GONE": {"budget_uses": 1, "used_uses": 1}, "SPENT": {"budget_amount": 5, "used_amount": 5},
        "FIRST": {"audience": "newcomers"}, "FAN": {"audience": "members"}, "HERE": {"market": world.us},
    }.items():  # fmt: skip
        Code.objects.create(promotion=promotion(world, **fields), text=name)
    Promotion.objects.update(used_uses=0, used_amount=0)
    Promotion.objects.filter(budget_uses=1).update(budget_uses=0)
    Promotion.objects.filter(budget_amount=5).update(budget_amount=0)

    def wrong(text: str, customer: int | None) -> Problem | None:
        lines, choice = [Line(thing.pk, 1, 100)], Choice(codes=(text.lower(),))
        quoted = price(lines, world.cn, choice, customer_id=customer, now=world.now + 2 * SECOND)
        assert bool(quoted.wishes) != bool(quoted.problems)
        return quoted.problems.get(text)

    assert [wrong(name, fan) for name in ("OPEN", "FIRST", "FAN")] == [None] * 3
    assert [wrong(name, fan) for name in ("NONE", "HERE", "SOON", "OVER", "GONE", "SPENT")] == [
        Problem.UNKNOWN, Problem.UNKNOWN, Problem.UNKNOWN, Problem.OVER, Problem.USED_UP, Problem.USED_UP,
    ]  # fmt: skip
    assert wrong("FIRST", buyer) == wrong("FIRST", None) == wrong("FAN", None) == Problem.NOT_YOURS


# --- paid, and taken back ---


def taken_back(world: World, order: Placed, units: int = 1) -> None:
    wish = Returning(new_id(), order.id, {0: units}, "broken", "ada@example.org")
    assert isinstance(take_back(wish, now=world.now), Taken)


def test_a_coupon_of_an_order_that_is_wholly_taken_back_works_again(world: World) -> None:
    one, fan = promotion(world, per_customer=1, budget_uses=1), world.member()
    code = Code.objects.create(promotion=one, text="ONCE", uses_max=1)
    order = bought(world, one, code=code, by=fan)
    world.pay(order)
    heal(now=world.now)
    assert follow_returns(now=world.now) == 0
    taken_back(world, order)
    assert [follow_returns(now=world.now) for _ in range(2)] == [1, 0]
    assert (used(one), Use.objects.get().state) == ((0, 0), Use.State.RETURNED)
    assert reserve(order.id, fan, [Wish(one.pk, 10)], now=world.now) is None  # of an order that is placed: nothing
    assert used(one) == (0, 0)
    bought(world, one, code=code, by=fan)
    assert used(one) == (1, 10)


def test_in_part_or_where_the_rule_says_no_it_stays_used(world: World) -> None:
    one, other = promotion(world), promotion(world, comes_back=False)
    ask = world.ask((world.thing(price=100, stock=2), 2))
    charges = tuple(Charge(ChargeKind.DISCOUNT, -10, f"promotion:{each.pk}", 0) for each in (one, other))
    reserve(ask.id, ask.customer_id, [Wish(one.pk, 10), Wish(other.pk, 10)], now=world.now)
    (order,) = world.place(msgspec.structs.replace(ask, charges=charges))
    assert isinstance(order, Placed)
    world.pay(order)
    taken_back(world, order)
    assert follow_returns(now=world.now) == 0
    world.later(SECOND)
    taken_back(world, order)
    assert follow_returns(now=world.now) == 1
    assert (used(one), used(other)) == ((0, 0), (1, 10))
