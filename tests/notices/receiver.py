"""A push service, a webhook, or whatever else we post to: a real HTTP server that remembers, and answers as it is told."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec


class Post(msgspec.Struct):
    """What came."""

    path: str
    headers: dict[str, str]
    body: bytes


class Receiver:
    """Answers each post with what `answers` says next (a status, or seconds to wait before 200), else with `status`."""

    def __init__(self) -> None:
        self.posts: list[Post] = []
        self.answers: list[int | float] = []
        self.status = 201
        self.location = ""
        self.dripping = False
        self.port = 0

    def url(self, path: str = "/take") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def answer(self) -> int:
        told = self.answers.pop(0) if self.answers else self.status
        if isinstance(told, float):
            time.sleep(told)
            return 200
        return told


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Run one on a port of its own."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            receiver.posts.append(Post(self.path, headers, body))
            status = receiver.answer()
            try:
                self._say(status)
            except OSError:  # whoever asked does not wait any more
                self.close_connection = True

        def _say(self, status: int) -> None:
            self.send_response(status)
            if receiver.location:
                self.send_header("Location", receiver.location)
            if receiver.dripping:
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                for _ in range(200):
                    self.wfile.write(b"1\r\nx\r\n")
                    self.wfile.flush()
                    time.sleep(0.05)
                return
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            """Who broke off is no concern of the test's output."""

    server = Server(("127.0.0.1", 0), Handler)
    receiver.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
