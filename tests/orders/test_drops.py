"""A drop's beginning and end: its pool, its price, what goes back."""

import pytest
from tests.world import DAY, HOUR, MINUTE, SECOND, World

from setaria.goods.inventory.models import Location
from setaria.goods.inventory.move import NotEnough
from setaria.goods.pricing.models import Price
from setaria.goods.pricing.price import LEAD
from setaria.kernel import clock
from setaria.trade.drops.models import Drop
from setaria.trade.drops.prepare import Item, finish, prepare


def test_a_drop_takes_its_units_out_of_the_warehouse(world: World) -> None:
    phone, band = world.thing(stock=10), world.thing(stock=10)
    night = world.drop({phone: 7, band: 10})
    assert (world.stock(phone), world.stock(band)) == ((3, 0), (0, 0))
    assert (world.stock(phone, night.pool), world.stock(band, night.pool)) == ((7, 0), (10, 0))
    assert (night.pool.kind, night.pool.parent) == ("pool", world.warehouse)


def test_a_drop_that_cannot_be_funded_is_not_made_at_all(world: World) -> None:
    phone, band = world.thing(stock=10), world.thing(stock=9)
    world.placed(phone)
    for units in ({band: 9, phone: 10}, {phone: 10}, {phone: 1, band: 10}):
        with pytest.raises(NotEnough):
            world.drop(units)
    assert (Drop.objects.count(), Location.objects.filter(kind="pool").count()) == (0, 0)
    assert (world.stock(phone), world.stock(band)) == ((10, 1), (9, 0))


def test_a_drops_price_holds_for_its_time_in_every_channel(world: World) -> None:
    phone = world.thing(price=199900, stock=10)
    opens, closes = world.now + HOUR, world.now + 2 * HOUR
    night = world.drop({phone: 5}, price=149900, opens_at=opens, closes_at=closes)
    for instant, price in ((opens - SECOND, 199900), (opens, 149900), (closes - SECOND, 149900), (closes, 199900)):
        world.now = instant
        assert world.price(phone) == price
    world.now = opens
    assert world.codes(world.ask((phone, 1, 149900), drop=night), world.ask((phone, 1, 149900))) == ["PLACED"] * 2


def test_what_a_drop_has_left_goes_back_once_nobody_can_pay_any_more(world: World) -> None:
    phone, band = world.thing(stock=10), world.thing(stock=10)
    night = world.drop({phone: 5, band: 3}, limit=2, payment_seconds=60)
    world.pay(world.placed((phone, 2), drop=night))
    world.later(HOUR - SECOND)
    world.placed((phone, 1), drop=night)
    for wait, expected in ((2 * SECOND, []), (MINUTE, []), (MINUTE - 2 * SECOND, [])):
        world.later(wait)
        assert finish(world.now) == expected
    world.later(2 * SECOND)
    assert (world.expire(), finish(world.now), finish(world.now)) == (1, [night.slug], [])
    assert (world.stock(phone, night.pool), world.stock(band, night.pool)) == ((2, 2), (0, 0))
    assert (world.stock(phone), world.stock(band)) == ((8, 0), (10, 0))


def test_a_drop_is_not_finished_before_its_last_unpaid_order_has_expired(world: World) -> None:
    phone = world.thing(stock=5)
    night = world.drop({phone: 5})
    world.placed(phone, drop=night)
    world.later(DAY)  # the worker was down
    assert finish(world.now) == []
    assert (world.expire(), finish(world.now)) == (1, [night.slug])
    assert (world.stock(phone), world.stock(phone, night.pool)) == ((5, 0), (0, 0))


def test_one_drop_that_waits_does_not_keep_others(world: World) -> None:
    phone = world.thing(stock=9)
    waits, over = world.drop({phone: 3}), world.drop({phone: 3})
    world.placed(phone, drop=waits)
    world.later(DAY)
    assert finish(world.now) == [over.slug]


def test_a_late_payment_after_the_end_finds_nothing_left(world: World) -> None:
    phone = world.thing(stock=5)
    night = world.drop({phone: 5})
    order = world.placed(phone, drop=night)
    world.later(DAY)
    world.expire()
    finish(world.now)
    assert (world.pay(order), world.stock(phone)) == ("REFUND", (5, 0))


def test_in_a_drop_that_is_open_already_its_own_price_begins_a_moment_later(world: World) -> None:
    now = clock.now()
    phone = world.thing(price=None, stock=5)
    Price.objects.create(variant=phone, market=world.cn, amount=100, valid=(now - DAY, None))
    prepare(
        "late", name={"en": "x"}, line={"en": "x"}, channel=world.web, opens_at=now - HOUR,
        closes_at=now + HOUR, items=[Item(phone.id, 1, 1, 50)], now=now,
    )  # fmt: skip
    book = Price.objects.filter(variant=phone).order_by("valid").values_list("amount", "valid")
    assert [(amount, times.lower, times.upper) for amount, times in book] == [
        (100, now - DAY, now + LEAD), (50, now + LEAD, now + HOUR), (100, now + HOUR, None),
    ]  # fmt: skip
