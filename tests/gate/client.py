"""The gate as one process would run it, in a loop of its own on a thread, and a client that speaks ASGI to it."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import msgspec
from django.conf import settings

from setaria.gate.app import Gate
from setaria.kernel import clock
from setaria.kernel.ids import new_id
from setaria.trade.drops import passes
from setaria.trade.drops.models import Drop
from setaria.trade.payments.sandbox import notification
from setaria.trade.preorders.models import Programme
from setaria.trade.preorders.passes import key_from

SECONDS_MAX = 30


class Response(msgspec.Struct):
    """A complete answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, read."""
        return msgspec.json.decode(self.body)

    @property
    def said(self) -> tuple[int, str]:
        """Status and code."""
        return self.status, self.json["code"]


def page(scope: dict[str, Any], form: bytes) -> list[dict[str, Any]]:
    """Stands where Django's pages are."""
    return said(b"a page")


def said(body: bytes, *headers: tuple[bytes, bytes]) -> list[dict[str, Any]]:
    """What a page answers, as ASGI's messages."""
    return [
        {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain"), *headers]},
        {"type": "http.response.body", "body": body},
    ]


class Client:
    """Sends requests to a gate that runs on `loop`."""

    def __init__(self, loop: asyncio.AbstractEventLoop, gate: Gate) -> None:
        self.loop, self.gate = loop, gate
        self.key = passes.key_from(settings.SECRET_KEY)
        self.bank = notification.key_from(settings.SECRET_KEY)

    def run(self, coroutine: Any) -> Any:
        """Run something on the gate's loop."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(SECONDS_MAX)

    def ask(
        self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None, chunk: int = 0
    ) -> Response:
        """One request; `chunk` sends the body in pieces of that size."""
        return self.run(self.asked(method, path, body, headers, chunk))

    async def asked(
        self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None, chunk: int = 0
    ) -> Response:
        pieces = [body[at : at + chunk] for at in range(0, len(body), chunk)] if chunk else [body]
        events = [{"type": "http.request", "body": p, "more_body": True} for p in pieces]
        events[-1]["more_body"] = False
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return events.pop(0) if events else {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        plain, _, query = path.partition("?")
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "path": plain,
            "raw_path": plain.encode(), "root_path": "", "scheme": "http", "query_string": query.encode(),
            "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in (headers or {}).items()],
            "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 2),
        }  # fmt: skip
        await self.gate(scope, receive, send)
        found = {name.decode().lower(): value.decode() for name, value in sent[0]["headers"]}
        return Response(sent[0]["status"], found, b"".join(message.get("body", b"") for message in sent[1:]))

    def token(self, drop: Drop, customer: int = 1, order: UUID | None = None) -> str:
        """A pass."""
        return passes.issue(self.key, customer, drop.id, order or new_id(), clock.now())

    def leave(self, programme: Programme, customer: int, place: UUID | None = None) -> str:
        """A pass to take a place."""
        key = key_from(settings.SECRET_KEY)
        return passes.issue(key, customer, programme.pk, place or new_id(), clock.now())

    def place(self, programme: Programme, token: str, **how: Any) -> Response:
        """Post for a place."""
        body = msgspec.json.encode({"pass": token})
        return self.ask("POST", f"/rush/{programme.slug}/places", body, **how)

    def order(self, drop: Drop, *lines: tuple[str, int, int], token: str = "", slug: str = "", **how: Any) -> Response:
        """Post an order of (sku, quantity, price)."""
        return self.run(self.ordered(drop, *lines, token=token, slug=slug, **how))

    async def ordered(
        self, drop: Drop, *lines: tuple[str, int, int], token: str = "", slug: str = "", **how: Any
    ) -> Response:
        body = {
            "lines": [{"sku": sku, "quantity": quantity, "price": price} for sku, quantity, price in lines],
            "pass": token or self.token(drop),
        }
        return await self.asked("POST", f"/rush/{slug or drop.slug}/orders", msgspec.json.encode(body), **how)

    def tell(self, body: bytes, signature: str | None = None) -> Response:
        """Post a bank's notification."""
        signature = notification.sign(self.bank, body) if signature is None else signature
        return self.ask("POST", "/payments/sandbox/notify", body, {notification.SIGNATURE_HEADER: signature})

    def state(self, drop: Drop) -> Any:
        """What the drop's page polls."""
        return self.ask("GET", f"/rush/{drop.slug}").json


def until(true: Callable[[], object]) -> None:
    """Wait for something that will come soon."""
    deadline = time.monotonic() + SECONDS_MAX
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)


@contextmanager
def running() -> Iterator[Client]:
    """A gate that has started by the lifespan protocol, and is stopped by it."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="gate")
    thread.start()
    gate = Gate(page, settings.SECRET_KEY)
    client = Client(loop, gate)
    inbox: asyncio.Queue[dict[str, str]] = asyncio.Queue()
    outbox: list[str] = []

    async def send(message: dict[str, str]) -> None:
        outbox.append(message["type"])

    lifespan = asyncio.run_coroutine_threadsafe(gate({"type": "lifespan"}, inbox.get, send), loop)
    try:
        client.run(inbox.put({"type": "lifespan.startup"}))
        until(lambda: outbox == ["lifespan.startup.complete"] and gate.memory.ready and gate.rooms.ready)
        yield client
    finally:
        client.run(inbox.put({"type": "lifespan.shutdown"}))
        lifespan.result(SECONDS_MAX)
        assert outbox == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
