"""What the gate keeps by heart and pushes: drops refreshed for everybody, the wall's figures for the screens.

One thread reads for all, so two hundred screens cost as many queries as one, and none while nobody looks.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import structlog
from django.db import connection

from setaria.gate import board, places
from setaria.gate.answers import Receive, Send, encode
from setaria.gate.metrics import SCREENS
from setaria.kernel.clock import now
from setaria.sight.wall.event import current
from setaria.sight.wall.figures import Figures, Reader

WALL_SECONDS = 0.25
SCREENS_MAX = 1_000
HEARTBEAT_SECONDS = 15

log = structlog.get_logger(__name__)


class Memory:
    """Drops and wall figures as last read. `ready` once the first reading succeeded and as long as they do."""

    def __init__(self) -> None:
        self.drops: dict[str, board.DropState] = {}
        self.programmes: dict[str, places.ProgrammeState] = {}
        self.ready = False
        self.figures: dict[str, Figures] = {}
        self._readers: dict[str, Reader] = {}
        self._screens: dict[str, set[asyncio.Event]] = {}
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="memory")
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to refresh in the background."""
        self._tasks = [loop.create_task(self._keep_drops()), loop.create_task(self._keep_figures())]

    async def stop(self) -> None:
        """Stop refreshing and let the screens go."""
        for task in self._tasks:
            task.cancel()
        self._thread.submit(_close)
        self._thread.shutdown(wait=True)

    async def figures_of(self, market: str) -> Figures | None:
        """Read the figures of a market's event now; None where there is no such market."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._read_figures, market)

    async def _keep_drops(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                self.drops = await loop.run_in_executor(self._thread, board.read, self.drops)
                self.programmes = await loop.run_in_executor(self._thread, places.read_programmes)
                self.ready = True
            except Exception as error:  # whatever it is, the board must be kept: without it nobody can buy
                if self.ready:
                    log.error("board_stale", error=repr(error))
                self.ready = False
                await loop.run_in_executor(self._thread, _close)
            await asyncio.sleep(board.REFRESH_SECONDS)

    async def _keep_figures(self) -> None:
        while True:
            for market, screens in list(self._screens.items()):
                if screens:
                    await self._push(market, screens)
            await asyncio.sleep(WALL_SECONDS)

    async def _push(self, market: str, screens: set[asyncio.Event]) -> None:
        try:
            figures = await self.figures_of(market)
        except Exception as error:
            log.warning("wall_stale", error=repr(error))
            await asyncio.get_running_loop().run_in_executor(self._thread, _close)
            return
        if figures is not None:
            self.figures[market] = figures
            for screen in screens:
                screen.set()

    def _read_figures(self, market: str) -> Figures | None:
        event = current(market, now())
        if event is None:
            return None
        reader = self._readers.get(market)
        if reader is None or reader.event != event:
            reader = self._readers[market] = Reader(event)
        return reader.read(now())

    async def show(self, market: str, receive: Receive, send: Send) -> None:
        """Stream the figures to one screen as server-sent events until it goes away."""
        screen = asyncio.Event()
        screens = self._screens.setdefault(market, set())
        screens.add(screen)
        SCREENS.inc()
        gone = asyncio.ensure_future(_gone(receive))
        headers = [
            (b"content-type", b"text/event-stream"),
            (b"cache-control", b"no-store"),
            (b"x-accel-buffering", b"no"),
        ]
        try:
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            last = b""
            while not gone.done():
                body = _event(self.figures.get(market))
                if body == last:
                    body = b": nothing new\n\n"
                else:
                    last = body
                await send({"type": "http.response.body", "body": body, "more_body": True})
                screen.clear()
                waiting = asyncio.ensure_future(screen.wait())
                await asyncio.wait({waiting, gone}, timeout=HEARTBEAT_SECONDS, return_when=asyncio.FIRST_COMPLETED)
                waiting.cancel()
        finally:
            screens.discard(screen)
            SCREENS.dec()
            gone.cancel()

    @property
    def crowded(self) -> bool:
        """Whether as many screens are open as this process allows."""
        return sum(len(screens) for screens in self._screens.values()) >= SCREENS_MAX


def _event(figures: Figures | None) -> bytes:
    return b": waiting\n\n" if figures is None else b"data: " + encode(figures) + b"\n\n"


def _close() -> None:
    """Close the connection of the thread that calls this; the next query opens a new one."""
    connection.close()


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
