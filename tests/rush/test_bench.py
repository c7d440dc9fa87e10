"""What the benchmark measures with, tried out: paced requests, screens, the door called directly."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from multiprocessing import Pipe
from pathlib import Path
from threading import Thread
from typing import ClassVar

import pytest

from setaria.kernel.invariants import all_invariants
from setaria.site.bench import books, ledger, screens
from setaria.site.bench.books_cli import growth
from setaria.site.bench.direct import Direct
from setaria.site.bench.ground import PRICE, Ground
from setaria.site.bench.load import OpenLoop, Sample, requests_of
from setaria.site.bench.screens import lateness
from setaria.site.rush.stage import add_customers
from setaria.trade.reconciliation.models import Difference
from tests.world import World


def test_an_order_is_as_late_as_on_the_slowest_screen():
    quick, slow = [(10.5, 5), (11.5, 7)], [(11.0, 6), (12.5, 7)]
    assert lateness([10.0, 11.0], 5, [quick, slow]) == [1.5, 1.5]


def test_an_order_that_a_screen_never_showed_is_late_for_ever():
    assert lateness([10.0, 11.0], 5, [[(10.5, 6)]]) == [0.5, float("inf")]


class Stub(asyncio.Protocol):
    """Answers each request, which comes in one piece, with the same bytes."""

    open: ClassVar[set[asyncio.BaseTransport]] = set()

    def __init__(self, answer: bytes) -> None:
        self._answer = answer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self.open.add(transport)

    def data_received(self, data: bytes) -> None:
        self._transport.write(self._answer)

    def connection_lost(self, error: Exception | None) -> None:
        self.open.discard(self._transport)


@asynccontextmanager
async def stub(answer: bytes) -> AsyncIterator[str]:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Stub(answer), "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        while Stub.open:
            for transport in list(Stub.open):
                transport.abort()
            await asyncio.sleep(0)


def test_an_open_loop_sends_what_is_due_and_no_more():
    async def run():
        async with stub(b"HTTP/1.1 409 Conflict\r\ncontent-length: 2\r\n\r\n{}") as url:
            sample = Sample(
                url=url, path="/x", connections=4, seconds=0.5, warm_seconds=0.1, drop_id=1, skus=["A"], price=1,
                secret="s" * 40, per_second_max=0, per_second=50, good=(409,),
            )  # fmt: skip
            return await OpenLoop(sample, requests_of(sample)).run()

    measured = asyncio.run(run())
    assert 0 < measured.good <= 30
    assert measured.others == {}


def test_screens_tell_what_they_were_shown():
    ours, theirs = Pipe()
    Thread(target=screens.serve, args=(theirs,), daemon=True).start()

    async def run():
        event = b'data: {"placed_orders":12,"x":1}\n\n'
        async with stub(b"HTTP/1.1 200 OK\r\n\r\n" + event) as url:
            loop = asyncio.get_running_loop()
            ours.send(screens.Open(url, "/wall/cn/stream", 3))
            assert await loop.run_in_executor(None, ours.recv) == 3
            ours.send(screens.Close())
            return await loop.run_in_executor(None, ours.recv)

    shown = asyncio.run(run())
    ours.close()
    assert [[orders for _, orders in one] for one in shown] == [[12]] * 3


@pytest.mark.django_db(transaction=True)
def test_a_batch_takes_two_round_trips(world: World):
    phone = world.thing(stock=1_000, price=PRICE)
    drop = world.drop({phone: 900}, limit=1)
    direct = Direct(Ground(drop.id, drop.slug, [phone.sku]), lambda: world.now, add_customers("direct", 800))
    assert direct.trips_a_batch(1) == 2
    assert direct.trips_a_batch(20) == 2
    assert direct.measure(10, 0.01).good >= 10


@pytest.mark.django_db(transaction=True)
def test_the_books_are_measured_as_they_grow(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(ledger, "ODD_EACH", 8)  # so that each way to differ comes, in the provider's file
    told: list[int] = []
    small, large = books.measure(os.getpid(), [24, 72], tmp_path, lambda text, orders: told.append(orders))
    assert (small.orders, large.orders, sum(told)) == (24, 72, 72)
    assert [step.name for step in small.steps] == [step.name for step in large.steps]
    rows = {step.name: step.rows for step in large.steps}
    assert rows["audit, all of it"] == 72
    assert (rows["orders placed"], rows["payments settled"], rows["entries made in the books"]) == (48, 48, 96)
    assert (
        rows["settlement file taken in and compared"] == 48
    )  # of six that differ, two are missing and two are too many
    assert set(Difference.objects.values_list("kind", flat=True)) == {"ours", "theirs", "amount"}
    assert {one.name for one in large.invariants} == {one.name for one in all_invariants()}


@pytest.mark.django_db(transaction=True)
def test_books_that_do_not_say_what_they_must_are_not_measured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(ledger, "ODD_EACH", 8)
    monkeypatch.setattr(ledger.Ledger, "differences", property(lambda self: 7, lambda self, value: None), raising=False)
    with pytest.raises(books.Wrong, match="3 differences were listed, not 7"):
        list(books.measure(os.getpid(), [24], tmp_path, lambda text, orders: None))


def test_growth_is_told_by_what_grew():
    def step(rows: int, seconds: float) -> books.Step:
        return books.Step("x", rows, seconds, 0.0, 0.0)

    assert growth(step(100, 1.0), step(1_000, 20.0), 11) == 2.0  # ten times the rows, twenty times the time
    assert growth(step(1, 1.0), step(1, 5.0), 10) == 0.5  # always one question, of ten times the orders
