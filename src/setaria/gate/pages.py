"""Django's pages: WSGI on a bounded set of threads, behind a bridge.

A thread must never wait for a stranger's network, or four strangers who send a byte a minute would take the shop down.
So a form is read here, on the event loop, before a thread hears of it, and an answer is taken whole from its thread
before its reader gets the first byte.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar
from urllib.parse import quote

from a2wsgi import WSGIMiddleware
from a2wsgi.wsgi_typing import WSGIApp

from setaria.gate.answers import Receive, Scope, Send, overloaded, refusal, respond
from setaria.gate.metrics import PAGES, PAGES_BUSY

T = TypeVar("T")
Ask = Callable[[Scope, bytes], Awaitable[list[dict[str, Any]]]]  # a request read whole; all that is answered

# Pages are mostly Python, of which one runs at a time: more threads than this only wake each other up.
PAGE_THREADS = 4
PAGES_WAITING_MAX = 256
FORM_BYTES_MAX = 2 * 1024 * 1024  # Django reads less of a form; the rest is for a file that staff sends along
FORM_SECONDS_MAX = 15.0
SAFE = "".join(chr(code) for code in range(33, 127))  # what is ASCII stays as it is
FORMS_BYTES_MAX = 64 * 1024 * 1024  # of all that are being read or waited for


class Gone(Exception):
    """Whoever asked hung up before the end of the form."""


class TooMuch(Exception):
    """A form is over its limit; the rest is not read."""


class TooSlow(Exception):
    """A form did not come in time."""


class Pages:
    """Answers everything that is not the gate's own."""

    def __init__(self, pages: WSGIApp) -> None:
        self._pages = WSGIMiddleware(pages, workers=PAGE_THREADS, send_queue_size=0)  # 0: as long as need be
        self.busy = 0
        self._held_bytes = 0

    async def answer(
        self, scope: Scope, receive: Receive, send: Send, ask: Ask | None = None, bytes_max: int = 0
    ) -> None:
        """Answer one request: by Django, or by `ask`."""
        if self._full:
            return await respond(send, overloaded(scope))
        held = 0

        def hold(more: int) -> None:
            nonlocal held
            held += more
            self._held_bytes += more
            if held > (bytes_max or FORM_BYTES_MAX):
                raise TooMuch

        try:
            form = await _read_in_time(receive, hold)
            if self._full:  # others came meanwhile
                return await respond(send, overloaded(scope))
            said = await (ask or self._ask)(scope, form)
        except TooMuch:
            return await respond(send, refusal("TOO_LARGE", scope))
        except TooSlow:
            return await respond(send, refusal("TOO_SLOW", scope))
        except Gone:
            return None
        finally:
            self._held_bytes -= held
        for message in said:
            await send(message)

    @property
    def _full(self) -> bool:
        return self.busy >= PAGES_WAITING_MAX or self._held_bytes >= FORMS_BYTES_MAX

    async def _ask(self, scope: Scope, form: bytes) -> list[dict[str, Any]]:
        """Have a thread answer, and return all it says."""
        said: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": form, "more_body": False}

        async def note(message: dict[str, Any]) -> None:
            said.append(message)

        with self._counted():
            await self._pages(_plain(scope), receive, note)  # type: ignore[arg-type]
        PAGES.labels(f"{said[0]['status'] // 100}xx").inc()
        return _joined(said)

    async def on_thread(self, work: Callable[[], T]) -> T:
        """Do something on one of the pages' threads, which may wait for the database."""
        with self._counted():
            return await asyncio.get_running_loop().run_in_executor(self._pages.executor, work)

    @contextmanager
    def _counted(self) -> Iterator[None]:
        self.busy += 1
        PAGES_BUSY.set(self.busy)
        try:
            yield
        finally:
            self.busy -= 1
            PAGES_BUSY.set(self.busy)


async def _read_in_time(receive: Receive, hold: Callable[[int], None]) -> bytes:
    try:
        async with asyncio.timeout(FORM_SECONDS_MAX):
            return await _read(receive, hold)
    except TimeoutError as error:
        raise TooSlow from error


async def _read(receive: Receive, hold: Callable[[int], None]) -> bytes:
    parts: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Gone
        part: bytes = message.get("body", b"")
        hold(len(part))
        parts.append(part)
        if not message.get("more_body"):
            return b"".join(parts)


def _plain(scope: Scope) -> Scope:
    """Return the request as WSGI can be told it.

    Without headers that have an underscore: to WSGI `X_Forwarded_For` and `X-Forwarded-For` are one, and proxies guard only
    the latter. And with a query of ASCII, whatever bytes were sent as they are.
    """
    headers = [pair for pair in scope["headers"] if b"_" not in pair[0]]
    query: bytes = scope["query_string"]
    return {**scope, "headers": headers, "query_string": query if query.isascii() else quote(query, SAFE).encode()}


def _joined(said: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Make one of a page's few parts; what was written in many (a long file) goes out in them."""
    start, *parts = said
    if len(parts) > 2:
        return said
    return [start, {"type": "http.response.body", "body": b"".join(part.get("body", b"") for part in parts)}]
