"""The instance a rush is played against: one of its own, started as `setaria up` starts any, or one that runs."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from setaria.site.home import Home
from setaria.site.rush import processes
from setaria.site.supervisor import end, open_log, spawn, tail
from setaria.site.up import setaria

READY_SECONDS_MAX = 240.0  # a loaded machine takes long to load the demo
# What would lead our own instance to somebody else's database or key.
NOT_INHERITED = ("DATABASE_URL", "SETARIA_HOME", "SETARIA_SECRET_KEY", "SETARIA_BASE_URL", "DJANGO_SETTINGS_MODULE")


class NoInstance(Exception):
    """There is no instance to play against; the text says why and what to do."""


@dataclass(frozen=True)
class Instance:
    """Where it is, and what it takes to seed it and to sign for it. `pid`: of its supervisor, if it is ours."""

    url: str
    database_url: str
    secret: str
    pid: int | None = None

    def part(self, name: str) -> int | None:
        """Return the process id of one of our own instance's parts: `web`, `worker` or `postgres`."""
        return next(iter(self.parts(name)), None)

    def parts(self, name: str) -> list[int]:
        """Return the process ids of all parts of that name; there may be several web servers."""
        commands = {pid: processes.command(pid) for pid in processes.children(self.pid or 0)}
        return [pid for pid, words in commands.items() if name in words or Path(words[0]).name == name]


def running(url: str) -> Instance:
    """Return the instance at `url`; raises NoInstance without its database and key in the environment."""
    missing = [name for name in ("DATABASE_URL", "SETARIA_SECRET_KEY") if not os.environ.get(name)]
    if missing:
        raise NoInstance(
            f"To rehearse against {url}, set {' and '.join(missing)} to that instance's own: the crowd's customers, "
            "stock and drop are written to its database, and passes are signed with its key. Nothing was changed."
        )
    return Instance(url.rstrip("/"), os.environ["DATABASE_URL"], os.environ["SETARIA_SECRET_KEY"])


@contextmanager
def temporary(
    tick: Callable[[], None] = lambda: None,
    *,
    web: int = 1,
    variables: Mapping[str, str] | None = None,
    demo: bool = False,
) -> Iterator[Instance]:
    """Run an instance of `web` web processes that flushes to disk like a real one, with nothing in it, or the demo
    brand; removed afterwards. About 8 seconds.

    `tick` is called while it starts. Raises NoInstance with the end of its log when it does not.
    """
    folder = Path(tempfile.mkdtemp(prefix="setaria-rush-"))
    if os.geteuid() == 0:
        folder.chmod(0o711)  # PostgreSQL runs as another user and must pass through
    home = Home(folder / "home")
    port = free_port()
    env = {name: value for name, value in os.environ.items() if name not in NOT_INHERITED} | dict(variables or {})
    log = folder / "up.log"
    with open_log(log) as out:
        brand = "--demo" if demo else "--no-demo"
        command = setaria("up", "--port", str(port), "--home", str(home.path), brand, "--web", str(web))
        process = spawn(command, env, out)
    try:
        _await(home, process, log, tick)
        found = home.running()
        assert found is not None
        yield Instance(f"http://127.0.0.1:{port}", found.database_url, home.secret_key(), process.pid)
    finally:
        end(process, ((signal.SIGTERM, 15.0),))
        shutil.rmtree(folder, ignore_errors=True)


def _await(home: Home, process: subprocess.Popen[bytes], log: Path, tick: Callable[[], None]) -> None:
    deadline = time.monotonic() + READY_SECONDS_MAX
    while (found := home.running()) is None or not found.ready:
        if process.poll() is not None or time.monotonic() > deadline:
            raise NoInstance(f"An instance of our own did not start. Its log ends:\n{tail(log)}")
        time.sleep(0.05)
        tick()


def free_port() -> int:
    """Return a TCP port of this machine that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
