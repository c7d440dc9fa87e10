"""Pages at the gate: what strangers do slowly, largely or cunningly costs no thread, and opens nothing."""

import asyncio
from typing import Any

import pytest

from setaria.gate import pages
from setaria.gate.pages import Pages
from tests.gate.client import page

Message = dict[str, Any]


def scope(method: str = "POST", path: str = "/basket/add", *headers: tuple[bytes, bytes]) -> Message:
    return {
        "type": "http", "http_version": "1.1", "method": method, "path": path, "root_path": "", "scheme": "http",
        "query_string": b"", "headers": [*headers], "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 2),
    }  # fmt: skip


def echo(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """Says what it was sent, and as what."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    names = sorted(name for name in environ if name.startswith("HTTP_"))
    return [environ["wsgi.input"].read(), b"|", ",".join(names).encode()]


class Stranger:
    """Sends what it is told to, and then nothing more for as long as it is not told to."""

    def __init__(self, *parts: bytes, ends: bool = True) -> None:
        self.inbox: asyncio.Queue[Message] = asyncio.Queue()
        for number, part in enumerate(parts, 1):
            more = not ends or number < len(parts)
            self.inbox.put_nowait({"type": "http.request", "body": part, "more_body": more})
        self.got: list[Message] = []
        self.reads = asyncio.Event()
        self.reads.set()

    async def take(self, message: Message) -> None:
        await self.reads.wait()
        self.got.append(message)

    @property
    def status(self) -> int:
        return self.got[0]["status"] if self.got else 0

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.got[1:])


def ask(shop: Pages, stranger: Stranger, asked: Message | None = None) -> asyncio.Task[None]:
    return asyncio.create_task(shop.answer(asked or scope(), stranger.inbox.get, stranger.take))


def test_a_form_reaches_the_page_whole_however_it_comes() -> None:
    async def story() -> None:
        stranger = Stranger(b"a=1", b"&b=2", b"")
        await ask(Pages(echo), stranger)
        assert (stranger.status, stranger.body) == (200, b"a=1&b=2|")

    asyncio.run(story())


def test_whoever_sends_nothing_holds_no_thread_and_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "FORM_SECONDS_MAX", 0.2)

    async def story() -> None:
        shop = Pages(page)
        slow = [Stranger(b"a", ends=False) for _ in range(3 * pages.PAGE_THREADS)]
        waiting = [ask(shop, one) for one in slow]
        await asyncio.sleep(0)
        quick = Stranger(b"")
        await asyncio.wait_for(ask(shop, quick), 0.15)
        assert quick.status == 200
        await asyncio.gather(*waiting)
        assert {one.status for one in slow} == {408}
        assert (shop.busy, shop._held_bytes) == (0, 0)

    asyncio.run(story())


def test_whoever_reads_nothing_holds_no_thread() -> None:
    async def story() -> None:
        shop = Pages(lambda environ, start: [*page(environ, start), *([b"more"] * 100)])
        slow = [Stranger(b"") for _ in range(3 * pages.PAGE_THREADS)]
        for one in slow:
            one.reads.clear()
        waiting = [ask(shop, one, scope("GET", "/")) for one in slow]
        quick = Stranger(b"")
        await asyncio.wait_for(ask(shop, quick, scope("GET", "/")), 5)
        assert quick.body == b"a page" + b"more" * 100
        while shop.busy:
            await asyncio.sleep(0.01)
        for one in slow:
            one.reads.set()
        await asyncio.gather(*waiting)
        assert {one.body for one in slow} == {quick.body}

    asyncio.run(story())


@pytest.mark.parametrize("limit, status", [("FORM_BYTES_MAX", 413), ("FORMS_BYTES_MAX", 503)])
def test_forms_have_a_limit_each_and_together(monkeypatch: pytest.MonkeyPatch, limit: str, status: int) -> None:
    monkeypatch.setattr(pages, limit, 1_000)

    async def story() -> None:
        shop = Pages(page)
        large = Stranger(b"x" * 600, b"y" * 600)
        await ask(shop, large)
        assert large.status == status
        small = Stranger(b"x")
        await ask(shop, small)
        assert small.status == 200

    asyncio.run(story())


def test_whoever_hangs_up_is_not_answered() -> None:
    async def story() -> None:
        called: list[object] = []
        shop = Pages(lambda environ, start: called.append(environ) or page(environ, start))
        gone = Stranger(b"half", ends=False)
        gone.inbox.put_nowait({"type": "http.disconnect"})
        await ask(shop, gone)
        assert (gone.got, called, shop._held_bytes) == ([], [], 0)

    asyncio.run(story())


def test_a_header_with_an_underscore_is_not_taken_for_the_one_with_a_hyphen() -> None:
    async def story() -> None:
        stranger = Stranger(b"")
        evil = (b"x_forwarded_for", b"203.0.113.9")
        await ask(Pages(echo), stranger, scope("POST", "/", (b"x-real", b"1"), evil))
        assert stranger.body == b"|HTTP_X_REAL"

    asyncio.run(story())


def test_a_query_in_letters_is_understood() -> None:
    async def story() -> None:
        stranger = Stranger(b"")
        shop = Pages(lambda environ, start: [*page(environ, start), environ["QUERY_STRING"].encode()])
        asked = scope("GET", "/search/") | {"query_string": "q=手机&p=%41".encode()}
        await ask(shop, stranger, asked)
        assert stranger.body == b"a pageq=%E6%89%8B%E6%9C%BA&p=%41"

    asyncio.run(story())


ELSEWHERE = "198.51.100.7"


@pytest.mark.parametrize(
    "peer, forwarded, proxies, seen",
    [
        ("127.0.0.1", "", "", True),
        (ELSEWHERE, "", "", False),
        ("127.0.0.1", ELSEWHERE, "", False),  # a proxy on this machine that nobody named
        ("127.0.0.1", "127.0.0.1", "", False),
        ("127.0.0.1", ELSEWHERE, "127.0.0.1", False),
        ("127.0.0.1", f"127.0.0.1, {ELSEWHERE}", "127.0.0.1", False),  # the first was made up
        ("10.0.0.1", "127.0.0.1", "10.0.0.1", True),
        (ELSEWHERE, "127.0.0.1", "10.0.0.1", False),
    ],
)
def test_the_figures_of_operators_are_theirs(
    settings: Any, peer: str, forwarded: str, proxies: str, seen: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ipaddress import ip_network

    from setaria.gate.metrics import may_watch

    settings.TRUSTED_PROXIES = [ip_network(proxies)] if proxies else []
    headers = [(b"x-forwarded-for", forwarded.encode())] if forwarded else []
    assert may_watch({"client": (peer, 1), "headers": headers}) is seen
