"""More comes than can be served: what waits is bounded in time, and everybody gets a clear answer soon."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.db import connection

from setaria.gate import committer as committing
from setaria.gate.answers import RETRY_SECONDS_MAX
from setaria.gate.committer import BATCH_COUNTED_MIN, Committer
from setaria.trade.orders.models import Order
from tests.gate.client import Client, Response, until
from tests.gate.conftest import Night
from tests.gate.test_gate import held_stock, waiting_for_locks


@contextmanager
def stock_held(night: Night) -> Iterator[Callable[[], object]]:
    """Somebody else holds the hot product's row."""
    holding, release = held_stock(night)
    try:
        yield waiting_for_locks
    finally:
        release.set()
        holding.join()


@contextmanager
def backend_stopped(night: Night) -> Iterator[Callable[[], object]]:
    """The committer's server process neither answers nor hangs up."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND backend_type = 'client backend' AND query = 'COMMIT'"
        )
        pids = [row[0] for row in cursor.fetchall()]
    if not pids or not all(os.path.exists(f"/proc/{pid}") for pid in pids):
        pytest.skip("PostgreSQL does not run on this machine")
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield lambda: True
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


@pytest.mark.parametrize("standing", [stock_held, backend_stopped])
def test_a_database_that_stands_still_closes_the_door_and_opens_it_again(
    night: Night, gate: Client, monkeypatch: pytest.MonkeyPatch, standing: Callable[[Night], object]
) -> None:
    assert gate.order(night.drop, night.a_band).status == 201  # the committer has its connection
    monkeypatch.setattr(committing, "WAIT_SECONDS_MAX", 0.2)
    monkeypatch.setattr(committing, "SHED_SECONDS", 0.5)
    monkeypatch.setattr(committing, "UNSURE_SECONDS", 0.8)
    committer = gate.gate.orders.committer
    tokens = [gate.token(night.drop, customer) for customer in range(1, 6)]
    answers: dict[int, Response] = {}

    def post(number: int) -> threading.Thread:
        def run() -> None:
            answers[number] = gate.order(night.drop, night.a_phone, token=tokens[number])

        thread = threading.Thread(target=run)
        thread.start()
        return thread

    with standing(night) as stands:  # type: ignore[attr-defined]
        threads = [post(0)]
        until(lambda: committer._under_way and stands())
        threads += [post(1), post(2)]
        until(lambda: committer._room == 0 or len(answers) == 3)
        # From now on nobody is let in, and told so at once.
        refused = gate.order(night.drop, night.a_phone, token=tokens[3])
        assert refused.said == (503, "OVERLOADED")
        assert 1 <= int(refused.headers["retry-after"]) <= RETRY_SECONDS_MAX
        # Who waited is told that nothing was ordered; whose batch is under way, that we cannot tell.
        for thread in threads:
            thread.join()
        assert {number: answer.said for number, answer in answers.items()} == {
            0: (503, "UNSURE"), 1: (503, "OVERLOADED"), 2: (503, "OVERLOADED"),
        }  # fmt: skip
        assert committer._waiting == []
        if standing is stock_held:
            assert gate.ask("GET", f"/rush/{night.drop.slug}").status == 200
    until(lambda: not committer.full and not committer._under_way)
    assert Order.objects.filter(total=199900).count() == 1  # the unsure one
    assert {gate.order(night.drop, night.a_phone, token=token).status for token in tokens} == {201}
    assert Order.objects.filter(total=199900).count() == 5


def test_the_queue_is_as_long_as_what_is_served_in_a_second() -> None:
    committer: Committer[int, int] = Committer("test", list, batch_max=1_000, waiting_max=8_000)
    quick = [committer._served_after(1_000, 0.1) for _ in range(10)]
    assert quick[-1] == 8_000  # ten thousand a second: only memory is the limit
    slow = [committer._served_after(1_000, 2.0) for _ in range(10)]
    assert slow == sorted(slow, reverse=True)
    assert slow[0] < 1_000  # one slow batch is enough to see it
    assert slow[-1] == pytest.approx(500, rel=0.01)
    # A lone order takes as long as a hundred: that is no reason to turn a crowd away.
    lone = [committer._served_after(1, 0.003) for _ in range(10)]
    assert lone[-1] == 8_000
    stuck = [committer._served_after(1, 60.0) for _ in range(10)]
    assert stuck[-1] == BATCH_COUNTED_MIN


def test_pages_past_the_bound_are_told_so(night: Night, gate: Client) -> None:
    gate.gate.pages.busy = 256
    answer = gate.ask("GET", "/", headers={"Accept-Language": "en"})
    assert answer.said == (503, "OVERLOADED")
    assert 1 <= int(answer.headers["retry-after"]) <= RETRY_SECONDS_MAX
    gate.gate.pages.busy = 0
    assert gate.ask("GET", "/").status == 200
