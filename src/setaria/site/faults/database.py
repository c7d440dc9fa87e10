"""A PostgreSQL that is killed and comes back, on a disk that can be filled."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

from setaria.site.binaries import DatabaseServerError
from setaria.site.embedded import READY_SECONDS_MAX, SOCKET_PORT, EmbeddedPostgres
from setaria.site.home import Home

NAME = "setaria"
DISK_BYTES = 1_000_000_000
FULL_SECONDS = 2.5
AGAIN_SECONDS = 0.2
# A small disk holds no two gigabytes of write-ahead log.
SETTINGS = {"max_wal_size": "256MB", "min_wal_size": "64MB"}


class Database:
    """A server of our own that is started again whenever it has ended. Use as a context; has one empty database."""

    def __init__(self, home: Home) -> None:
        home.prepare()
        self._server = EmbeddedPostgres(home, settings=SETTINGS)
        self._ready, self._stopped = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._keep, name="database")  # the server ends with this thread
        self.starts = 0

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._ready.wait(READY_SECONDS_MAX):
            self.__exit__()
            raise DatabaseServerError(f"PostgreSQL did not start; see {self._server.log}.")
        self._server.create_database(NAME)
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()

    @property
    def url(self) -> str:
        """Leads to the server directly."""
        return self._server.url(NAME)

    def socket(self) -> Path:
        """The file it listens on."""
        return Path(str(self._server._socket_dir)) / f".s.PGSQL.{SOCKET_PORT}"

    def pids(self) -> list[int]:
        """The server's process, if there is one now."""
        process = self._server.process
        return [process.pid] if process is not None and process.poll() is None else []

    def _keep(self) -> None:
        while not self._stopped.is_set():
            with suppress(DatabaseServerError, OSError):  # a full disk, say: it is tried again
                self._server.start()
                self._server.wait_ready()
                self.starts += 1
                self._ready.set()
                while self.pids() and not self._stopped.wait(0.05):
                    pass
            self._stopped.wait(AGAIN_SECONDS)
        self._server.stop(at_once=True)


class Disk:
    """A folder on a file system of its own that can be filled; `limited` is False where that takes rights we lack."""

    def __init__(self, folder: Path, limited: bool) -> None:
        self.folder, self.limited = folder, limited
        self._ballast = folder / "ballast"
        self._timer: threading.Timer | None = None

    def fill(self) -> bool:
        """Leave no room for some seconds."""
        usage = os.statvfs(self.folder)
        with self._ballast.open("wb") as ballast, suppress(OSError):
            os.posix_fallocate(ballast.fileno(), 0, usage.f_bavail * usage.f_frsize)
        self._timer = threading.Timer(FULL_SECONDS, self.clear)
        self._timer.start()
        return True

    def clear(self) -> None:
        """Give the room back."""
        self._ballast.unlink(missing_ok=True)

    def close(self) -> None:
        """Wait until the room has been given back."""
        if self._timer is not None:
            self._timer.join()


@contextmanager
def disk() -> Iterator[Disk]:
    """A disk in memory of `DISK_BYTES`, where we may mount one (root); else a plain folder."""
    outer = Path(tempfile.mkdtemp(prefix="setaria-faults-"))
    outer.chmod(0o711)
    folder = outer / "disk"
    folder.mkdir()
    mounted = os.geteuid() == 0 and _mount(folder)
    found = Disk(folder, mounted)
    try:
        if mounted:
            folder.chmod(0o711)
        yield found
    finally:
        found.close()
        if mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=False)
        shutil.rmtree(outer, ignore_errors=True)


def _mount(folder: Path) -> bool:
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "setaria-faults", str(folder)]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def kill(pids: list[int]) -> bool:
    """Kill the server; its sessions notice by themselves. False where there is none just now."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return bool(pids)
