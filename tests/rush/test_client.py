"""The client's reading of answers, and how a job is repeated until it has one, against a server made for the test."""

import asyncio
from itertools import pairwise

import pytest

from setaria.site.rush.client import Connection, address, order_body, post
from setaria.site.rush.pool import Job, Pool

ANSWER = b"HTTP/1.1 201 Created\r\ncontent-type: application/json\r\ncontent-length: 11\r\n\r\n" + b'{"id":"ab"}'


class Owner:
    """Notes what a connection reports."""

    def __init__(self):
        self.answers = []

    def opened(self, connection):
        """Nothing to do."""

    def answered(self, connection, status, body):
        """Note it."""
        self.answers.append((status, body))

    def closed(self, connection):
        """Nothing to do."""


@pytest.mark.parametrize("cuts", [[], [1], [9, 40], [20, 21, 22], [len(ANSWER) - 1]])
def test_an_answer_in_pieces_is_one_answer(cuts):
    owner = Owner()
    connection = Connection(owner)
    edges = [0, *cuts, len(ANSWER)]
    for start, end in pairwise(edges):
        assert owner.answers == []
        connection.data_received(ANSWER[start:end])
    assert owner.answers == [(201, b'{"id":"ab"}')]


def test_a_request_says_how_long_it_is():
    body = order_body([("PHONE", 1, 199900)], "token")
    head, _, sent = post("/rush/d/orders", body, "shop", [("x-sandbox-signature", "ab")]).partition(b"\r\n\r\n")
    assert sent == body == b'{"lines":[{"sku":"PHONE","quantity":1,"price":199900}],"pass":"token"}'
    assert f"content-length: {len(body)}".encode() in head
    assert b"x-sandbox-signature: ab" in head


def test_an_address_is_http():
    assert address("http://127.0.0.1:8140/") == ("127.0.0.1", 8140)
    with pytest.raises(ValueError, match="http://"):
        address("https://shop.example")


def play(jobs, behave, connections=2):
    """Run jobs against a server that behaves as told per connection and request; the answers, in order of arrival."""
    answers = []

    async def serve(reader, writer):
        try:
            while request := await reader.readuntil(b"\r\n\r\n"):
                number = int(request.split(b" ")[1].removeprefix(b"/"))
                if await behave(number, writer):
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def main():
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        pool = Pool(
            "127.0.0.1", port, connections, lambda job, status, body, now: answers.append((job.about, status, now))
        )
        begun = asyncio.get_running_loop().time()
        for job in jobs(begun):
            pool.plan(job)
        await pool.run()
        server.close()
        await asyncio.sleep(0)
        return pool, begun

    return answers, *asyncio.run(main())


def numbered(count, due=lambda n: 0.0):
    return lambda begun: [
        Job(0, n, f"POST /{n} HTTP/1.1\r\ncontent-length: 0\r\n\r\n".encode(), begun + due(n)) for n in range(count)
    ]


async def polite(number, writer):
    writer.write(ANSWER)


def test_every_job_is_answered_and_none_before_it_is_due():
    answers, _, begun = play(numbered(5, due=lambda n: 0.05 * n), polite)
    assert sorted(about for about, _, _ in answers) == [0, 1, 2, 3, 4]
    assert all(at >= begun + 0.05 * about for about, _, at in answers)


def test_a_job_whose_connection_is_lost_is_sent_again():
    seen = []

    async def rude(number, writer):
        seen.append(number)
        if seen.count(number) == 1 and number % 2:
            return True  # hangs up without an answer
        writer.write(ANSWER)
        return False

    answers, pool, _ = play(numbered(6), rude)
    assert sorted(about for about, _, _ in answers) == [0, 1, 2, 3, 4, 5]
    assert sorted(seen) == [0, 1, 1, 2, 3, 3, 4, 5, 5]
    assert pool.lost == 3


def test_a_buyer_who_hangs_up_asks_again():
    seen = []

    async def slow(number, writer):
        seen.append(number)
        if len(seen) == 1:
            await asyncio.sleep(0.3)
        writer.write(ANSWER)

    def jobs(begun):
        (job,) = numbered(1)(begun)
        job.cut_after = 0.02
        return [job]

    answers, pool, _ = play(jobs, slow, connections=1)
    assert [about for about, _, _ in answers] == [0]
    assert seen == [0, 0]
    assert (pool.cuts, pool.lost) == (1, 1)
