"""A payment that took its instant earlier commits later: the milestone waits for it, and then names the right order."""

import threading
import time
from datetime import timedelta

import pytest
from django.db import connection, transaction

from setaria.kernel import clock
from setaria.sight.wall import milestones
from setaria.sight.wall.event import current
from setaria.sight.wall.figures import Reader
from setaria.sight.wall.models import Milestone
from setaria.trade.orders.settle import settle
from tests.races.together import together
from tests.world import SECOND, World

WAIT_SECONDS_MAX = 20


@pytest.fixture
def tonight(transactional_db: None) -> World:
    """A world of this very moment, since PostgreSQL's own clock says when a transaction began."""
    return World(clock.now())


def waiting_for_a_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
        return bool(cursor.fetchone()[0])


def pass_while_an_earlier_payment_waits(world: World) -> tuple[object, list[object]]:
    """Return the earlier payment's order, and the milestones' orders as noted during the wait and after it."""
    car = world.thing("car", price=milestones.AMOUNTS[0], stock=3)
    world.drop({car: 1})
    early, late = (world.placed(car, by=world.member()) for _ in range(2))
    paid_at = clock.now()
    locked, noted = threading.Event(), threading.Event()
    found: list[object] = []

    def read() -> None:
        Reader(current("cn", clock.now())).read(clock.now() + 3 * SECOND)
        found.append(list(Milestone.objects.values_list("order_id", flat=True)))

    def hold() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM orders_order WHERE id = %s FOR UPDATE", [early.id])
            locked.set()
            noted.wait(WAIT_SECONDS_MAX)

    def pay_early() -> None:
        locked.wait(WAIT_SECONDS_MAX)
        assert settle([world.money(early)], now=paid_at) == ["PAID"]

    def pay_late_and_look() -> None:
        locked.wait(WAIT_SECONDS_MAX)
        while not waiting_for_a_lock():
            time.sleep(0.01)
        assert settle([world.money(late)], now=paid_at + timedelta(milliseconds=5)) == ["PAID"]
        read()
        noted.set()

    assert together(hold, pay_early, pay_late_and_look) == [None, None, None]
    patience = time.monotonic() + WAIT_SECONDS_MAX
    while not Milestone.objects.exists() and time.monotonic() < patience:  # other sessions may still be at work
        Reader(current("cn", clock.now())).read(clock.now() + 3 * SECOND)
    read()
    return early.id, found


def test_it_waits_and_names_the_earlier_order(tonight: World) -> None:
    early, found = pass_while_an_earlier_payment_waits(tonight)
    assert found == [[], [early]]
    assert tonight.breaches() == {}


def test_twin_without_waiting_it_names_the_later_one_for_good(tonight: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(milestones, "_UNDER_WAY", "SELECT NULL::timestamptz")
    early, found = pass_while_an_earlier_payment_waits(tonight)
    assert found[0] == found[1] != [early]
    assert list(tonight.breaches()) == ["milestones_agree_with_the_orders"]


def test_screens_of_several_processes_note_it_once(tonight: World) -> None:
    car = tonight.thing("car", price=milestones.AMOUNTS[0], stock=3)
    tonight.drop({car: 1})
    order = tonight.placed(car)
    tonight.pay(order)
    event, later = current("cn", clock.now()), clock.now() + 3 * SECOND
    seen = together(*[lambda: Reader(event).read(later)] * 4)
    assert {figures.milestones[0].order for figures in seen} <= {order.id.hex[-6:], ""}
    assert Reader(event).read(later).milestones[0].order == order.id.hex[-6:]
    assert Milestone.objects.count() == 1
