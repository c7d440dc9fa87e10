"""What the gate keeps by heart: the drops of the day, refreshed for everybody outside of any request."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import structlog
from django.db import connection

from setaria.gate import board, places

log = structlog.get_logger(__name__)


class Memory:
    """Drops as last read. `ready` once the first reading succeeded and as long as they do."""

    def __init__(self) -> None:
        self.drops: dict[str, board.DropState] = {}
        self.programmes: dict[str, places.ProgrammeState] = {}
        self.ready = False
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="memory")
        self._task: asyncio.Task[None] | None = None

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to refresh in the background."""
        self._task = loop.create_task(self._keep_drops())

    async def stop(self) -> None:
        """Stop refreshing."""
        if self._task is not None:
            self._task.cancel()
        self._thread.submit(close_connection)
        self._thread.shutdown(wait=True)

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
                await loop.run_in_executor(self._thread, close_connection)
            await asyncio.sleep(board.REFRESH_SECONDS)


def close_connection() -> None:
    """Close the connection of the thread that calls this; the next query opens a new one."""
    connection.close()
