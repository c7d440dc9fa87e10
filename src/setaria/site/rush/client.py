"""A browser's connection, as cheap as Python allows: the crowd shares two cores with the shop it visits.

HTTP/1.1 with keep-alive, one request at a time, requests prepared as bytes, answers cut by their Content-Length.
What to send, and what an answer means, is its owner's business.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, Protocol
from urllib.parse import urlsplit

_HEAD_END = b"\r\n\r\n"
_LENGTH = b"content-length: "


class Owner(Protocol):
    """What a connection reports to. All are called on the event loop."""

    def opened(self, connection: Connection) -> None:
        """It is ready for a request."""

    def answered(self, connection: Connection, status: int, body: bytes) -> None:
        """The request sent last has its answer; the connection is free."""

    def closed(self, connection: Connection) -> None:
        """It ended, by the server or by `cut`; a request on its way has no answer."""


class Connection(asyncio.Protocol):
    """One connection. `job` and `sent_at` are the owner's to use."""

    __slots__ = ("_owner", "_part", "job", "sent_at", "transport")

    def __init__(self, owner: Owner) -> None:
        self._owner = owner
        self._part = b""
        self.job: Any = None
        self.sent_at = 0.0
        self.transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Tell the owner."""
        self.transport = transport
        self._owner.opened(self)

    def data_received(self, data: bytes) -> None:
        """Take bytes of an answer; nearly always they are a whole one."""
        if self._part:
            data = self._part + data
        head = data.find(_HEAD_END)
        if head >= 0:
            at = data.find(_LENGTH, 0, head)
            body = head + 4
            end = body + int(data[at + 16 : data.find(b"\r", at)])
            if len(data) >= end:
                self._part = b""
                self._owner.answered(self, int(data[9:12]), data[body:end])
                return
        self._part = data

    def connection_lost(self, error: Exception | None) -> None:
        """Tell the owner."""
        self._owner.closed(self)

    def send(self, request: bytes) -> None:
        """Send a prepared request; the owner waits for `answered` or `closed` before the next."""
        self.transport.write(request)

    def cut(self) -> None:
        """Hang up once the request is on its way, without waiting for the answer."""
        self.transport.close()


def address(url: str) -> tuple[str, int]:
    """Return host and port of an `http://` address; raises ValueError for any other."""
    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.hostname:
        raise ValueError(f"Not an http:// address: {url!r}.")
    return parts.hostname, parts.port or 80


def post(path: str, body: bytes, host: str, headers: Iterable[tuple[str, str]] = ()) -> bytes:
    """Prepare a POST of JSON as it goes over the wire."""
    extra = "".join(f"{name}: {value}\r\n" for name, value in headers)
    first = f"POST {path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\n"
    return f"{first}content-length: {len(body)}\r\n{extra}\r\n".encode() + body


def order_body(lines: Iterable[tuple[str, int, int]], token: str) -> bytes:
    """Prepare an order's body: lines of (SKU, quantity, unit price), and the pass.

    SKUs and passes hold no character that JSON would escape, so no encoder is needed.
    """
    inner = ",".join(f'{{"sku":"{sku}","quantity":{quantity},"price":{price}}}' for sku, quantity, price in lines)
    return f'{{"lines":[{inner}],"pass":"{token}"}}'.encode()
