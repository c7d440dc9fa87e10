"""Django's pages, and the API's views: on a bounded set of threads.

A thread must never wait for a stranger's network, or four strangers who send a byte a minute would take the shop down.
So a form is read here, on the event loop, before a thread hears of it, and an answer is taken whole from its thread
before its reader gets the first byte.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

from setaria.gate.answers import Receive, Scope, Send, respond
from setaria.gate.apologies import page_or_refusal
from setaria.gate.metrics import PAGES, PAGES_BUSY

T = TypeVar("T")
Said = list[dict[str, Any]]  # all that is answered, as ASGI's messages
View = Callable[[Scope, bytes], Said]  # answers a request that was read whole, on a thread
Ask = Callable[[Scope, bytes], Awaitable[Said]]

# Pages are mostly Python, of which one runs at a time: more threads than this only wake each other up.
PAGE_THREADS = 4
PAGES_WAITING_MAX = 256
FORM_BYTES_MAX = 2 * 1024 * 1024  # Django reads less of a form; the rest is for a file that staff sends along
FORM_SECONDS_MAX = 15.0
FORMS_BYTES_MAX = 64 * 1024 * 1024  # of all that are being read or waited for


class Gone(Exception):
    """Whoever asked hung up before the end of the form."""


class TooMuch(Exception):
    """A form is over its limit; the rest is not read."""


class TooSlow(Exception):
    """A form did not come in time."""


class Pages:
    """Answers everything that is not the gate's own."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._threads = ThreadPoolExecutor(PAGE_THREADS, "pages")
        self.busy = 0
        self._held_bytes = 0

    async def answer(
        self, scope: Scope, receive: Receive, send: Send, ask: Ask | None = None, bytes_max: int = 0
    ) -> None:
        """Answer one request: by Django, or by `ask`."""
        if self._full:
            return await respond(send, page_or_refusal("OVERLOADED", scope))
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
                return await respond(send, page_or_refusal("OVERLOADED", scope))
            said = await (ask or self._ask)(scope, form)
        except TooMuch:
            return await respond(send, page_or_refusal("TOO_LARGE", scope))
        except TooSlow:
            return await respond(send, page_or_refusal("TOO_SLOW", scope))
        except Gone:
            return None
        finally:
            self._held_bytes -= held
        for message in said:
            await send(message)

    @property
    def _full(self) -> bool:
        return self.busy >= PAGES_WAITING_MAX or self._held_bytes >= FORMS_BYTES_MAX

    async def _ask(self, scope: Scope, form: bytes) -> Said:
        """Have a thread answer, and return all it says."""
        said = await self.on_thread(lambda: self._view(scope, form))
        PAGES.labels(f"{said[0]['status'] // 100}xx").inc()
        return said

    async def on_thread(self, work: Callable[[], T]) -> T:
        """Do something on one of the pages' threads, which may wait for the database."""
        with self._counted():
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)

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
