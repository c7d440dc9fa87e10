"""The wall's figures are the orders (law 12), on short events and on long ones."""

from datetime import timedelta

import hypothesis.strategies as st
from hypothesis import given

from setaria.sight.wall.event import LINGER, current_event
from setaria.sight.wall.figures import CURVE_POINTS_MAX, MILESTONES, Figures, Reader, _step
from setaria.trade.drops.models import Drop
from tests.world import DAY, HOUR, MINUTE, SECOND, World


def figures(world: World) -> Figures:
    event = current_event("cn", world.now)
    assert event is not None
    return Reader(event.market_id, "cn", event.currency, event.since).read(world.now)


def test_they_are_the_orders(world: World) -> None:
    band, pen = world.thing("band", price=14900, stock=9), world.thing("pen", price=900, stock=9)
    drop = world.drop({band: 9}, limit=9)
    world.pay(world.placed((band, 2), drop=drop))
    world.later(MINUTE)
    world.pay(world.placed((pen, 1)))  # another channel's order of the same market counts too
    world.placed((band, 1), drop=drop)
    world.later(MINUTE)
    seen = figures(world)
    assert (seen.paid_amount, seen.paid_orders, seen.paid_units) == (30700, 2, 3)
    assert (seen.placed_amount, seen.placed_orders) == (45600, 3)
    assert seen.curve == [(0, 29800), (1, 900)]
    assert seen.last_minute_amount == 900
    assert [(s.name["en"], s.units) for s in seen.best_sellers] == [("band", 2), ("pen", 1)]


def test_a_sale_that_is_over_stays_and_stands_still(world: World) -> None:
    band = world.thing(price=100, stock=9)
    drop = world.drop({band: 5}, limit=9, payment_seconds=60)
    last = world.placed((band, 2), drop=drop)
    Drop.objects.filter(pk=drop.pk).update(closes_at=world.now + SECOND)
    world.later(30 * SECOND)
    world.pay(last)  # placed in the sale, paid just after its closing
    world.later(HOUR)
    world.pay(world.placed(band))  # sold the day after, so to say
    seen = figures(world)
    assert (seen.paid_amount, seen.sale.closes_at < seen.at) == (200, True)
    world.later(LINGER)
    assert figures(world).sale is None


def test_the_next_sale_is_announced(world: World) -> None:
    band = world.thing(stock=9)
    world.drop({band: 1}, slug="now", closes_at=world.now + 9 * DAY)
    world.drop({band: 1}, slug="later", opens_at=world.now + 2 * DAY)
    world.drop({band: 1}, slug="sooner", opens_at=world.now + DAY)
    seen = figures(world)
    assert (seen.sale.name["en"], seen.next_sale.name["en"]) == ("now", "sooner")


def test_milestones_are_dated_to_the_order_that_passed_them(world: World) -> None:
    car = world.thing("car", price=MILESTONES[0] // 2, stock=9)
    drop = world.drop({car: 9}, limit=9, closes_at=world.now + 30 * DAY)
    world.pay(world.placed(car, drop=drop))
    world.later(6 * HOUR + 7 * SECOND)
    world.pay(world.placed(car, drop=drop))
    world.later(6 * HOUR)
    first, second, *_ = figures(world).milestones
    assert first.seconds == timedelta(hours=6, seconds=7).total_seconds()
    assert second.seconds is None


def test_the_documented_record_is_in_yuan(world: World) -> None:
    records = [(m.amount, m.reference_seconds) for m in figures(world).milestones if m.reference_seconds]
    assert records == [(100_000_000_00, 237.0)]
    event = current_event("us", world.now)
    other = Reader(event.market_id, "us", event.currency, event.since).read(world.now)
    assert not any(m.reference_seconds for m in other.milestones)


def test_a_long_event_sends_no_more_points_than_a_screen_can_show(world: World) -> None:
    band = world.thing(price=100, stock=400)
    drop = world.drop({band: 400}, limit=400, closes_at=world.now + 40 * DAY)
    for _ in range(5):
        world.pay(world.placed(band, drop=drop))
        world.later(6 * DAY)
    seen = figures(world)
    assert sum(amount for _, amount in seen.curve) == seen.paid_amount == 500
    assert all(at % seen.curve_minutes == 0 for at, _ in seen.curve)
    assert DAY * 30 / MINUTE / seen.curve_minutes <= CURVE_POINTS_MAX


@given(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=200)))
def test_steps_are_as_fine_as_the_points_allow(elapsed: timedelta) -> None:
    step = _step(elapsed)
    assert elapsed / MINUTE / step <= CURVE_POINTS_MAX
    assert step == 1 or elapsed / MINUTE > CURVE_POINTS_MAX


def test_without_a_sale_it_is_the_markets_day(world: World) -> None:
    world.later(5 * HOUR)
    seen = figures(world)
    assert (seen.sale, seen.since) == (None, world.now - 5 * HOUR)
