"""One batch's questions behind another's commit: nothing is sold twice, lost or reordered, whatever fails."""

import threading
from collections.abc import Callable, Sequence
from typing import Any

import psycopg
import pytest
from django.db import connection

from setaria.gate import committer as committing
from setaria.kernel import clock
from setaria.kernel.batches import Steps, run
from setaria.kernel.ids import new_id
from setaria.trade.orders.models import Order
from setaria.trade.orders.place import placing
from setaria.trade.orders.requests import Line, Placed, Request
from tests.gate.client import Client, Response, until
from tests.gate.conftest import Night
from tests.gate.test_gate import held_stock, waiting_for_locks

Seen = list[tuple[str, int]]


def watch(gate: Client, seen: Seen, at: Callable[[str, int], None] = lambda what, size: None) -> None:
    """Note when a batch's questions are sent ("asks"), and when it is durable ("done")."""
    committer = gate.gate.orders.committer
    steps = committer._steps
    assert steps is not None

    def noted(requests: Sequence[Any]) -> Steps[Sequence[Any]]:
        def note(what: str) -> None:
            seen.append((what, len(requests)))
            at(what, len(requests))

        asking = steps(requests)
        try:
            next(asking)
            note("asks")
            yield
            next(asking)
            yield
            answers = run(asking)
        finally:
            asking.close()
        note("done")
        return answers

    committer._steps = noted


@pytest.fixture
def crowd(night: Night, gate: Client, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], list[Response]]:
    """Send one order, and so many more while it waits for the stock; return the answers in order."""
    monkeypatch.setattr(committing, "AHEAD_MIN", 1)
    assert (
        gate.order(night.drop, night.a_band, token=gate.token(night.drop, 99)).status == 201
    )  # the connection is there

    def send(more: int) -> list[Response]:
        holding, release = held_stock(night)
        answers: dict[int, Response] = {}
        posting = []
        committer = gate.gate.orders.committer
        for number in range(1 + more):
            token = gate.token(night.drop, 100 + number)

            def post(number: int = number, token: str = token) -> None:
                answers[number] = gate.order(night.drop, night.a_phone, token=token)

            posting.append(threading.Thread(target=post))
            posting[-1].start()
            until(lambda: bool(waiting_for_locks()) if committer.waiting == 0 else True)
            until(lambda number=number: committer.waiting == number)  # type: ignore[misc]
        release.set()
        for thread in (*posting, holding):
            thread.join()
        return [answers[number] for number in range(1 + more)]

    return send


def test_the_next_batch_asks_behind_the_commit_and_sees_what_it_sold(
    night: Night, gate: Client, crowd: Callable[[int], list[Response]]
) -> None:
    seen: Seen = []
    watch(gate, seen)
    answers = crowd(6)  # of five phones
    assert [answer.status for answer in answers] == [201] * 5 + [409] * 2  # in order of arrival
    assert seen == [("asks", 1), ("asks", 6), ("done", 1), ("done", 6)]


def test_a_lone_order_is_not_kept_waiting_for_company(night: Night, gate: Client) -> None:
    seen: Seen = []
    watch(gate, seen)
    assert gate.order(night.drop, night.a_phone).status == 201
    assert seen == [("asks", 1), ("done", 1)]


@pytest.mark.parametrize("moment", [("asks", 3), ("done", 1), ("done", 3)])
def test_a_connection_lost_with_two_batches_under_way_loses_neither(
    night: Night, gate: Client, crowd: Callable[[int], list[Response]], postgres: str, moment: tuple[str, int]
) -> None:
    def cut(what: str, size: int) -> None:
        if (what, size) == moment and cuts:
            with psycopg.connect(postgres, autocommit=True) as other:
                other.execute("SELECT pg_terminate_backend(%s)", [cuts.pop()])
            if what == "done":  # it is durable, and we never heard
                raise psycopg.OperationalError("the connection was lost")

    def backend() -> int:
        found: list[int] = []
        committer = gate.gate.orders.committer
        plain = committer._steps
        assert plain is not None

        def look(requests: Sequence[Any]) -> Steps[Sequence[Any]]:
            found.append(connection.connection.info.backend_pid)
            return plain(requests)

        committer._steps = look
        assert gate.order(night.drop, night.a_band, token=gate.token(night.drop, 98)).status == 201
        committer._steps = plain
        return found[0]

    cuts = [backend()]
    seen: Seen = []
    watch(gate, seen, cut)
    answers = crowd(3)
    assert cuts == []
    assert [answer.status for answer in answers] == [201] * 4
    assert len({answer.json["id"] for answer in answers}) == 4
    assert Order.objects.filter(total=199900).count() == 4


def test_the_lock_is_let_go_now_and_then(
    night: Night, gate: Client, crowd: Callable[[int], list[Response]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(committing, "AHEAD_RUN_MAX", 2)
    gate.gate.orders.committer._batch_max = 1
    seen: Seen = []
    watch(gate, seen)
    assert [answer.status for answer in crowd(5)] == [201] * 5 + [409]
    under_way, ahead = 0, []
    for what, _ in seen:
        if what == "asks":
            ahead.append(under_way)
        under_way += 1 if what == "asks" else -1
    assert ahead == [0, 1, 1, 0, 1, 1]  # the fourth was asked when nothing was under way


@pytest.mark.django_db(transaction=True)
def test_a_batch_given_up_half_way_leaves_nothing_and_a_usable_connection(night: Night) -> None:
    def one(customer: int) -> list[Request]:
        line = Line(night.phone.id, 1, 199900)
        return [Request(new_id(), customer, night.drop.channel_id, (line,), night.drop.id)]

    first, second = placing(one(1), now=clock.now()), placing(one(2), now=clock.now())
    next(first)
    next(first)  # committing
    next(second)  # asked behind it
    assert isinstance(run(first)[0], Placed)
    second.close()
    assert isinstance(run(placing(one(3), now=clock.now()))[0], Placed)
    assert set(Order.objects.values_list("customer_id", flat=True)) == {1, 3}
