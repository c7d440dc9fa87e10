"""A bad line to PostgreSQL: it stands between the parts and the server, and fails exactly where it hurts, at a COMMIT.

It understands as much of the protocol as it takes to see which message commits a batch (one of `kernel.pipeline`'s
statements) and which is the server's answer to it. Everything else passes unread.
"""

from __future__ import annotations

import asyncio
import tempfile
import threading
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from random import Random
from shutil import rmtree
from typing import Self
from urllib.parse import quote

from setaria.site.embedded import SOCKET_PORT, SUPERUSER

CHUNK_BYTES = 65_536
DELAY_SECONDS_MAX = 1.5
HALF_OPEN_SECONDS_MAX = 3.0
SLOW_BYTES, SLOW_SECONDS = 16, 0.02
STARTED_SECONDS_MAX = 10.0

_ASKS_FOR_ENCRYPTION = (80877103, 80877104)  # answered by one byte that is not a message
_CANCEL = 80877102


class Fault(StrEnum):
    """What can happen to the line when a batch commits."""

    CUT_BEFORE = "cut before the commit"  # the server never sees it, and rolls back
    CUT_AFTER = "cut after the commit"  # it is committed, and nobody is told
    CUT_WITHIN = "cut within the answer"  # half of the answer arrives
    DELAY = "delay"  # the commit is late, with every lock held
    HALF_OPEN = "half-open"  # silence in both directions, then the end; committed or not
    SLOW = "slow"  # the answer arrives a few bytes at a time


class Proxy:
    """Use as a context. Parts connect to `url`; `arm` makes one of the next commits fail."""

    def __init__(self, target: Callable[[], Path], seed: int) -> None:
        """`target`: the server's socket, asked for at every connection."""
        self._target = target
        self._random = Random(seed + 5)
        self._armed: deque[Fault] = deque()
        self._folder = Path(tempfile.mkdtemp(prefix="setaria-line-"))
        self._loop = asyncio.new_event_loop()
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run, name="proxy", daemon=True)
        self.hits: Counter[str] = Counter()
        self.connections = 0

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._started.wait(STARTED_SECONDS_MAX):
            raise RuntimeError("The proxy did not start.")
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._ended.set_result, None)
        self._thread.join()
        self._loop.close()
        rmtree(self._folder, ignore_errors=True)

    def url(self, database: str) -> str:
        """A libpq URL that leads to the server by way of this line."""
        return f"postgresql://{SUPERUSER}@/{database}?host={quote(str(self._folder), safe='')}&port={SOCKET_PORT}"

    def arm(self, fault: Fault) -> bool:
        """Let the next commit of a batch that has not failed yet meet this fault."""
        self._armed.append(fault)
        return True

    def disarm(self) -> None:
        """Forget what has not happened."""
        self._armed.clear()

    # --- the loop's thread ---

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        self._ended = self._loop.create_future()
        lines: set[asyncio.Task[None]] = set()

        def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = self._loop.create_task(self._line(reader, writer))
            lines.add(task)
            task.add_done_callback(lines.discard)

        path = self._folder / f".s.PGSQL.{SOCKET_PORT}"
        server = await asyncio.start_unix_server(connected, path, limit=CHUNK_BYTES)
        self._started.set()
        await self._ended
        server.close()
        for task in lines:
            task.cancel()
        await asyncio.gather(*lines, return_exceptions=True)

    async def _line(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            answers, requests = await asyncio.open_unix_connection(self._target(), limit=CHUNK_BYTES)
        except OSError:  # no server: the caller sees the connection end, as it would without us
            writer.transport.abort()
            return
        line = _Line(self, reader, writer, answers, requests)
        try:
            await line.carry()
        finally:
            writer.transport.abort()
            requests.transport.abort()

    def next_fault(self) -> Fault | None:
        """Take the next fault that is armed, and count it."""
        if not self._armed:
            return None
        fault = self._armed.popleft()
        self.hits[fault.value] += 1
        return fault

    def chance(self) -> float:
        """Return a seeded number in [0, 1)."""
        return self._random.random()


class _Broken(Exception):
    """The line has been cut."""


class _Line:
    """One connection through the proxy."""

    def __init__(
        self,
        proxy: Proxy,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        answers: asyncio.StreamReader,
        requests: asyncio.StreamWriter,
    ) -> None:
        self._proxy = proxy
        self._reader, self._writer = reader, writer
        self._answers, self._requests = answers, requests
        self._commits: set[bytes] = set()  # names of prepared statements that commit
        self._at_answer: Fault | None = None
        self._silent = asyncio.Event()

    async def carry(self) -> None:
        """Carry messages both ways until either side ends, or the line fails."""
        with suppress(OSError, EOFError, asyncio.IncompleteReadError, _Broken):
            await self._greet()
            ways = [asyncio.ensure_future(self._forth()), asyncio.ensure_future(self._back())]
            try:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)

    async def _greet(self) -> None:
        """The first message has no type; questions about encryption come before it."""
        while True:
            head = await self._reader.readexactly(8)
            code = int.from_bytes(head[4:])
            rest = await self._reader.readexactly(int.from_bytes(head[:4]) - 8)
            self._requests.write(head + rest)
            if code not in _ASKS_FOR_ENCRYPTION:
                return
            self._writer.write(await self._answers.readexactly(1))

    async def _forth(self) -> None:
        """Client to server."""
        buffer = b""
        while data := await self._reader.read(CHUNK_BYTES):
            buffer += data
            sent = at = 0
            while (end := _end_of_message(buffer, at)) is not None:
                if self._commits_batch(buffer[at : at + 1], buffer[at + 5 : end]) and (
                    fault := self._proxy.next_fault()
                ):
                    self._requests.write(buffer[sent:at])
                    sent = at
                    await self._fail(fault, buffer[at:])
                at = end
            self._requests.write(buffer[sent:at])
            buffer = buffer[at:]
            await self._requests.drain()

    def _commits_batch(self, kind: bytes, body: bytes) -> bool:
        if kind == b"P":
            name, query, _ = body.split(b"\0", 2)
            (self._commits.add if query.strip().upper() == b"COMMIT" else self._commits.discard)(name)
        return kind == b"B" and body.split(b"\0", 2)[1] in self._commits

    async def _fail(self, fault: Fault, commit_and_rest: bytes) -> None:
        chance = self._proxy.chance()
        match fault:
            case Fault.CUT_BEFORE:
                raise _Broken
            case Fault.DELAY:
                await self._requests.drain()
                await asyncio.sleep(DELAY_SECONDS_MAX * chance)
            case Fault.HALF_OPEN:
                self._silent.set()
                if chance < 0.5:  # the commit gets through; only the answer does not
                    self._requests.write(commit_and_rest)
                await asyncio.sleep(HALF_OPEN_SECONDS_MAX * self._proxy.chance())
                raise _Broken
            case Fault.CUT_AFTER | Fault.CUT_WITHIN | Fault.SLOW:
                self._at_answer = fault

    async def _back(self) -> None:
        """Server to client."""
        buffer = b""
        while data := await self._answers.read(CHUNK_BYTES):
            if self._silent.is_set():
                continue
            buffer += data
            sent = at = 0
            while (end := _end_of_message(buffer, at)) is not None:
                if self._at_answer is not None and buffer[at:end].endswith(b"COMMIT\0") and buffer[at : at + 1] == b"C":
                    self._writer.write(buffer[sent:at])
                    sent = at
                    await self._fail_answer(buffer[at:end])
                    sent = end
                at = end
            self._writer.write(buffer[sent:at])
            buffer = buffer[at:]
            await self._writer.drain()

    async def _fail_answer(self, answer: bytes) -> None:
        fault, self._at_answer = self._at_answer, None
        if fault is Fault.SLOW:
            for start in range(0, len(answer), SLOW_BYTES):
                self._writer.write(answer[start : start + SLOW_BYTES])
                await self._writer.drain()
                await asyncio.sleep(SLOW_SECONDS)
            return
        if fault is Fault.CUT_WITHIN:
            self._writer.write(answer[: len(answer) // 2])
            await self._writer.drain()
        raise _Broken


def _end_of_message(buffer: bytes, at: int) -> int | None:
    """Return where the message that begins at `at` ends (type, length, body), or None while it is not whole."""
    if len(buffer) < at + 5:
        return None
    end = at + 1 + int.from_bytes(buffer[at + 1 : at + 5])
    return end if end <= len(buffer) else None
