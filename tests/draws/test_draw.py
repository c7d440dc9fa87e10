"""A draw's life: who may enter, what is sealed and drawn, and that nobody changes it afterwards."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection
from django.db.utils import InternalError

from setaria.sight.command.models import Incident
from setaria.site import worker
from setaria.trade.admission.lanes import Lane
from setaria.trade.draws import draw as drawing
from setaria.trade.draws.announce import CannotAnnounce, announce
from setaria.trade.draws.enter import BATCH_ENTRIES_MAX, Wish, enter
from setaria.trade.draws.models import Draw, Entry, Offer, Prize
from setaria.trade.draws.verify import digest
from setaria.trade.drops.models import Drop
from setaria.trade.orders.models import Event, Order, Status
from tests.draws.night import Night
from tests.world import DAY, HOUR, MICROSECOND, MINUTE, SECOND, World

# --- announcing ---


def test_the_hash_of_the_seed_is_there_from_the_first_moment_and_the_seed_is_not(world: World) -> None:
    night = Night(world)
    row = Draw.objects.values().get()
    assert len(row["seed_sha256"]) == 64
    assert row["seed"] == ""
    assert row["seed_sha256"] not in (digest(row["nonce"]), digest(bytes.fromhex(row["nonce"]).hex()))
    assert [(p.variant_id, p.places) for p in Prize.objects.all()] == [(night.phone.id, 2)]


def test_a_place_is_worth_the_limit_per_customer(world: World) -> None:
    phone = world.thing(stock=7)
    drop = world.drop({phone: 7}, limit=3, opens_at=world.now + DAY, admission=Drop.Admission.DRAW)
    announce(drop, opens_at=world.now, closes_at=world.now + HOUR, now=world.now)
    assert Prize.objects.get().places == 2


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"closes_at": DAY + MICROSECOND}, "before the drop opens"),
        ({"closes_at": timedelta(0)}, "in the future"),
        ({"opens_at": HOUR}, "open before they close"),
        ({"places": 3}, "3 places, but the pool has enough for 2"),
        ({"places": 0}, "0 places"),
        ({"places": None}, "nothing to draw for"),
        ({"offer_seconds": 0}, "for a second at least"),
        ({"admission": Drop.Admission.OPEN}, "its admission is open"),
    ],
)
def test_a_draw_that_would_not_work_is_not_made(world: World, change: dict[str, object], why: str) -> None:
    phone = world.thing(stock=2)
    drop = world.drop(
        {phone: 2}, opens_at=world.now + DAY, closes_at=world.now + 2 * DAY,
        admission=change.pop("admission", Drop.Admission.DRAW),
    )  # fmt: skip
    how = {"opens_at": timedelta(0), "closes_at": HOUR} | change
    instants = {name: world.now + how.pop(name) for name in ("opens_at", "closes_at")}
    if "places" in how:
        how["places"] = {} if how["places"] is None else {phone.id: how["places"]}
    with pytest.raises(CannotAnnounce, match=why):
        announce(drop, now=world.now, **instants, **how)
    assert not Draw.objects.exists()


def test_a_drop_has_one_draw(world: World) -> None:
    night = Night(world)
    with pytest.raises(CannotAnnounce, match="has its draw already"):
        announce(night.drop, opens_at=world.now, closes_at=world.now + HOUR, now=world.now)


# --- entering ---


def test_entering_twice_is_one_entry_and_the_last_choice_counts(world: World) -> None:
    night = Night(world, also=1)
    fan = world.member()
    assert night.enter(fan, fan) == ["ENTERED", "ENTERED"]
    assert night.enter(fan, item=night.band) == ["ENTERED"]
    (entry,) = Entry.objects.all()
    assert (entry.customer_id, entry.variant_id) == (fan, night.band.id)


def test_withdrawing_leaves_nothing_and_can_be_said_twice(world: World) -> None:
    night = Night(world)
    fan, other = night.fans(2)
    assert night.withdraw(fan, fan, world.member()) == ["WITHDRAWN"] * 3
    assert list(Entry.objects.values_list("customer_id", flat=True)) == [other]


def test_who_comes_back_has_the_same_pseudonym_so_nobody_tries_for_a_better_one(world: World) -> None:
    night = Night(world)
    (fan,) = night.fans(1)
    before = Entry.objects.get().pseudonym
    night.withdraw(fan)
    night.enter(fan)
    assert Entry.objects.get().pseudonym == before


def test_a_batch_answers_each(world: World) -> None:
    night = Night(world, also=1)
    fan, gone = world.member(), world.member(is_active=False)
    wishes = [
        Wish(night.id, fan, night.phone.id),
        Wish(night.id, 999_999, night.phone.id),
        Wish(night.id, gone, night.phone.id),
        Wish(night.id, fan, world.thing().id),
        Wish(night.id + 1, fan, night.phone.id),
    ]
    assert enter(wishes, now=world.now) == [
        "ENTERED", "UNKNOWN_CUSTOMER", "UNKNOWN_CUSTOMER", "UNKNOWN_ITEM", "UNKNOWN_DRAW",
    ]  # fmt: skip
    assert Entry.objects.count() == 1
    with pytest.raises(ValueError, match="at most"):
        enter(wishes[:1] * (BATCH_ENTRIES_MAX + 1), now=world.now)


def test_entries_are_taken_from_the_opening_until_before_the_closing(world: World) -> None:
    night = Night(world, opens_at=world.now + MINUTE)
    fan = world.member()
    said = []
    for at in (night.draw.opens_at - MICROSECOND, night.draw.opens_at, night.draw.closes_at - MICROSECOND):
        world.now = at
        said += night.enter(fan)
    world.now = night.draw.closes_at
    assert [*said, *night.enter(fan), *night.withdraw(fan)] == [
        "NOT_OPEN", "ENTERED", "ENTERED", "CLOSED", "CLOSED",
    ]  # fmt: skip


def test_lanes_say_who_may_enter_when(world: World) -> None:
    lanes = [
        Lane("early members", world.now, joined_before=world.now - DAY),
        Lane("fans", world.now + MINUTE, points_min=100),
    ]
    night = Night(world, lanes=lanes)
    old = world.member(joined_at=world.now - 2 * DAY)
    fan, new = world.member(joined_at=world.now, fan_points=100), world.member(joined_at=world.now)
    assert night.enter(old, fan, new) == ["ENTERED", "NOT_OPEN", "NOT_ELIGIBLE"]
    world.later(MINUTE)
    assert night.enter(fan, new) == ["ENTERED", "NOT_ELIGIBLE"]


# --- sealing and drawing ---


def test_nothing_is_sealed_before_the_closing_nor_twice(world: World) -> None:
    night = Night(world)
    night.fans(3)
    world.now = night.draw.closes_at - MICROSECOND
    assert not drawing.seal(night.id, now=world.now)
    assert not drawing.draw(night.id, now=world.now)
    world.now = night.draw.closes_at
    assert drawing.seal(night.id, now=world.now)
    assert not drawing.seal(night.id, now=world.now)
    assert drawing.draw(night.id, now=world.now)
    assert not drawing.draw(night.id, now=world.now)


def test_a_draw_ranks_everybody_and_offers_the_places_to_the_first(world: World) -> None:
    night = Night(world, units=2, also=1)
    fans, others = night.fans(5), night.fans(3, night.band)
    night.run()
    assert sorted(night.ranks()) == sorted(fans)
    assert sorted(night.ranks(night.band)) == sorted(others)
    assert night.offered() == {*night.ranks()[:2], *night.ranks(night.band)[:1]}
    draw = Draw.objects.get()
    assert digest(draw.seed) == draw.seed_sha256
    assert draw.entries_count == 8


def test_more_places_than_entries_are_a_place_each(world: World) -> None:
    night = Night(world, units=5)
    fans = night.fans(2)
    night.run()
    assert night.offered() == set(fans)
    assert night.pass_on(10 * SECOND) == 0


def test_a_draw_without_entries_comes_to_an_end(world: World) -> None:
    night = Night(world)
    night.run()
    assert not Offer.objects.exists()


def test_another_secret_draws_nothing(world: World, settings: object) -> None:
    night = Night(world)
    night.fans(1)
    night.close()
    drawing.seal(night.id, now=world.now)
    settings.SECRET_KEY = "another-secret-0123456789abcdef0123456789"  # type: ignore[attr-defined]
    with pytest.raises(drawing.WrongSeed):
        drawing.draw(night.id, now=world.now)
    assert Draw.objects.get().drawn_at is None
    for _ in range(3):  # however often the worker comes by, it is told once
        worker._draw()
    assert [entry.part for entry in Incident.objects.all()] == ["worker"]


# --- a witness ---


def test_a_draw_with_a_witness_waits_for_its_value(world: World) -> None:
    night = Night(world, witness_source="The closing value of the index on 12 November")
    night.fans(4)
    assert drawing.witness(night.draw, "3456.78") == "TOO_EARLY"
    night.close()
    drawing.seal(night.id, now=world.now)
    assert not drawing.draw(night.id, now=world.now)
    assert [drawing.witness(night.draw, value) for value in ("", "a\nb", "x" * 201)] == ["MALFORMED"] * 3
    assert [drawing.witness(night.draw, value) for value in (" 3456.78 ", "3456.78", "3456.79")] == [
        "TOLD", "TOLD", "TOLD_OTHERWISE",
    ]  # fmt: skip
    assert drawing.draw(night.id, now=world.now)
    assert Draw.objects.get().witness == "3456.78"


def test_a_draw_without_one_hears_none(world: World) -> None:
    night = Night(world)
    night.close()
    drawing.seal(night.id, now=world.now)
    assert drawing.witness(night.draw, "3456.78") == "NOT_ANNOUNCED"


# --- nobody changes it afterwards ---


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE draws_draw SET seed_sha256 = repeat('0', 64)",
        "UPDATE draws_draw SET nonce = ''",
        "UPDATE draws_draw SET closes_at = closes_at + interval '1 hour'",
        "UPDATE draws_draw SET witness_source = 'the weather'",
        "UPDATE draws_draw SET lanes = '[1]'",
        "UPDATE draws_draw SET entries_sha256 = repeat('0', 64)",
        "UPDATE draws_draw SET seed = repeat('0', 64)",
        "UPDATE draws_draw SET drawn_at = NULL, seed = ''",
        "UPDATE draws_prize SET places = places + 1",
        "DELETE FROM draws_prize",
        "UPDATE draws_entry SET rank = rank + 100",
        "UPDATE draws_entry SET pseudonym = upper(pseudonym)",
        "DELETE FROM draws_entry",
        "INSERT INTO draws_entry (draw_id, customer_id, variant_id, pseudonym, entered_at)"
        " SELECT draw_id, 1, variant_id, 'x', entered_at FROM draws_entry LIMIT 1",
    ],
)
def test_what_was_announced_sealed_or_drawn_stays(world: World, statement: str) -> None:
    night = Night(world)
    night.fans(3)
    night.run()
    with pytest.raises((IntegrityError, InternalError)), connection.cursor() as cursor:
        cursor.execute(statement)


# --- places that are not used ---


def test_a_pass_is_for_one_order_in_the_time_of_the_offer(world: World) -> None:
    night = Night(world)
    night.fans(4)
    night.run()
    first, second, third = night.ranks()[:3]
    assert night.leave(third) is None
    assert night.leave(first) is not None
    night.open()
    assert night.leave(first) == night.leave(first) == night.order(first).id
    world.now = night.drop.opens_at + HOUR - MICROSECOND
    assert night.leave(second) is not None
    world.later(MICROSECOND)
    assert night.leave(second) is None


def test_a_place_not_used_in_time_passes_on_after_a_grace(world: World) -> None:
    night = Night(world)
    night.fans(4)
    night.run()
    first, _second, third, fourth = night.ranks()
    night.open()
    night.order(first)
    world.pay(night.order(first))
    assert night.pass_on(HOUR) == 0  # the second's time is over; an order of theirs may still be on its way
    assert night.pass_on(30 * SECOND) == 1
    assert night.offered() == {third}
    assert Offer.objects.get(customer_id=third).until == world.now + HOUR
    assert night.leave(fourth) is None


def test_an_order_not_paid_in_time_passes_its_place_on(world: World) -> None:
    night = Night(world)
    night.fans(3)
    night.run()
    first, second, third = night.ranks()
    night.open()
    night.order(first)
    world.pay(night.order(second))
    assert night.pass_on(10 * MINUTE) == 0
    world.later(5 * MINUTE)
    assert world.expire() == 1
    assert night.pass_on(10 * SECOND) == 1
    assert night.offered() == {third}
    assert night.leave(first) is None
    world.pay(night.order(third))


def test_a_cancelled_order_passes_its_place_on(world: World) -> None:
    night = Night(world, units=1)
    night.fans(2)
    night.run()
    first, second = night.ranks()
    night.open()
    world.cancel(night.order(first))
    assert night.pass_on(10 * SECOND) == 1
    assert night.offered() == {second}


def test_the_last_hour_of_the_drop_is_the_last_of_an_offer(world: World) -> None:
    night = Night(world, offer_seconds=int((2 * DAY - MINUTE).total_seconds()))
    night.fans(3)
    night.run()
    third = night.ranks()[2]
    night.open()
    assert night.pass_on(2 * DAY - 30 * SECOND) == 2 - 1
    assert Offer.objects.get(customer_id=third).until == night.drop.closes_at
    assert night.pass_on(MINUTE) == 0


def test_a_late_payment_takes_the_unit_again_and_no_further_place_is_offered(world: World) -> None:
    night = Night(world, units=2, places=None)
    night.fans(4)
    night.run()
    first, second, *_ = night.ranks()
    night.open()
    late, prompt = night.order(first), night.order(second)
    world.pay(prompt)
    world.later(15 * MINUTE)
    world.expire()
    assert world.pay(late) == "PAID"  # before anybody looked
    assert night.pass_on(10 * SECOND) == 0


def test_a_late_payment_does_not_take_what_was_offered_to_the_reserve(world: World) -> None:
    night = Night(world, units=1)
    night.fans(2)
    night.run()
    first, second = night.ranks()
    night.open()
    late = night.order(first)
    world.later(15 * MINUTE)
    world.expire()
    assert night.pass_on(10 * SECOND) == 1
    assert world.pay(late) == "REFUND"
    assert (Order.objects.get(pk=late.id).status, night.offered()) == (Status.CANCELLED, {second})
    assert Event.objects.filter(order_id=late.id).order_by("at").last().note == "place passed on"  # type: ignore[union-attr]
    world.pay(night.order(second))


def test_places_are_looked_at_now_and_then_only(world: World) -> None:
    night = Night(world, units=1)
    night.fans(2)
    night.run()
    night.open()
    assert night.pass_on() == 0
    world.cancel(night.order(night.ranks()[0]))
    assert night.pass_on(4 * SECOND) == 0
    assert night.pass_on(1 * SECOND) == 1
