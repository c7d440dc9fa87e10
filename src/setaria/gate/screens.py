"""Screens: the wall's figures and the command centre's state, pushed to everybody who looks.

One thread reads for all screens of this process, each picture is encoded once, and every screen is sent the same
bytes: two hundred screens ask the database as often as one, and while nobody looks nothing is asked at all.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import msgspec
import structlog

from setaria.gate.answers import NO_SNIFF, Receive, Send, encode
from setaria.gate.memory import close_connection
from setaria.gate.metrics import SCREENS
from setaria.kernel.clock import now
from setaria.sight.command.state import State, Watch
from setaria.sight.command.ticket import CENTRE
from setaria.sight.wall.event import current
from setaria.sight.wall.figures import Figures, Reader
from setaria.sight.wall.setting import Setting, setting_of

WALL_SECONDS = 0.25
CENTRE_SECONDS = 1.0
BEAT_SECONDS = 2.0  # a screen that hears nothing for longer has lost its source
SCREENS_MAX = 1_000

log = structlog.get_logger(__name__)


class Picture(msgspec.Struct, frozen=True):
    """What a screen is sent: `setting` when it comes and when that changes, `figures` each time."""

    setting: bytes
    figures: bytes


# Reads the database: the figures or state as a value, and as a picture.
Read = Callable[[], tuple[Any, Picture] | None]


class Source:
    """One wall, or the command centre: who looks, and what they see."""

    def __init__(self, read: Read, seconds: float) -> None:
        self.read = read
        self.seconds = seconds
        self.screens = 0
        self.picture: Picture | None = None
        self.value: Any | None = None
        self.reading: asyncio.Task[None] | None = None
        self.read_at = -seconds
        self.told_at = 0.0
        self.turn: asyncio.Future[None] | None = None
        self.task: asyncio.Task[None] | None = None

    def next_turn(self) -> asyncio.Future[None]:
        """The future that all screens wait for; done when there is something new."""
        if self.turn is None or self.turn.done():
            self.turn = asyncio.get_running_loop().create_future()
        return self.turn

    def tell(self) -> None:
        """Let the screens look."""
        if self.turn is not None and not self.turn.done():
            self.turn.set_result(None)


class Screens:
    """Everything that is streamed by one process."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="screens")
        self._sources: dict[str, Source] = {}

    async def stop(self) -> None:
        """Stop reading, and let the screens go."""
        for source in self._sources.values():
            if source.task is not None:
                source.task.cancel()
        self._thread.submit(close_connection)
        self._thread.shutdown(wait=True)

    @property
    def count(self) -> int:
        """How many screens are open."""
        return sum(source.screens for source in self._sources.values())

    @property
    def crowded(self) -> bool:
        """Whether as many screens are open as this process allows."""
        return self.count >= SCREENS_MAX

    async def look(self, subject: str) -> Any | None:
        """Return what a subject shows now: a market's figures, or the centre's state. None where there is none such.

        Read anew at most as often as for the screens, whoever asks. Raises DatabaseError.
        """
        source = self._source(subject)
        if asyncio.get_running_loop().time() - source.read_at >= source.seconds:
            await self._refresh(source)
        return source.value

    async def show(self, subject: str, lapses_at: datetime, receive: Receive, send: Send) -> None:
        """Stream to one screen as server-sent events, until it goes away or its ticket lapses."""
        source = self._source(subject)
        source.screens += 1
        SCREENS.inc()
        if source.task is None or source.task.done():
            source.task = asyncio.ensure_future(self._keep(source))
        gone = asyncio.ensure_future(_gone(receive))
        try:
            await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
            shown: Picture | None = None
            while not gone.done() and now() < lapses_at:
                turn, picture = source.next_turn(), source.picture
                body = _news(picture, shown)
                shown = picture
                await send({"type": "http.response.body", "body": body, "more_body": True})
                await asyncio.wait((turn, gone), return_when=asyncio.FIRST_COMPLETED)
            if not gone.done():
                await send({"type": "http.response.body", "body": b"event: lapsed\ndata: {}\n\n", "more_body": False})
        finally:
            source.screens -= 1
            SCREENS.dec()
            gone.cancel()

    def _source(self, subject: str) -> Source:
        source = self._sources.get(subject)
        if source is None:
            if subject == CENTRE:
                source = Source(_centre_reader(), CENTRE_SECONDS)
            else:
                source = Source(_wall_reader(subject), WALL_SECONDS)
            self._sources[subject] = source
        return source

    async def _keep(self, source: Source) -> None:
        """Read and tell as long as somebody looks."""
        loop = asyncio.get_running_loop()
        while source.screens:
            before = source.picture
            try:
                await self._refresh(source)
            except Exception as error:  # the screens say what they last knew, and when that was
                log.warning("wall_stale", error=repr(error))
                await loop.run_in_executor(self._thread, close_connection)
            if source.picture is not before or loop.time() - source.told_at >= BEAT_SECONDS:
                source.told_at = loop.time()
                source.tell()
            await asyncio.sleep(source.seconds)

    async def _refresh(self, source: Source) -> None:
        """Read now; who asks while a reading is under way waits for that one."""
        if source.reading is None or source.reading.done():
            source.reading = asyncio.ensure_future(self._read(source))
        await asyncio.shield(source.reading)

    async def _read(self, source: Source) -> None:
        loop = asyncio.get_running_loop()
        seen = await loop.run_in_executor(self._thread, source.read)
        source.read_at = loop.time()
        source.value, picture = seen if seen is not None else (None, None)
        if picture is None or source.picture is None or picture.figures is not source.picture.figures:
            source.picture = picture


_HEADERS = [
    NO_SNIFF,
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]


def _news(picture: Picture | None, shown: Picture | None) -> bytes:
    """What a screen that was shown one picture is sent to see another."""
    if picture is None:
        return b": waiting\n\n"
    if picture is shown:
        return b'event: beat\ndata: {"at": %s}\n\n' % encode(now())
    if shown is not None and picture.setting is shown.setting:
        return picture.figures
    return picture.setting + picture.figures


def _event(name: bytes, value: object) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (name, encode(value))


def _wall_reader(market: str) -> Read:
    """What is on a market's wall. For the screens' thread."""
    reader: Reader | None = None
    setting = news = b""
    before: Figures | None = None

    def read() -> tuple[Figures, Picture] | None:
        nonlocal reader, setting, news, before
        event = current(market, now())
        if event is None:
            return None
        if reader is None or reader.event != event:
            told: Setting = setting_of(event, now())
            reader, setting, before = Reader(event), _event(b"setting", told), None
        figures = reader.read(now())
        # What differs only in the instant is the same picture: not sent, and not even encoded.
        if before is None or msgspec.structs.replace(figures, at=before.at) != before:
            before, news = figures, _event(b"figures", figures)
        return figures, Picture(setting, news)

    return read


def _centre_reader() -> Read:
    """What the command centre shows. For the screens' thread."""
    watch = Watch()

    def read() -> tuple[State, Picture]:
        state = watch.read(now())
        return state, Picture(b"", _event(b"figures", state))

    return read


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
