"""The waiting room over HTTP: who may take a place, what they are told, what it costs."""

from typing import Any

import msgspec
import pytest
from django.conf import settings
from prometheus_client import REGISTRY

from setaria.kernel import clock
from setaria.trade.drops.models import Drop
from setaria.trade.queues import tickets
from setaria.trade.queues.models import Queue, Waiter
from tests.gate.client import Client, Response, running, until
from tests.gate.conftest import Night
from tests.gate.conftest import gate as gate
from tests.gate.conftest import night as night
from tests.queues.room import KEY, buy, in_order, leave, numbers, queued
from tests.world import DAY, HOUR, MINUTE, SECOND


@pytest.fixture
def room(night: Night, gate: Client) -> Drop:
    """A drop whose waiting room has opened; one unit of the band."""
    drop = queued(night.world, {night.band: 1}, opens_at=clock.now() - MINUTE, closes_at=clock.now() + HOUR)
    return numbered(gate, drop)


@pytest.fixture
def tomorrow(night: Night, gate: Client) -> Drop:
    return known(gate, queued(night.world, {night.band: 1}, opens_at=clock.now() + DAY))


def known(gate: Client, drop: Drop) -> Drop:
    until(lambda: drop.slug in gate.gate.memory.drops and drop.slug in gate.gate.rooms.rooms)
    return drop


def numbered(gate: Client, drop: Drop) -> Drop:
    known(gate, drop)
    until(lambda: gate.gate.rooms.rooms[drop.slug].numbered_at)
    return drop


def joins() -> float | None:
    """Wishes that went to the database."""
    return REGISTRY.get_sample_value("setaria_room_joins_total")


def ticket(drop: Drop, customer: int) -> str:
    return tickets.issue(KEY, customer, drop.pk, clock.now())


def join(gate: Client, drop: Drop, customer: int, **more: Any) -> Response:
    body = msgspec.json.encode({"ticket": ticket(drop, customer), **more})
    return gate.ask("POST", f"/rush/{drop.slug}/room", body)


def ask(gate: Client, drop: Drop, customer: int) -> dict[str, Any]:
    answer = gate.ask("GET", f"/rush/{drop.slug}/room?ticket={ticket(drop, customer)}")
    assert answer.status == 200
    return answer.json


def standing(gate: Client, drop: Drop, customer: int) -> dict[str, Any]:
    return ask(gate, drop, customer)["room"]


def test_before_the_opening_one_is_in_and_has_no_number(night: Night, gate: Client, tomorrow: Drop) -> None:
    fan = night.world.member()
    assert join(gate, tomorrow, fan).json == {"number": None}
    until(lambda: gate.gate.rooms.rooms[tomorrow.slug].places == 1)
    told = ask(gate, tomorrow, fan)
    assert told["state"] == "before"
    assert told["room"]["state"] == "early"
    assert told["room"]["places"] == 1
    assert "number" not in told["room"]


def test_people_come_in_by_number_and_the_next_when_a_unit_comes_back(night: Night, gate: Client, room: Drop) -> None:
    first, second = night.world.member(), night.world.member()
    assert [join(gate, room, each).json for each in (first, second)] == [{"number": 1}, {"number": 2}]
    until(lambda: standing(gate, room, first)["state"] == "turn")
    told = standing(gate, room, second)
    assert (told["state"], told["number"], told["ahead"]) == ("waiting", 2, 0)
    assert "seconds" not in told  # nothing tells when a unit comes back
    night.world.now = clock.now()
    order = buy(night.world, room, first, night.band)
    until(lambda: standing(gate, room, second).get("gone"))
    until(lambda: standing(gate, room, second).get("unpaid") == 1)
    assert night.world.cancel(order) == "CANCELLED"
    until(lambda: standing(gate, room, second)["state"] == "turn")
    assert standing(gate, room, second)["until"] > clock.now().isoformat()[:19]


def test_joining_twice_is_the_same_place_and_the_second_time_costs_nothing(
    night: Night, gate: Client, room: Drop
) -> None:
    fan = night.world.member()
    assert join(gate, room, fan).json == {"number": 1}
    assert join(gate, room, fan).json == {"number": 1}
    until(lambda: fan in gate.gate.rooms.rooms[room.slug].numbers)
    asked = joins()
    assert join(gate, room, fan).json == {"number": 1}
    assert joins() == asked
    assert Waiter.objects.count() == 1


def test_a_number_is_known_to_a_process_that_was_restarted_and_to_another(
    night: Night, gate: Client, room: Drop
) -> None:
    fan = night.world.member()
    join(gate, room, fan)
    until(lambda: standing(gate, room, fan)["state"] == "turn")
    with running() as other:
        known(other, room)
        assert standing(other, room, fan)["number"] == 1
        assert join(other, room, night.world.member()).json == {"number": 2}
        assert join(gate, room, fan).json == {"number": 1}
    assert Queue.objects.get().places == 2


def test_who_was_early_finds_their_number_after_the_opening(night: Night, gate: Client) -> None:
    soon = queued(night.world, {night.band: 1}, opens_at=clock.now() + 2 * SECOND, closes_at=clock.now() + HOUR)
    known(gate, soon)
    fans = [night.world.member() for _ in range(5)]
    for fan in fans:
        assert join(gate, soon, fan).json["number"] is None
    until(lambda: standing(gate, soon, fans[0])["state"] != "early")
    assert {fan: standing(gate, soon, fan)["number"] for fan in fans} == numbers(soon)
    assert standing(gate, soon, in_order(soon)[0])["state"] == "turn"


def test_a_new_place_after_a_missed_turn(night: Night, gate: Client) -> None:
    drop = queued(
        night.world, {night.band: 1}, offer_seconds=1, opens_at=clock.now() - MINUTE, closes_at=clock.now() + HOUR
    )
    numbered(gate, drop)
    fan = night.world.member()
    join(gate, drop, fan)
    until(lambda: standing(gate, drop, fan)["state"] == "over")
    assert join(gate, drop, fan, again=True).json == {"number": 1}  # an order may still be on its way


def test_waiting_costs_the_database_nothing(night: Night, gate: Client, room: Drop, monkeypatch: Any) -> None:
    fan = night.world.member()
    join(gate, room, fan)
    until(lambda: standing(gate, room, fan)["state"] == "turn")
    asked = joins()
    monkeypatch.setattr(gate.gate.rooms, "_look", None)  # the background stands still
    until(lambda: not gate.gate.rooms.ready)
    assert standing(gate, room, fan)["number"] == 1
    assert joins() == asked


# --- who may not ---


def test_without_a_ticket_of_ours_there_is_neither_a_place_nor_a_word(night: Night, gate: Client, room: Drop) -> None:
    cases = {
        "": (403, "BAD_TICKET"),
        "名" * tickets.TICKET_CHARS: (403, "BAD_TICKET"),
        tickets.issue(tickets.key_from("another"), 1, room.pk, clock.now()): (403, "BAD_TICKET"),
        tickets.issue(KEY, 1, night.drop.pk, clock.now()): (403, "BAD_TICKET"),
        gate.token(room): (403, "BAD_TICKET"),
        tickets.issue(KEY, 1, room.pk, clock.now() - DAY - MINUTE): (403, "TICKET_LAPSED"),
    }
    for given, said in cases.items():
        body = msgspec.json.encode({"ticket": given})
        assert gate.ask("POST", f"/rush/{room.slug}/room", body).said == said
        assert gate.ask("GET", f"/rush/{room.slug}/room?ticket={given}").said == said
    assert gate.ask("GET", f"/rush/{room.slug}/room").said == (403, "BAD_TICKET")
    assert not Waiter.objects.exists()


def test_a_ticket_is_no_pass(night: Night, gate: Client, room: Drop) -> None:
    assert gate.order(room, night.a_band, token=ticket(room, 1)).said == (403, "BAD_PASS")


def test_a_turns_pass_orders_and_lapses(night: Night, gate: Client, room: Drop) -> None:
    fan = night.world.member()
    join(gate, room, fan)
    until(lambda: standing(gate, room, fan)["state"] == "turn")
    leave_to_order = leave(room, fan, clock.now())
    token = gate.token(room, fan, leave_to_order.order_id)
    assert gate.order(room, night.a_band, token=token).status == 201
    assert gate.order(room, night.a_band, token=token).status == 201
    until(lambda: standing(gate, room, fan).get("gone"))


def test_bad_input_gets_a_clear_error(gate: Client, room: Drop) -> None:
    path = f"/rush/{room.slug}/room"
    for body in (b"", b"[]", b'{"ticket": 1}', b'{"ticket": "", "again": 2}', b'{"ticket": "", "number": 1}', b"\xff"):
        assert gate.ask("POST", path, body).said == (400, "MALFORMED")
    assert gate.ask("POST", path, b"x" * 10_000).said == (413, "TOO_LARGE")
    assert gate.ask("PUT", path).said == (405, "WRONG_METHOD")


def test_where_there_is_no_room_it_says_so(night: Night, gate: Client) -> None:
    until(lambda: gate.gate.rooms.ready)  # before, it cannot know
    assert join(gate, night.drop, 1).said == (404, "NO_ROOM")
    assert gate.ask("POST", "/rush/no-such-sale/room", b"{}").said == (404, "UNKNOWN_DROP")


def test_the_pseudonym_at_the_gate_is_the_one_the_page_tells(night: Night, gate: Client, tomorrow: Drop) -> None:
    fan = night.world.member()
    join(gate, tomorrow, fan)
    key = tickets.key_from(settings.SECRET_KEY)
    assert Waiter.objects.get().pseudonym == tickets.pseudonym(key, fan, tomorrow.pk)
