"""The door: one line an event, ending in the expected code. The `world` fixture audits the books after each."""

import threading
from datetime import timedelta

import pytest
from django.db import transaction
from tests.world import DAY, HOUR, MICROSECOND, MINUTE, SECOND, World, code

from setaria.goods.catalog.models import Product
from setaria.goods.pricing.price import set_price
from setaria.kernel.ids import new_id
from setaria.trade.orders.models import Claim, Event, MinuteOrders, MinuteUnits, Order
from setaria.trade.orders.models import Line as LineRow
from setaria.trade.orders.place import place
from setaria.trade.orders.requests import BATCH_ORDERS_MAX, ORDER_LINES_MAX, Line, Placed, Refused, Request


def test_an_order_of_every_kind_gets_its_code(world: World) -> None:
    band = world.thing("band", price=14900, stock=10)
    unpriced = world.thing("unpriced", price=None, stock=10)
    unstocked = world.thing("unstocked")
    hidden = world.thing("hidden", stock=10)
    Product.objects.filter(pk=hidden.product_id).update(published=False)
    ask = world.ask
    events = [
        (ask(band), "PLACED"),
        (ask((band, 9)), "PLACED"),
        (ask(band), "SOLD_OUT"),
        (ask((band, 1, 14899)), "PRICE_CHANGED"),
        (ask(unpriced), "UNKNOWN_ITEM"),
        (ask(unstocked), "SOLD_OUT"),
        (ask(hidden), "UNKNOWN_ITEM"),
        (ask(), "MALFORMED"),
        (ask((band, 0)), "MALFORMED"),
        (ask((band, -1)), "MALFORMED"),
        (ask((band, 10_001)), "MALFORMED"),
        (ask((band, 1, 0)), "MALFORMED"),
        (ask((band, 1, -14900)), "MALFORMED"),
        (ask(band, band), "MALFORMED"),
        (ask(band, channel=world.us_web), "MARKET_INFORMS_ONLY"),
        (Request(new_id(), 1, 999, (Line(band.id, 1, 14900),)), "UNKNOWN_ITEM"),
        (Request(new_id(), 1, world.web.id, (Line(10**9, 1, 14900),)), "UNKNOWN_ITEM"),
        (Request(new_id(), 1, world.web.id, (Line(band.id, 1, 14900),), 999), "UNKNOWN_ITEM"),
        (Request(new_id(), 1, world.web.id, (Line(band.id, 1, 14900),), 0), "MALFORMED"),
        (Request(new_id(), 1, world.web.id, tuple(Line(n, 1, 1) for n in range(ORDER_LINES_MAX + 1))), "MALFORMED"),
    ]
    requests, expected = [event[0] for event in events], [event[1] for event in events]
    assert world.codes(*requests) == expected
    # One at a time it is the same: what was placed gets its first answer, what was refused is refused again.
    assert [code(world.place(request)[0]) for request in requests] == expected
    assert world.stock(band) == (10, 10)


def test_an_order_says_what_was_agreed(world: World) -> None:
    band, noodles = world.thing("band", price=14900, stock=5), world.thing("noodles", price=5990, stock=5)
    fan = world.member()
    order = world.placed((noodles, 3), band, by=fan)
    assert (order.total, order.currency, order.pay_by) == (3 * 5990 + 14900, "CNY", world.now + timedelta(seconds=900))
    row = Order.objects.get(pk=order.id)
    assert (row.customer_id, row.market_id, row.channel_id, row.drop_id, row.status, row.placed_at, row.paid_at) == (
        fan, world.cn.id, world.web.id, None, 1, world.now, None,
    )  # fmt: skip
    lines = LineRow.objects.filter(order_id=order.id).order_by("position")
    assert list(lines.values_list("position", "variant_id", "location_id", "quantity", "unit_price")) == [
        (0, noodles.id, world.warehouse.id, 3, 5990),
        (1, band.id, world.warehouse.id, 1, 14900),
    ]
    assert (world.stock(noodles), world.stock(band)) == ((5, 3), (5, 1))
    minute = world.now.replace(second=0, microsecond=0)
    counted = MinuteOrders.objects.filter(minute=minute).values_list("placed_orders", "placed_amount", "paid_orders")
    assert list(counted) == [(1, order.total, 0)]
    units = MinuteUnits.objects.filter(minute=minute).values_list("product_id", "placed_units", "placed_amount")
    assert sorted(units) == sorted([(noodles.product_id, 3, 17970), (band.product_id, 1, 14900)])


def test_lines_are_placed_all_or_none(world: World) -> None:
    band, last = world.thing("band", stock=10), world.thing("last", stock=1)
    events = [
        (world.ask((band, 2), (last, 2)), "SOLD_OUT"),
        (world.ask((last, 1), (band, 11)), "SOLD_OUT"),
        (world.ask((band, 2), (last, 1, 1)), "PRICE_CHANGED"),
        (world.ask((band, 2), last), "PLACED"),
        (world.ask(band, last), "SOLD_OUT"),
        (world.ask((band, 8)), "PLACED"),
    ]
    outcomes = world.place(*[request for request, _ in events])
    assert [code(outcome) for outcome in outcomes] == [expected for _, expected in events]
    assert isinstance(outcomes[0], Refused)
    assert outcomes[0].variant_id == last.id  # which line was the reason
    assert (world.stock(band), world.stock(last)) == ((10, 10), (1, 1))


def test_orders_of_a_batch_are_served_in_order_of_arrival(world: World) -> None:
    band = world.thing(stock=3)
    requests = [world.ask((band, n)) for n in (2, 2, 1, 1)]
    assert world.codes(*requests) == ["PLACED", "SOLD_OUT", "PLACED", "SOLD_OUT"]


def test_a_batch_has_a_limit_and_may_be_empty(world: World) -> None:
    assert place([], now=world.now) == []
    one = world.ask(world.thing())
    with pytest.raises(ValueError, match="at most 2000"):
        place([one] * (BATCH_ORDERS_MAX + 1), now=world.now)


def test_place_commits_by_itself_and_refuses_to_run_inside_a_transaction(world: World) -> None:
    band = world.thing(stock=1)
    with transaction.atomic(), pytest.raises(RuntimeError, match="commits by itself"):
        world.place(world.ask(band))
    assert world.stock(band) == (1, 0)


# --- limits ---


def test_the_limit_counts_a_customers_living_orders_only(world: World) -> None:
    phone = world.thing(stock=20)
    night = world.drop({phone: 10}, limit=3, payment_seconds=60)
    fan, other = world.member(), world.member()

    def ask(n: int, by: int = fan) -> Request:
        return world.ask((phone, n), by=by, drop=night)

    assert world.codes(ask(4)) == ["OVER_LIMIT"]
    assert world.codes(ask(2), ask(2), ask(1), ask(1), ask(3, other)) == [
        "PLACED", "OVER_LIMIT", "PLACED", "OVER_LIMIT", "PLACED",
    ]  # fmt: skip
    assert world.codes(ask(1)) == ["OVER_LIMIT"]
    first = Order.objects.filter(customer_id=fan, total=200).get()
    world.cancel(Placed(first.id, 0, "", world.now))  # 2 of the 3 are free again
    assert world.codes(ask(3), ask(2)) == ["OVER_LIMIT", "PLACED"]
    world.later(61 * SECOND)
    assert world.expire() == 3  # nobody paid: all of it
    assert world.codes(ask(1), ask(2), ask(1)) == ["PLACED", "PLACED", "OVER_LIMIT"]
    assert Claim.objects.get(customer_id=fan).quantity == 3


def test_paid_units_count_against_the_limit_for_good(world: World) -> None:
    phone = world.thing(stock=5)
    night, fan = world.drop({phone: 5}), world.member()
    assert world.pay(world.placed(phone, by=fan, drop=night)) == "PAID"
    world.later(30 * MINUTE)
    assert world.expire() == 0
    assert world.codes(world.ask(phone, by=fan, drop=night)) == ["OVER_LIMIT"]


def test_limits_are_by_item_and_by_drop(world: World) -> None:
    phone, band = world.thing(stock=10), world.thing(stock=10)
    night, second, fan = world.drop({phone: 2, band: 2}), world.drop({phone: 2}), world.member()
    assert world.codes(
        world.ask(phone, by=fan, drop=night),
        world.ask(band, by=fan, drop=night),
        world.ask(band, phone, by=fan, drop=night),
        world.ask(phone, by=fan, drop=second),
        world.ask((phone, 8), by=fan),  # what the warehouse has left, outside any drop
        world.ask(phone, by=fan),
    ) == ["PLACED", "PLACED", "OVER_LIMIT", "PLACED", "SOLD_OUT", "PLACED"]


def test_a_lowered_limit_binds_later_orders_only(world: World) -> None:
    phone = world.thing(stock=9)
    night, fan, other = world.drop({phone: 9}, limit=3), world.member(), world.member()
    assert world.codes(world.ask((phone, 2), by=fan, drop=night)) == ["PLACED"]
    night.items.update(limit_per_customer=1)
    assert world.codes(world.ask(phone, by=fan, drop=night)) == ["OVER_LIMIT"]
    assert world.codes(world.ask(phone, by=other, drop=night)) == ["PLACED"]


# --- replay ---


def test_an_id_sent_again_in_the_same_batch_gets_the_first_answer(world: World) -> None:
    band = world.thing(stock=1)
    ask = world.ask(band)
    outcomes = world.place(ask, ask, world.ask(band), ask)
    assert [code(outcome) for outcome in outcomes] == ["PLACED", "PLACED", "SOLD_OUT", "PLACED"]
    assert outcomes[0] == outcomes[1] == outcomes[3]
    assert world.stock(band) == (1, 1)


def test_an_id_sent_again_later_gets_the_first_answer_whatever_has_changed(world: World) -> None:
    phone = world.thing(price=100, stock=5)
    night = world.drop({phone: 1})
    ask = world.ask(phone, by=world.member(), drop=night)
    (first,) = world.place(ask)
    world.later(2 * HOUR)  # sold out, closed, expired, finished and dearer
    world.expire()
    set_price(phone.id, world.cn.id, 200, since=world.now, now=world.now - MINUTE)
    assert world.place(ask) == [first]
    assert world.status(ask.id) == "expired"
    assert Event.objects.filter(order_id=ask.id).count() == 1


def test_an_id_sent_again_by_another_connection_gets_the_first_answer(world: World) -> None:
    band = world.thing(stock=5)
    ask = world.ask((band, 2))
    (first,) = world.place(ask)
    found: list[object] = []

    def elsewhere() -> None:
        from django.db import connection

        found.extend(place([ask], now=world.now + SECOND))
        connection.close()

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert found == [first]
    assert world.stock(band) == (5, 2)


def test_an_id_with_other_contents_is_refused(world: World) -> None:
    band, noodles = world.thing(stock=50), world.thing(stock=50)
    night, fan, id = world.drop({band: 10}, limit=9), world.member(), new_id()
    assert world.codes(world.ask((band, 2), noodles, by=fan, id=id)) == ["PLACED"]
    others = [
        world.ask((band, 2), noodles, by=fan, id=id),
        world.ask((band, 3), noodles, by=fan, id=id),
        world.ask((band, 2, 99), noodles, by=fan, id=id),
        world.ask(noodles, (band, 2), by=fan, id=id),
        world.ask((band, 2), by=fan, id=id),
        world.ask((band, 2), noodles, by=world.member(), id=id),
        world.ask((band, 2), noodles, by=fan, id=id, channel=world.us_web),
        world.ask((band, 2), by=fan, drop=night, id=id),
        world.ask(by=fan, id=id),
    ]
    assert world.codes(*others) == ["PLACED"] + ["ID_CONFLICT"] * 7 + ["MALFORMED"]


def test_a_refusal_is_not_remembered(world: World) -> None:
    band = world.thing()
    ask = world.ask(band)
    assert world.codes(ask) == ["SOLD_OUT"]
    world.receive(band, 1)
    assert world.codes(ask) == ["PLACED"]


# --- price and time ---


def test_the_price_changes_at_its_instant(world: World) -> None:
    phone = world.thing(price=199900, stock=10)
    change = world.now + HOUR
    set_price(phone.id, world.cn.id, 149900, since=change, until=change + HOUR, now=world.now)
    for instant, price in [
        (change - MICROSECOND, 199900),
        (change, 149900),
        (change + HOUR - MICROSECOND, 149900),
        (change + HOUR, 199900),
    ]:
        world.now = instant
        wrong = 149900 + 199900 - price
        assert world.codes(world.ask((phone, 1, wrong)), world.ask((phone, 1, price))) == ["PRICE_CHANGED", "PLACED"]


def test_a_drop_opens_and_closes_to_the_microsecond(world: World) -> None:
    phone = world.thing(stock=10)
    opens, closes = world.now + HOUR, world.now + 2 * HOUR
    night = world.drop({phone: 10}, opens_at=opens, closes_at=closes)
    for instant, expected in [
        (opens - DAY, "NOT_OPEN"),
        (opens - MICROSECOND, "NOT_OPEN"),
        (opens, "PLACED"),
        (closes - MICROSECOND, "PLACED"),
        (closes, "CLOSED"),
        (closes + DAY, "CLOSED"),
    ]:
        world.now = instant
        assert world.codes(world.ask(phone, drop=night)) == [expected], instant


def test_a_drop_sells_its_items_from_its_pool_only(world: World) -> None:
    phone, band = world.thing(stock=10), world.thing(stock=10)
    night = world.drop({phone: 2}, limit=5)
    assert world.codes(
        world.ask(band, drop=night),
        world.ask(phone, band, drop=night),
        world.ask((phone, 3), drop=night),
        world.ask((phone, 2), drop=night),
        world.ask((phone, 9)),
        world.ask((phone, 8)),
    ) == ["UNKNOWN_ITEM", "UNKNOWN_ITEM", "SOLD_OUT", "PLACED", "SOLD_OUT", "PLACED"]
    assert (world.stock(phone), world.stock(phone, night.pool)) == ((8, 8), (2, 2))


def test_a_drop_is_ordered_through_its_own_channel_only(world: World) -> None:
    phone = world.thing(stock=10)
    night = world.drop({phone: 5})
    app, _ = world.channel("app", world.cn)
    elsewhere = [world.ask(phone, drop=night, channel=channel) for channel in (app, world.us_web)]
    assert world.codes(*elsewhere) == [
        "UNKNOWN_ITEM", "UNKNOWN_ITEM",
    ]  # fmt: skip


def test_a_market_that_stops_selling_refuses_from_then_on(world: World) -> None:
    band = world.thing(stock=5)
    order = world.placed(band)
    world.cn.mode = "inform"
    world.cn.save()
    assert world.codes(world.ask(band)) == ["MARKET_INFORMS_ONLY"]
    assert world.pay(order) == "PAID"  # what was promised is kept


# --- nonsense from outside ---

INT4, INT8 = 2**31, 2**63


@pytest.mark.parametrize(
    "field, value",
    [
        (field, value)
        for field in ("variant_id", "quantity", "unit_price", "customer_id", "channel_id", "drop_id")
        for value in (-1, INT4 - 1, INT4, -INT4, -INT4 - 1, INT8 - 1, INT8, -INT8 - 1, 2**200, -(2**200))
    ],
)
def test_a_huge_or_negative_number_is_refused_and_harms_no_neighbour(world: World, field: str, value: int) -> None:
    band = world.thing(stock=5)
    line = {"variant_id": band.id, "quantity": 1, "unit_price": 100}
    order = {"customer_id": 1, "channel_id": world.web.id, "drop_id": None}
    (line if field in line else order)[field] = value
    strange = Request(new_id(), lines=(Line(**line),), **order)
    before, bad, after = world.place(world.ask(band), strange, world.ask(band))
    assert (code(before), code(after)) == ("PLACED", "PLACED")
    allowed = {"MALFORMED", "UNKNOWN_ITEM", "PRICE_CHANGED", "SOLD_OUT"}
    if field == "customer_id" and 0 < value < INT8:
        allowed = {"PLACED"}  # the door knows no people; an invariant does
        Order.objects.filter(pk=strange.id).update(customer_id=world.member())
    assert code(bad) in allowed


@pytest.mark.parametrize("price", [INT8 - 1, INT8 // 2, 10**15])
def test_a_sum_past_what_the_books_can_hold_is_refused(world: World, price: int) -> None:
    gold = world.thing("gold", price=price, stock=20_000)
    assert code(world.place(world.ask((gold, 10_000)))[0]) == "MALFORMED"


def test_stock_past_32_bits_is_sold(world: World) -> None:
    grain = world.thing("grain", stock=10**12)
    assert world.codes(world.ask((grain, 10_000))) == ["PLACED"]
    assert world.stock(grain) == (10**12, 10_000)
