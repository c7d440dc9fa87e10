"""The ASGI application of a web process: the gate's few addresses, and everything else to Django's pages.

Django runs on a bounded set of threads (`pages.py`); the gate's own path never touches them, so a crowd at the gate
does not take the shop down, nor the other way round.
"""

import asyncio
import gc
import os
import sys
import threading
from typing import Any
from urllib.parse import parse_qs

from django.db import DatabaseError
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from setaria.gate import openapi
from setaria.gate.answers import (
    NO_SNIFF,
    Answer,
    Receive,
    Scope,
    Send,
    answer,
    encode,
    refusal,
    respond,
    wrong_method,
)
from setaria.gate.api import Api
from setaria.gate.intake import NotificationIntake, OrderIntake, TooLarge, drop_view, read_body
from setaria.gate.memory import Memory
from setaria.gate.metrics import LOOP_SECONDS, may_watch
from setaria.gate.pages import Pages, View
from setaria.gate.places import PlaceIntake
from setaria.gate.room import Rooms
from setaria.gate.sales import LastSales
from setaria.gate.screens import Screens
from setaria.gate.word import Word
from setaria.kernel.clock import now
from setaria.sight.command.pulse import beat_until
from setaria.sight.command.ticket import CENTRE
from setaria.sight.wall.ticket import lapses_at
from setaria.trade.payments.providers import PROVIDERS

PULSE_SECONDS = 0.02
# Python hands its lock over every 5 ms by default: an age for the committer when the event loop is busy. While there
# are no orders it stays at that, since every thread that waits for the lock wakes up as often, for nothing.
SWITCH_SECONDS = 0.0005
SWITCH_SECONDS_IDLE = 0.005
GC_THRESHOLDS = (50_000, 50, 50)

_HEALTHY = answer(200, encode({"status": "alive"}))
# Several web servers may share the port: the process (group) tells which of them answered.
_READY = answer(200, encode({"status": "ready", "process": os.getpgrp()}))
_NOT_READY = answer(503, encode({"status": "the database does not answer"}), (b"retry-after", b"1"))
_EMPTY = answer(200, b"{}")
_OPENAPI = answer(200, encode(openapi.DOCUMENT))


class Gate:
    """One web process's application."""

    def __init__(self, pages: View, secret: str, sales: LastSales | None = None) -> None:
        """`sales`: shared with the other web processes of this machine, if there are any."""
        self.pages = Pages(pages)
        self.api = Api(self.pages)
        self.memory = Memory()
        self.screens = Screens()
        self.orders = OrderIntake(secret, sales or LastSales())
        self.places = PlaceIntake(secret)
        self.notifications = NotificationIntake(secret)
        self._committers = (self.orders.committer, self.places.committer, self.notifications.committer)
        self.rooms = Rooms(secret, self.orders.committer, lambda: self.pages.busy)
        word = Word(*self._committers)
        self._silent = threading.Event()
        self._speaks = threading.Thread(
            target=beat_until, args=(self._silent, "web", lambda: word(self.screens.count)), name="pulse", daemon=True
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or start and stop with the server."""
        if scope["type"] == "http":
            path: str = scope["path"]
            if path.startswith("/rush/"):
                await respond(send, await self._rush(path, scope, receive))
            else:
                await self._other(path, scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._lifespan(receive, send)

    async def _rush(self, path: str, scope: Scope, receive: Receive) -> Answer:
        parts = path.split("/")  # "", "rush", drop, ["orders"]
        method: str = scope["method"]
        if len(parts) == 4 and parts[3] == "orders":
            if method != "POST":
                return wrong_method("POST")
            drop = self.memory.drops.get(parts[2])
            return self._no_drop(scope) if drop is None else await self.orders.post(drop, scope, receive)
        if len(parts) == 4 and parts[3] == "places":
            programme = self.memory.programmes.get(parts[2])
            return self._no_drop(scope) if programme is None else await self.places.respond(programme, scope, receive)
        if len(parts) == 4 and parts[3] == "room":
            drop = self.memory.drops.get(parts[2])
            return self._no_drop(scope) if drop is None else await self.rooms.answer(drop, scope, receive)
        if len(parts) == 3:
            return await self._rush_page(parts[2], method, scope, receive)
        return refusal("NOT_FOUND", scope)

    async def _rush_page(self, name: str, method: str, scope: Scope, receive: Receive) -> Answer:
        if name == "empty":  # what the server can do at most: the measure that `setaria bench` divides by
            if method != "POST":
                return wrong_method("POST")
            try:
                await read_body(receive)
            except TooLarge:
                return refusal("TOO_LARGE", scope)
            return _EMPTY
        if method != "GET":
            return wrong_method("GET")
        if name == "openapi.json":
            return _OPENAPI
        drop = self.memory.drops.get(name)
        return self._no_drop(scope) if drop is None else answer(200, drop_view(drop))

    def _no_drop(self, scope: Scope) -> Answer:
        # A gate that has just started, before its first look at the board, must not tell buyers that there is no sale.
        return refusal("UNKNOWN_DROP" if self.memory.ready else "OVERLOADED", scope)

    async def _other(self, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        if path.startswith("/payments/") and path.endswith("/notify"):
            await respond(send, await self._notified(path[len("/payments/") : -len("/notify")], scope, receive))
        elif path == "/health":
            await respond(send, _HEALTHY)
        elif path == "/ready":
            await respond(send, _READY if self.memory.ready else _NOT_READY)
        elif path == "/metrics" and may_watch(scope):
            body = generate_latest()
            await send({"type": "http.response.start", "status": 200,
                        "headers": [(b"content-type", CONTENT_TYPE_LATEST.encode()), NO_SNIFF]})  # fmt: skip
            await send({"type": "http.response.body", "body": body})
        elif path.startswith("/wall/") and path.endswith(("/stream", "/figures")) and path.count("/") == 3:
            _, _, market, what = path.split("/", 3)
            await self._show(market, what, scope, receive, send)
        elif path.startswith("/api/"):
            await self.api.answer(scope, receive, send)
        elif path == "/command/stream":
            await self._show(CENTRE, "stream", scope, receive, send)
        else:
            await self.pages.answer(scope, receive, send)

    async def _notified(self, provider: str, scope: Scope, receive: Receive) -> Answer:
        if provider not in PROVIDERS:
            return refusal("NOT_FOUND", scope)
        if scope["method"] != "POST":
            return wrong_method("POST")
        return await self.notifications.post(provider, scope, receive)

    async def _show(self, subject: str, what: str, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != "GET":
            await respond(send, wrong_method("GET"))
            return
        # Without a ticket from Django there is nothing here, and nothing is asked of the database.
        given = parse_qs(scope["query_string"].decode("latin-1")).get("ticket", [""])[0]
        until = lapses_at(subject, given, now())
        try:
            seen = await self.screens.look(subject) if until is not None else None
        except DatabaseError:
            await respond(send, _NOT_READY)
            return
        if until is None or seen is None:
            await respond(send, refusal("NOT_FOUND", scope))
        elif what == "figures":
            await respond(send, answer(200, encode(seen)))
        elif self.screens.crowded:
            await respond(send, refusal("OVERLOADED", scope))
        else:
            await self.screens.show(subject, until, receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message: dict[str, Any] = await receive()
            if message["type"] == "lifespan.startup":
                # What is loaded by now stays; and a rush makes little garbage that only the collector can find, but
                # gives it much to walk through: 18% of the gate's time at its default thresholds.
                gc.freeze()
                gc.set_threshold(*GC_THRESHOLDS)
                loop = asyncio.get_running_loop()
                self.memory.start(loop)
                for committer in self._committers:
                    committer.start(loop)
                self.rooms.start(loop)
                self._pulse = loop.create_task(self._feel_pulse(loop))
                self._speaks.start()
                await send({"type": "lifespan.startup.complete"})
            else:
                loop = asyncio.get_running_loop()
                self._pulse.cancel()
                for committer in self._committers:
                    await loop.run_in_executor(None, committer.stop)
                await self.rooms.stop()
                await self.screens.stop()
                await self.memory.stop()
                self._silent.set()
                await loop.run_in_executor(None, self._speaks.join)
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _feel_pulse(self, loop: asyncio.AbstractEventLoop) -> None:
        """Note again and again how long what is ready must wait for its turn: the part of a refusal that is not work.

        And let threads take turns as often as the orders of the moment want it.
        """
        while True:
            await asyncio.sleep(PULSE_SECONDS)
            asked = loop.time()
            await asyncio.sleep(0)
            LOOP_SECONDS.observe(loop.time() - asked)
            busy = any(committer.busy for committer in self._committers)
            sys.setswitchinterval(SWITCH_SECONDS if busy else SWITCH_SECONDS_IDLE)
