"""Who gets a pass where a waiting room is: those let in, once, and nobody else by any door."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client

from setaria.kernel import clock
from setaria.people.members.models import Member
from setaria.trade.drops import passes
from setaria.trade.orders.models import Order
from setaria.trade.queues.turns import GRACE_SECONDS, order_id_of
from tests.queues.room import buy, enter, in_order, leave, opened, people, queued
from tests.world import MINUTE, World


def test_nobody_gets_one_before_their_number_is_reached(world: World) -> None:
    band = world.thing(stock=1)
    drop = queued(world, {band: 1})
    stranger = world.member()
    enter(world, drop, *people(world, 2))
    assert leave(drop, stranger, world.now) == "NOT_IN_ROOM"
    assert {
        leave(drop, each, world.now) for each in Member.objects.exclude(pk=stranger).values_list("pk", flat=True)
    } == {"NOT_YET"}
    opened(world, drop)
    first, second = in_order(drop)
    assert leave(drop, first, world.now).customer_id == first
    assert leave(drop, second, world.now) == "NOT_YET"
    assert leave(drop, stranger, world.now) == "NOT_IN_ROOM"


def test_a_turn_in_one_room_is_none_in_another(world: World) -> None:
    one, other = queued(world, {world.thing(stock=1): 1}), queued(world, {world.thing(stock=1): 1})
    fan = world.member()
    enter(world, one, fan)
    opened(world, one)
    assert leave(one, fan, world.now).drop_id == one.pk
    assert leave(other, fan, world.now) == "NOT_IN_ROOM"


def test_a_turn_is_one_order_from_however_many_devices(world: World) -> None:
    band = world.thing(stock=5)
    drop = queued(world, {band: 5}, limit=2)
    fan = world.member()
    enter(world, drop, fan)
    opened(world, drop)
    tabs = [leave(drop, fan, world.now), leave(drop, fan, world.now + MINUTE)]
    assert tabs[0].order_id == tabs[1].order_id
    asks = [world.ask(band, by=fan, drop=drop, id=each.order_id) for each in tabs]
    assert world.codes(*asks) == ["PLACED", "PLACED"]
    assert Order.objects.count() == 1
    assert leave(drop, fan, world.now) == "TURN_USED"


def test_the_pass_lapses_with_the_turn(world: World) -> None:
    drop = queued(world, {world.thing(stock=1): 1}, offer_seconds=60)
    fan = world.member()
    enter(world, drop, fan)
    opened(world, drop)
    token = leave(drop, fan, world.now + timedelta(seconds=30))
    assert token.lapses_at == int(world.now.timestamp()) + 60 + GRACE_SECONDS
    assert leave(drop, fan, world.now + timedelta(seconds=60)) == "TURN_OVER"


def test_a_sold_out_answer_does_not_use_the_turn_up(world: World) -> None:
    band, phone = world.thing(stock=1), world.thing(stock=1)
    drop = queued(world, {band: 1, phone: 1})
    enter(world, drop, *people(world, 2))
    opened(world, drop)
    first, second = in_order(drop)
    buy(world, drop, first, band)
    token = leave(drop, second, world.now)
    assert world.codes(world.ask(band, by=second, drop=drop, id=token.order_id)) == ["SOLD_OUT"]
    assert world.codes(world.ask(phone, by=second, drop=drop, id=token.order_id)) == ["PLACED"]


def test_the_orders_id_is_a_uuid_of_version_seven_of_that_instant(world: World) -> None:
    one = order_id_of(42, 7, world.now)
    assert (one.version, one.variant) == (7, "specified in RFC 4122")
    assert one.int >> 80 == int(world.now.timestamp() * 1000)
    assert len({one, order_id_of(43, 7, world.now), order_id_of(42, 8, world.now)}) == 3
    assert one == order_id_of(42, 7, world.now)


@pytest.mark.parametrize("state", ["stranger", "waiting", "turn", "signed out"])
def test_the_pass_door_says_so(world: World, client: Client, state: str) -> None:
    now = clock.now()
    world.now = now - MINUTE
    drop = queued(world, {world.thing(stock=1): 1}, opens_at=now)
    enter(world, drop, *people(world, 2))
    opened(world, drop)
    first, second = in_order(drop)
    who = {"stranger": world.member(), "waiting": second, "turn": first}.get(state)
    if who is not None:
        client.force_login(Member.objects.get(pk=who))
    answer = client.post(f"/drops/{drop.slug}/pass")
    said = {"stranger": (403, "NOT_IN_ROOM"), "waiting": (403, "NOT_YET"), "signed out": (401, "SIGN_IN")}
    if state == "turn":
        token = passes.read(passes.key_from(settings.SECRET_KEY), answer.json()["pass"], now.timestamp())
        assert token.customer_id == first
    else:
        assert (answer.status_code, answer.json()["code"]) == said[state]
