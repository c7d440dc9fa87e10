"""What the benchmark measures with, tried out: paced requests, screens, the door called directly."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from multiprocessing import Pipe
from threading import Thread
from typing import ClassVar

import pytest

from setaria.site.bench import screens
from setaria.site.bench.direct import Direct
from setaria.site.bench.ground import PRICE, Ground
from setaria.site.bench.load import OpenLoop, Sample, requests_of
from setaria.site.bench.screens import lateness
from setaria.site.rush.stage import add_customers
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
