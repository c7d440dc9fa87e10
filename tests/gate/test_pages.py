"""Pages at the gate: what strangers do slowly, largely or cunningly costs no thread, and opens nothing."""

import asyncio
from base64 import b64encode
from hashlib import sha256
from typing import Any

import msgspec
import pytest
from django.http import HttpRequest, HttpResponse

from setaria.gate import pages
from setaria.gate.answers import MESSAGES
from setaria.gate.pages import Pages
from setaria.site.pages import Pages as Django
from tests.gate.client import page, said

Message = dict[str, Any]


def scope(method: str = "POST", path: str = "/basket/add", *headers: tuple[bytes, bytes]) -> Message:
    return {
        "type": "http", "http_version": "1.1", "method": method, "path": path, "root_path": "", "scheme": "http",
        "query_string": b"", "headers": [*headers], "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 2),
    }  # fmt: skip


def echo(scope: Message, form: bytes) -> list[Message]:
    """Says what it was sent."""
    return said(form)


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
        assert (stranger.status, stranger.body) == (200, b"a=1&b=2")

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
        shop = Pages(lambda scope, form: said(b"a page" * 100))
        slow = [Stranger(b"") for _ in range(3 * pages.PAGE_THREADS)]
        for one in slow:
            one.reads.clear()
        waiting = [ask(shop, one, scope("GET", "/")) for one in slow]
        quick = Stranger(b"")
        await asyncio.wait_for(ask(shop, quick, scope("GET", "/")), 5)
        assert quick.body == b"a page" * 100
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
        shop = Pages(lambda scope, form: called.append(scope) or page(scope, form))
        gone = Stranger(b"half", ends=False)
        gone.inbox.put_nowait({"type": "http.disconnect"})
        await ask(shop, gone)
        assert (gone.got, called, shop._held_bytes) == ([], [], 0)

    asyncio.run(story())


class Asked(Django):
    """Django without the store behind it: what its views would see of a request."""

    def get_response(self, request: HttpRequest) -> HttpResponse:
        self.request = request
        response = HttpResponse(b"a page", headers={"X-One": "1"})
        response.set_cookie("a", "1", httponly=True)
        response.set_cookie("b", "2")
        return response


def test_a_header_with_an_underscore_is_not_taken_for_the_one_with_a_hyphen() -> None:
    django = Asked()
    django(scope("POST", "/", (b"x-real", b"1"), (b"x_forwarded_for", b"203.0.113.9"), (b"x-real", b"2")), b"")
    assert {name: value for name, value in django.request.META.items() if name.startswith("HTTP_")} == {
        "HTTP_X_REAL": "1,2"
    }


def test_a_query_in_letters_is_understood() -> None:
    django = Asked()
    django(scope("GET", "/search/") | {"query_string": "q=手机&p=%41".encode()}, b"")
    assert django.request.META["QUERY_STRING"] == "q=%E6%89%8B%E6%9C%BA&p=%41"
    assert django.request.GET.dict() == {"q": "手机", "p": "A"}
    django(scope("GET", "/search/") | {"query_string": b"q=\xff\xfe"}, b"")
    assert django.request.GET["q"] == "\ufffd\ufffd"


def test_a_form_is_read_and_an_answer_taken_whole() -> None:
    django = Asked()
    kind = (b"content-type", b"application/x-www-form-urlencoded")
    start, body = django(scope("POST", "/basket/add", kind, (b"content-length", b"7")), b"a=1&b=2")
    assert django.request.POST.dict() == {"a": "1", "b": "2"}
    assert (start["status"], body["body"]) == (200, b"a page")
    assert [pair for pair in start["headers"] if pair[0] != b"content-type"] == [
        (b"x-one", b"1"), (b"set-cookie", b"a=1; HttpOnly; Path=/"), (b"set-cookie", b"b=2; Path=/"),
    ]  # fmt: skip


def test_what_breaks_outside_of_django_leaves_nothing_held() -> None:
    async def story() -> None:
        def broken(scope: Message, form: bytes) -> list[Message]:
            raise KeyError("of all things")

        shop = Pages(broken)
        stranger = Stranger(b"")
        with pytest.raises(KeyError):  # the server makes a 500 of it; Django itself answers what its views raise
            await ask(shop, stranger)
        assert (shop.busy, shop._held_bytes) == (0, 0)

    asyncio.run(story())


HTML = (b"accept", b"text/html,application/xhtml+xml,*/*;q=0.8")


def refused(code: str, asked: Message, monkeypatch: pytest.MonkeyPatch) -> Stranger:
    """Somebody the gate refuses a page, for one of its reasons."""
    monkeypatch.setattr(pages, "FORM_BYTES_MAX", 1_000)
    monkeypatch.setattr(pages, "FORM_SECONDS_MAX", 0.05)
    monkeypatch.setattr(pages, "PAGES_WAITING_MAX", 0 if code == "OVERLOADED" else 1)
    stranger = Stranger(b"x" * 2_000 if code == "TOO_LARGE" else b"x", ends=code != "TOO_SLOW")

    async def story() -> None:
        await ask(Pages(page), stranger, asked)

    asyncio.run(story())
    return stranger


@pytest.mark.parametrize(
    "headers, language",
    [
        ([], "zh-Hans"),
        ([(b"accept-language", b"en-GB,en;q=0.9")], "en"),
        ([(b"accept-language", b"zh-CN"), (b"cookie", b"basket=1; django_language=en")], "en"),
        ([(b"accept-language", b"en"), (b"cookie", b"django_language=zh-hans")], "zh-Hans"),
        ([(b"accept-language", b"en"), (b"cookie", b"not_django_language=zh-hans")], "en"),
    ],
)
@pytest.mark.parametrize("code, status", [("OVERLOADED", 503), ("TOO_SLOW", 408), ("TOO_LARGE", 413)])
def test_a_browser_that_is_refused_reads_why_in_both_languages_its_own_first(
    code: str, status: int, headers: list[tuple[bytes, bytes]], language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stranger = refused(code, scope("POST", "/basket/add", HTML, *headers), monkeypatch)
    sent = dict(stranger.got[0]["headers"])
    said = stranger.body.decode()
    _, chinese, english = MESSAGES[code]
    assert stranger.status == status
    assert (sent[b"content-type"], sent[b"cache-control"]) == (b"text/html; charset=utf-8", b"no-store")
    assert int(sent[b"content-length"]) == len(stranger.body) < 4_000
    assert f'<html lang="{language}">' in said
    assert f"<h1>{english if language == 'en' else chinese}</h1>" in said
    assert f"<p>{chinese if language == 'en' else english}</p>" in said
    assert not [word for word in ("src=", "href=", "http-equiv") if word in said]  # whole, and no form is sent again


def test_its_style_is_the_one_its_policy_lets_in(monkeypatch: pytest.MonkeyPatch) -> None:
    stranger = refused("OVERLOADED", scope("GET", "/", HTML), monkeypatch)
    style = stranger.body.split(b"<style>")[1].split(b"</style>")[0]
    policy = dict(stranger.got[0]["headers"])[b"content-security-policy"].decode()
    assert f"style-src 'sha256-{b64encode(sha256(style).digest()).decode()}'" in policy


def test_a_page_that_was_looked_for_comes_back_by_itself_not_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    waits = set()
    for _ in range(100):
        stranger = refused("OVERLOADED", scope("GET", "/", HTML), monkeypatch)
        wait = dict(stranger.got[0]["headers"])[b"retry-after"].decode()
        assert f'<meta http-equiv="refresh" content="{wait}">' in stranger.body.decode()
        waits.add(int(wait))
    assert len(waits) > 2
    assert min(waits) >= 4


@pytest.mark.parametrize(
    "asked", [scope("GET", "/", (b"accept", b"*/*")), scope("GET", "/"), scope("GET", "/api/accounts/", HTML)]
)
def test_a_program_is_told_by_an_object_still(asked: Message, monkeypatch: pytest.MonkeyPatch) -> None:
    stranger = refused("OVERLOADED", asked, monkeypatch)
    assert stranger.status == 503
    assert msgspec.json.decode(stranger.body)["code"] == "OVERLOADED"
    assert 1 <= int(dict(stranger.got[0]["headers"])[b"retry-after"]) <= 4


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
