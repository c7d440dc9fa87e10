"""The store's API at the gate: `/api/v1/…` to its own views on the pages' threads, `/api/accounts/…` to Django.

Nothing here goes by cookies: none is let in and none goes out, so nothing here can be forged by another site. Which other
sites' pages may call at all, and read what is answered, `SETARIA_API_ORIGINS` says (by default none).
"""

from typing import Any

from django.conf import settings

from setaria.channels.api.answer import BODY_BYTES_MAX, Answer, answer
from setaria.channels.api.asked import Call
from setaria.gate.answers import NO_SNIFF, Receive, Scope, Send, refusal, wrong_method
from setaria.gate.committer import DatabaseErrors
from setaria.gate.pages import Pages
from setaria.trade.payments.sandbox.charges import charge

VIEWS = "/api/v1"
BANK = "/api/bank/charges"
_NO_STORE = (b"cache-control", b"no-store")
_JSON = (b"content-type", b"application/json")
_PREFLIGHT = [
    (b"access-control-allow-methods", b"GET, POST, PUT, PATCH, DELETE"),
    (b"access-control-allow-headers",
     b"content-type, accept-language, x-session-token, x-basket-token, x-order-token"),
    (b"access-control-max-age", b"600"),
    (b"content-length", b"0"),
]  # fmt: skip


class Api:
    """Answers what is below `/api/`."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        allowed = _allowed(scope)
        if allowed and scope["method"] == "OPTIONS":
            await send({"type": "http.response.start", "status": 204, "headers": [*allowed, *_PREFLIGHT]})
            await send({"type": "http.response.body", "body": b""})
            return

        async def reply(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*_without(b"set-cookie", message["headers"]), *allowed]}
            await send(message)

        if scope["path"] == BANK:
            await self._pages.answer(scope, receive, reply, self._charge, BODY_BYTES_MAX)
        elif scope["path"].startswith(VIEWS):
            await self._pages.answer(scope, receive, reply, self._ask, BODY_BYTES_MAX)
        else:
            headers = _without(b"cookie", scope["headers"])
            await self._pages.answer({**scope, "headers": headers}, receive, reply)

    async def _ask(self, scope: Scope, body: bytes) -> list[dict[str, Any]]:
        call = _call(scope, body)
        said: Answer = await self._pages.on_thread(lambda: answer(call))
        return _messages(said.status, said.body, *((name.encode(), value.encode()) for name, value in said.headers))

    async def _charge(self, scope: Scope, body: bytes) -> list[dict[str, Any]]:
        """The sandbox bank's own API: a guest in our house, since it has none of its own."""
        if scope["method"] != "POST":
            refused = wrong_method("POST")
            return [refused.start, refused.body]
        try:
            return _messages(*await self._pages.on_thread(lambda: charge(body)))
        except DatabaseErrors:
            unsure = refusal("UNSURE", scope)
            return [unsure.start, unsure.body]


def _without(left_out: bytes, headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    return [pair for pair in headers if pair[0] != left_out]


def _messages(status: int, body: bytes, *headers: tuple[bytes, bytes]) -> list[dict[str, Any]]:
    length = (b"content-length", str(len(body)).encode())
    return [
        {"type": "http.response.start", "status": status, "headers": [_JSON, _NO_STORE, NO_SNIFF, length, *headers]},
        {"type": "http.response.body", "body": body},
    ]


def _call(scope: Scope, body: bytes) -> Call:
    headers: dict[str, str] = {}
    for raw, value in scope["headers"]:
        name = raw.decode("latin-1")
        text = value.decode("latin-1")
        headers[name] = f"{headers[name]},{text}" if name in headers else text
    query = scope["query_string"].decode("latin-1")
    peer = (scope.get("client") or ("",))[0]
    return Call(scope["method"], scope["path"], query, headers, body, peer)


def _allowed(scope: Scope) -> list[tuple[bytes, bytes]]:
    """The headers that let another site's page read the answer; none for a site that is not named."""
    if not settings.API_ORIGINS:
        return []
    origin = next((value for name, value in scope["headers"] if name == b"origin"), b"")
    if origin.decode("latin-1") not in settings.API_ORIGINS:
        return []
    return [(b"access-control-allow-origin", origin), (b"vary", b"origin")]
