"""Places at the gate."""

import msgspec
import pytest
from django.conf import settings

from setaria.gate.intake import BODY_BYTES_MAX
from setaria.kernel import clock
from setaria.kernel.ids import new_id
from setaria.trade.drops import passes
from setaria.trade.payments.sandbox.notification import Notification
from setaria.trade.preorders.deposits import number_of
from setaria.trade.preorders.models import Place, State
from setaria.trade.preorders.passes import key_from
from tests.gate.client import Client, until
from tests.gate.conftest import Night
from tests.world import DAY, HOUR, MINUTE


def test_a_place_is_taken_and_the_same_pass_gets_the_first_answer(night: Night, gate: Client) -> None:
    fan, place = night.world.member(), new_id()
    token = gate.leave(night.programme, fan, place)
    first = gate.place(night.programme, token)
    assert (first.status, first.json) == (
        201, {"outcome": "taken", "id": str(place), "number": 1, "deposit_by": None},
    )  # fmt: skip
    assert gate.place(night.programme, token) == first
    assert gate.place(night.programme, gate.leave(night.programme, fan)).said == (409, "OVER_LIMIT")
    row = Place.objects.get()
    assert (row.pk, row.customer_id, row.number, row.state) == (place, fan, 1, State.STANDING)


def test_every_refusal(night: Night, gate: Client) -> None:
    fan = night.world.member()
    night.world.now = clock.now() + HOUR
    later = night.world.programme(5)
    night.world.now = clock.now() - HOUR
    over = night.world.programme(5, lasts=MINUTE)
    until(lambda: {later.slug, over.slug} <= gate.gate.memory.programmes.keys())
    token = gate.leave(night.programme, fan)
    lapsed = passes.issue(key_from(settings.SECRET_KEY), fan, night.programme.pk, new_id(), clock.now() - DAY)
    path = f"/rush/{night.programme.slug}/places"
    said = [
        gate.place(later, gate.leave(later, fan)).said,
        gate.place(over, gate.leave(over, fan)).said,
        gate.place(over, token).said,
        gate.place(night.programme, "x").said,
        gate.place(night.programme, lapsed).said,
        # A pass for a drop is none for a place, whatever its number.
        gate.place(night.programme, passes.issue(gate.key, fan, night.programme.pk, new_id(), clock.now())).said,
        gate.ask("POST", "/rush/no-such/places", b"{}").said,
        gate.ask("PUT", path).said,
        gate.ask("POST", path, b"{").said,
        gate.ask("POST", path, b'{"pass": "x", "lines": []}').said,
        gate.ask("POST", path, b" " * (BODY_BYTES_MAX + 1)).said,
        gate.place(night.programme, gate.leave(night.programme, 987_654_321)).said,
    ]
    assert said == [
        (409, "NOT_OPEN"), (409, "CLOSED"), (403, "BAD_PASS"), (403, "BAD_PASS"), (403, "PASS_LAPSED"),
        (403, "BAD_PASS"), (404, "UNKNOWN_DROP"), (405, "WRONG_METHOD"), (400, "MALFORMED"), (400, "MALFORMED"),
        (413, "TOO_LARGE"), (409, "LANE_NOT_OPEN"),
    ]  # fmt: skip
    assert Place.objects.count() == 0


def test_a_programmes_drop_takes_no_orders(night: Night, gate: Client) -> None:
    drop = night.programme.drop
    assert gate.order(drop, (night.programme.variant.sku, 1, 199_900)).said == (404, "UNKNOWN_DROP")
    assert gate.ask("GET", f"/rush/{drop.slug}").said == (404, "UNKNOWN_DROP")


def test_the_state_counts_what_is_committed(night: Night, gate: Client) -> None:
    for _ in range(3):
        gate.place(night.programme, gate.leave(night.programme, night.world.member()))
    until(lambda: state(night, gate)["taken"] == 3)
    told = state(night, gate)
    assert (told["state"], told["places"], told["left"]) == ("open", 50, 47)


def state(night: Night, gate: Client) -> dict:
    return gate.ask("GET", f"/rush/{night.programme.slug}/places").json


@pytest.mark.parametrize("status, outcome", [("succeeded", "PAID"), ("failed", "FAILED")])
def test_news_of_a_deposit_reaches_its_place(night: Night, gate: Client, status: str, outcome: str) -> None:
    programme = night.world.programme(5, deposit_amount=10_000, lasts=2 * HOUR)
    until(lambda: programme.slug in gate.gate.memory.programmes)
    place, order = new_id(), gate.order(night.drop, night.a_band).json["id"]
    assert gate.place(programme, gate.leave(programme, night.world.member(), place)).status == 201
    news = msgspec.json.encode(Notification(new_id(), number_of(place), status, 10_000, "CNY"))
    assert [gate.tell(news).json["outcome"] for _ in range(2)] == [outcome] * 2
    states = {"PAID": State.STANDING, "FAILED": State.HELD}
    assert Place.objects.get(pk=place).state == states[outcome]
    paid = msgspec.json.encode(Notification(new_id(), order, "succeeded", 14_900, "CNY"))
    assert gate.tell(paid).json["outcome"] == "PAID"
