"""The web server, `setaria web`: granian, with the gate and Django behind it as one ASGI application.

Granian keeps a small process that starts its worker again, and the worker, which listens and serves. Several servers
may share one port (SO_REUSEPORT), so that one can be started anew while the others serve. Told to stop, a server
accepts nothing more, answers what is in flight with `connection: close`, commits what is waiting, and ends.
Static files never reach Python.
"""

from __future__ import annotations

import importlib
import resource
import signal
from collections.abc import Callable
from pathlib import Path

from granian.constants import HTTPModes, Interfaces, Loops
from granian.log import LogLevels
from granian.server import Server

from setaria.site.supervisor import end_with_parent

BACKLOG_CONNECTIONS_MAX = 4096  # waiting to be accepted: a rush arrives at once
CONNECTIONS_MAX = 4096  # a worker's, idle ones too; more wait in the backlog
FILES_BESIDE = 512  # database connections, static files, logs
STATIC_SECONDS_FRESH = 365 * 86400  # their names change with their contents
DRAIN_SECONDS_MAX = 3  # for open streams when the web server stops


def serve(*, host: str, port: int, static: Path) -> None:
    """Run the web server in this process until SIGTERM or SIGINT (granian supervises its workers)."""
    static.mkdir(parents=True, exist_ok=True)
    _allow_files(CONNECTIONS_MAX + FILES_BESIDE)
    Server(
        "setaria.site.asgi:application",
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        workers=1,
        loop=Loops.uvloop,
        http=HTTPModes.http1,
        websockets=False,
        backlog=BACKLOG_CONNECTIONS_MAX,
        backpressure=CONNECTIONS_MAX,
        log_level=LogLevels.warning,
        log_access=False,
        respawn_failed_workers=True,
        workers_kill_timeout=DRAIN_SECONDS_MAX,
        static_path_route=["/static"],
        static_path_mount=[static],
        static_path_expires=STATIC_SECONDS_FRESH,
    ).serve(target_loader=_load_application)


def _allow_files(wanted: int) -> None:
    """Let this process and its workers have so many files open, or as many as the system allows: 1,024 is usual."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))


def _load_application(target: str) -> Callable[..., object]:
    """Runs in granian's worker, which must not outlive the server that forked it, and must end when
    told to while it still loads (it inherits the server's handlers, which only set a flag there).
    Granian's own loader would put the current folder before ours on the import path.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    end_with_parent()
    module, _, name = target.partition(":")
    application: Callable[..., object] = getattr(importlib.import_module(module), name)
    return application
