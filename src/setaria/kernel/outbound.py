"""Asking addresses that somebody else named (a browser's push service, a merchant's webhook): bounded, and never inwards.

Whoever may write down an address could else make us ask our own database, cloud or router for things. So only public
addresses are asked, over TLS; what an operator allows by network (`SETARIA_OUTBOUND_NETWORKS`), in clear, too. What a name
leads to is looked up once, at the connection that is made, so a name that changes its mind between two looks gains nothing.
No redirect is followed. Import this late: the HTTP client costs memory where nothing is ever sent.
"""

import ssl
import time
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from socket import SOCK_STREAM, gaierror, getaddrinfo
from types import TracebackType
from typing import Any

import httpcore
import msgspec

from setaria.kernel.origin import Network

BODY_BYTES_MAX = 2_000  # of an answer; the rest is not read
URL_CHARS_MAX = 1_000
_NAT64 = IPv6Network("64:ff9b::/96")


class Forbidden(Exception):
    """The address may not be asked: it is not https, or leads into a private network. Nothing was sent."""


class Unreached(Exception):
    """Nobody answered in time, or what answered speaks no HTTP. It may have been heard all the same."""


class Answer(msgspec.Struct, frozen=True):
    """What came back; header names in small letters, of the body the beginning."""

    status: int
    headers: dict[str, str]
    body: bytes


class Line:
    """Posts to addresses, keeping connections open from one to the next. For one thread, in a `with` block."""

    def __init__(self, allowed: Sequence[Network] = ()) -> None:
        self._backend = _Backend(allowed)
        self._pool = httpcore.ConnectionPool(
            ssl_context=_tls(), network_backend=self._backend, keepalive_expiry=5, max_connections=20
        )

    def __enter__(self) -> "Line":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._pool.close()

    def post(self, url: str, body: bytes, headers: Mapping[str, str], *, seconds_max: float) -> Answer:
        """Post once and return the answer, whatever its status; raises Forbidden or Unreached.

        `seconds_max` is for all of it together: a server that answers a byte a second gains no time by it.
        """
        self._backend.begin(secure=url.startswith("https://"), seconds=seconds_max)
        try:
            with self._pool.stream("POST", url, headers=_headers(headers, body), content=body) as answer:
                read = b""
                for part in answer.iter_stream():
                    read += part
                    if len(read) >= BODY_BYTES_MAX:
                        break
                kept = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in answer.headers}
                return Answer(answer.status, kept, read[:BODY_BYTES_MAX])
        except (httpcore.UnsupportedProtocol, httpcore.LocalProtocolError, ValueError) as error:
            raise Forbidden(str(error) or repr(error)) from error
        except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError, gaierror, OSError) as error:
            raise Unreached(str(error) or repr(error)) from error


def _headers(headers: Mapping[str, str], body: bytes) -> list[tuple[bytes, bytes]]:
    sent = {"user-agent": "Setaria", "content-length": str(len(body)), **headers}
    return [(name.encode(), value.encode()) for name, value in sent.items()]


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    return httpcore.default_ssl_context()


def may_ask(address: IPv4Address | IPv6Address, allowed: Sequence[Network], *, secure: bool) -> bool:
    """Whether an address may be asked: one of the networks allowed, or public and over TLS."""
    plain = _within(address)
    if any(each in network for each in (address, plain) for network in allowed):
        return True
    return secure and plain.is_global and not plain.is_multicast and not plain.is_reserved


def _within(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Return where an address that wraps another one really leads."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else address)


class _Backend(httpcore.NetworkBackend):
    """Connects to what may be asked only, and lets nothing take longer than the request has left."""

    def __init__(self, allowed: Sequence[Network]) -> None:
        self._allowed = allowed
        self._plain = httpcore.SyncBackend()
        self._secure = True
        self._until = 0.0

    def begin(self, *, secure: bool, seconds: float) -> None:
        self._secure, self._until = secure, time.monotonic() + seconds

    def left(self) -> float:
        left = self._until - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("It took too long.")
        return left

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:  # fmt: skip
        found = [ip_address(row[4][0]) for row in getaddrinfo(host, port, type=SOCK_STREAM)]
        asked = [each for each in dict.fromkeys(found) if may_ask(each, self._allowed, secure=self._secure)]
        if not asked:
            raise Forbidden(f"{host} leads nowhere that may be asked.")
        for address in asked[:-1]:
            try:
                return self._connect(address, port)
            except httpcore.ConnectError:
                continue  # its next address may answer
        return self._connect(asked[-1], port)

    def _connect(self, address: IPv4Address | IPv6Address, port: int) -> httpcore.NetworkStream:
        return _Stream(self._plain.connect_tcp(str(address), port, timeout=self.left()), self)

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.NetworkStream:
        raise Forbidden("Not a socket file.")


class _Stream(httpcore.NetworkStream):
    """A connection each of whose steps has what is left of the request's time."""

    def __init__(self, inner: httpcore.NetworkStream, backend: _Backend) -> None:
        self._inner, self._backend = inner, backend

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, self._backend.left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, self._backend.left())

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, self._backend.left()), self._backend)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)
