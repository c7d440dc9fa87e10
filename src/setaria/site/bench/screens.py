"""Two hundred walls at once: screens that only note when they were shown how many orders, in a process of their own."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection as Pipe
from typing import Any

import msgspec
import uvloop

from setaria.site.rush.client import address

_SHOWN = re.compile(rb'"placed_orders":(\d+)')
_TAIL_BYTES = 32  # a number cut in two by the network is found with the next bytes
FIRST_SECONDS_MAX = 20.0

Shown = list[tuple[float, int]]  # (seconds since 1970, orders)


class Open(msgspec.Struct, frozen=True):
    """Open so many screens on this path."""

    url: str
    path: str
    count: int


class Close(msgspec.Struct, frozen=True):
    """Close the screens and tell what each was shown."""


class Screen(asyncio.Protocol):
    """One screen's stream."""

    def __init__(self, request: bytes) -> None:
        self._request, self._tail = request, b""
        self.transport: Any = None
        self.shown: Shown = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the stream."""
        self.transport = transport
        self.transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Note the orders of an event."""
        found = _SHOWN.search(self._tail + data)
        if found is None:
            self._tail = data[-_TAIL_BYTES:]
        else:
            self._tail = b""
            self.shown.append((time.time(), int(found[1])))


def serve(pipe: Pipe) -> None:
    """Do what comes through the pipe until it is closed."""
    uvloop.run(_serve(pipe))


async def _serve(pipe: Pipe) -> None:
    loop = asyncio.get_running_loop()
    screens: list[Screen] = []
    while True:
        try:
            command = await loop.run_in_executor(None, pipe.recv)
        except EOFError:
            return
        if isinstance(command, Open):
            screens = await _open(command)
            pipe.send(sum(bool(screen.shown) for screen in screens))
        else:
            for screen in screens:
                screen.transport.abort()
            pipe.send([screen.shown for screen in screens])


async def _open(command: Open) -> list[Screen]:
    host, port = address(command.url)
    request = f"GET {command.path} HTTP/1.1\r\nhost: {host}\r\naccept: text/event-stream\r\n\r\n".encode()
    loop = asyncio.get_running_loop()
    screens = []
    for _ in range(command.count):
        _, screen = await loop.create_connection(lambda: Screen(request), host, port)
        screens.append(screen)
    deadline = loop.time() + FIRST_SECONDS_MAX
    while not all(screen.shown for screen in screens) and loop.time() < deadline:
        await asyncio.sleep(0.05)
    return screens


def lateness(placed: Sequence[float], before: int, screens: Sequence[Shown]) -> list[float]:
    """Return by order how long it took to the slowest screen; infinite where a screen never showed it.

    `placed`: when each was placed, in that order; `before`: how many orders there were before the first of them.
    """
    slowest = [0.0] * len(placed)
    for shown in screens:
        order = 0
        for at, orders in shown:
            while order < min(orders - before, len(placed)):
                slowest[order] = max(slowest[order], at - placed[order])
                order += 1
        slowest[order:] = [float("inf")] * (len(placed) - order)
    return slowest
