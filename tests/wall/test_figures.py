"""The wall's figures are the orders (law 12), on short events and on long ones."""

from datetime import timedelta

import hypothesis.strategies as st
from hypothesis import given

from setaria.markets.events.plan import Period, plan_event
from setaria.sight.wall.event import LINGER, current, named, past
from setaria.sight.wall.figures import CURVE_POINTS_MAX, Figures, Reader, _step
from setaria.sight.wall.milestones import AMOUNTS
from setaria.sight.wall.recording import record
from setaria.trade.drops.models import Drop
from tests.world import DAY, HOUR, MINUTE, SECOND, World


def figures(world: World, market: str = "cn") -> Figures:
    event = current(market, world.now)
    assert event is not None
    return Reader(event).read(world.now)


def plan(world: World, slug: str, lasts: timedelta = DAY, previous: str | None = None) -> None:
    plan_event(
        slug, name={"en": slug}, previous=previous, now=world.now - MINUTE,
        periods=[Period(world.cn.id, world.now, world.now + lasts)],
    )  # fmt: skip


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
    assert (seen.paid_amount, seen.slug) == (200, drop.slug)
    world.later(LINGER)
    assert figures(world).slug is None


def test_the_next_event_is_announced(world: World) -> None:
    band = world.thing(stock=9)
    world.drop({band: 1}, slug="now", closes_at=world.now + 9 * DAY)
    world.drop({band: 1}, slug="later", opens_at=world.now + 2 * DAY)
    world.drop({band: 1}, slug="sooner", opens_at=world.now + DAY)
    seen = figures(world)
    assert (seen.slug, seen.next.name["en"]) == ("now", "sooner")


def test_drops_of_one_event_do_not_replace_each_other(world: World) -> None:
    plan(world, "festival")
    band = world.thing(price=100, stock=9)
    for _ in range(2):
        world.pay(world.placed(band, drop=world.drop({band: 1})))
        world.later(2 * HOUR)
        seen = figures(world)
    assert (seen.slug, seen.paid_amount, seen.next) == ("festival", 200, None)
    assert [event.slug for event in past("cn", world.now)] == ["festival"]


def test_an_event_has_its_own_minutes_and_no_others(world: World) -> None:
    band = world.thing(price=100, stock=9)
    world.pay(world.placed(band))
    world.later(MINUTE)
    plan(world, "hour", HOUR)
    world.pay(world.placed(band))
    world.later(HOUR)
    world.pay(world.placed(band))
    assert figures(world).paid_amount == 100


def test_one_reader_reads_on_and_stays_right(world: World) -> None:
    band, pen = world.thing("band", price=100, stock=99), world.thing("pen", price=10, stock=99)
    plan(world, "night")
    reader = Reader(current("cn", world.now))
    for minute in range(20):
        for thing in (band, pen)[: 1 + minute % 2]:
            world.pay(world.placed((thing, 1 + minute % 3)))
        seen, afresh = reader.read(world.now), figures(world)
        assert seen == afresh
        world.later(MINUTE)
    assert seen.paid_orders == 30


def test_best_sellers_rise_and_fall(world: World) -> None:
    things = [world.thing(name, price=100, stock=99) for name in "abc"]
    plan(world, "night")
    for units, thing in zip((3, 2, 1), things, strict=True):
        world.pay(world.placed((thing, units)))
    world.later(2 * MINUTE)
    world.pay(world.placed((things[2], 5)))
    assert [(s.name["en"], s.rise) for s in figures(world).best_sellers] == [("c", 2), ("a", -1), ("b", -1)]


def test_every_part_adds_up_to_the_whole(world: World) -> None:
    shop, shelf = world.channel("shop", world.cn)
    band = world.thing("band", price=100, stock=9)
    world.transfer(band, 4, world.warehouse, shelf)
    plan(world, "night")
    for order, region in ((world.placed(band), "广东省"), (world.placed((band, 2), channel=shop), "Guangdong")):
        world.address(order, region)
        world.pay(order)
    world.pay(world.placed(band))
    seen = figures(world)
    assert [(c.name["en"], c.amount, c.count) for c in seen.channels] == [("web", 200, 2), ("shop", 200, 1)]
    assert [(k.name["en"], k.amount, k.count) for k in seen.kinds] == [("Things", 400, 4)]
    assert [(p.name["en"], p.amount, p.count) for p in seen.products] == [("band", 400, 4)]
    assert [(r.region.code, r.amount, r.orders) for r in seen.regions] == [("GD", 300, 2)]
    assert [(m.market, m.currency, m.paid_amount) for m in seen.elsewhere] == [("cn", "CNY", 400)]


def test_milestones_name_the_order_that_passed_them(world: World) -> None:
    car = world.thing("car", price=AMOUNTS[0] // 2, stock=9)
    plan(world, "month", 30 * DAY)
    world.pay(world.placed(car))
    world.later(6 * HOUR + 7 * SECOND)
    crossing = world.placed(car)
    world.address(crossing, "浙江省")
    world.pay(crossing)
    assert figures(world).milestones[0].seconds is None  # not yet certain that nobody came before
    world.later(6 * HOUR)
    first, second, *_ = figures(world).milestones
    assert first.seconds == timedelta(hours=6, seconds=7).total_seconds()
    assert (first.order, first.product, first.region.code) == (crossing.id.hex[-6:], {"en": "car"}, "ZJ")
    assert second.seconds is None


def test_the_documented_record_is_in_yuan(world: World) -> None:
    records = [(m.amount, m.reference_seconds) for m in figures(world).milestones if m.reference_seconds]
    assert records == [(100_000_000_00, 237.0)]
    assert not any(m.reference_seconds for m in figures(world, "us").milestones)


def test_a_recording_ends_with_the_orders(world: World) -> None:
    band, pen = world.thing("band", price=100, stock=99), world.thing("pen", price=10, stock=99)
    plan(world, "night", HOUR)
    for minute in (0, 0, 3, 59):
        world.now = world.now.replace(minute=minute, second=30)
        orders = [world.placed(band), world.placed((pen, 3))]
        world.address(orders[0], "上海市")
        for order in orders:
            world.pay(order)
    world.later(DAY)
    told = record(named("cn", "night"), world.now)
    assert (told.step_minutes, len(told.paid_amount), told.seconds) == (1, 60, 3600)
    assert (sum(told.paid_amount), sum(told.paid_orders), sum(told.placed_orders)) == (520, 8, 8)
    assert {t.name["en"]: sum(n for _, n, _ in t.steps) for t in told.products} == {"band": 4, "pen": 12}
    assert [(t.region.code, sum(n for _, n, _ in t.steps)) for t in told.regions] == [("SH", 4)]
    assert told.channels[0].steps == [(0, 4, 260), (3, 2, 130), (59, 2, 130)]


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
    assert (seen.slug, seen.since) == (None, world.now - 5 * HOUR)
