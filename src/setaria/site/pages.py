"""Django behind the gate: from a request that was read whole to an answer that is taken whole, on the calling thread.

Django's own ASGI handler goes to a thread and back at each step of a page, WSGI bridges at each part of its answer. Here
the gate's threads do all of it in one go, since the gate has read the form before and sends the answer after.
"""

from io import BytesIO
from typing import Any
from urllib.parse import quote

from django.core.handlers.asgi import ASGIRequest
from django.core.handlers.base import BaseHandler
from django.core.signals import request_started
from django.http import HttpResponseBase
from django.urls import set_script_prefix

from setaria.gate.answers import Scope

SAFE = "".join(chr(code) for code in range(33, 127))  # what is ASCII stays as it is


class Pages(BaseHandler):
    """Everything that is Django's; called by several threads at once, each with a database connection of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.load_middleware()

    def __call__(self, scope: Scope, form: bytes) -> list[dict[str, Any]]:
        """Answer one request: the messages an ASGI server sends."""
        query: bytes = scope["query_string"]
        if not query.isascii():  # whatever bytes were sent, as they are
            scope = {**scope, "query_string": quote(query, SAFE).encode()}
        set_script_prefix("/")
        request_started.send(sender=type(self), scope=scope)
        request = ASGIRequest(scope, BytesIO(form))
        response = self.get_response(request)
        try:
            return _said(response)
        finally:
            response.close()  # and with it what the request held: files, a database connection that broke


def _said(response: HttpResponseBase) -> list[dict[str, Any]]:
    headers = [(name.lower().encode("ascii"), value.encode("latin-1")) for name, value in response.items()]
    headers += [(b"set-cookie", cookie.OutputString().encode("ascii")) for cookie in response.cookies.values()]
    return [
        {"type": "http.response.start", "status": response.status_code, "headers": headers},
        {"type": "http.response.body", "body": b"".join(response)},
    ]
