"""Keep a few processes running, and end them in order.

A *part* is a child process with a log, started in a process group of its own, so that a Ctrl-C in
the terminal reaches only the supervisor. One that dies is started again after a pause that doubles
while it keeps dying. One thread only, woken by signals: it costs nothing while nothing happens.

It knows nothing about what the parts do, and prints nothing: it calls `report`.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Self

NOBODY_ELSE = (-1, -1)
RESTART_SECONDS_FIRST = 0.5
RESTART_SECONDS_MAX = 10.0
STEADY_SECONDS = 30.0  # alive this long: the next death starts again at RESTART_SECONDS_FIRST
LOG_BYTES_MAX = 10_000_000  # a log this long is set aside as `.1` when its part starts
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
RENEW_SIGNAL = signal.SIGUSR1  # not SIGHUP: that is what a closed terminal sends, and must end everything

# (signal, seconds to wait for the end after it); SIGKILL follows the last one.
Ending = Sequence[tuple[signal.Signals, float]]
TERMINATE: Ending = ((signal.SIGTERM, 5.0),)

_PR_SET_PDEATHSIG = 1


class LaunchError(Exception):
    """A part cannot be started. Its text says why; it is tried again like one that died."""


class StopRequested(Exception):
    """Somebody pressed Ctrl-C or sent SIGTERM. Raised from waits only, never in mid-step."""


def end_with_parent(number: signal.Signals = signal.SIGTERM) -> None:
    """Get a signal when the parent dies, kill -9 included (Linux only); for children that
    others fork.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(number))


def open_log(path: Path) -> Any:
    """Open a part's log for appending, after setting a long one aside."""
    with suppress(FileNotFoundError):
        if path.stat().st_size > LOG_BYTES_MAX:
            path.replace(path.with_name(path.name + ".1"))
    return path.open("ab")


def tail(path: Path, lines_max: int = 12) -> str:
    """The last lines of a log, or nothing if there is none."""
    try:
        with path.open(errors="replace") as log:
            return "".join(deque(log, maxlen=lines_max)).rstrip()
    except OSError:
        return ""


def end(process: subprocess.Popen[bytes], steps: Ending, *, asked: bool = False) -> None:
    """End a child and all of its process group: each signal in turn, then SIGKILL. `asked`: it has
    got the first one already (a second would make some hurry).
    """
    for number, seconds in steps:
        if not asked:
            process.send_signal(number)
        asked = False
        with suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
            break
    _kill_group(process)
    process.wait()


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    """Also when its leader is dead: granian's worker outlives its parent and keeps the port."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


@dataclass
class Part:
    """One process to keep running. `launch` starts it and returns at once."""

    name: str  # as people read it: "web server"
    launch: Callable[[], subprocess.Popen[bytes]]
    log: Path
    ending: Ending = TERMINATE
    at_once: signal.Signals = signal.SIGKILL  # for the impatient
    others_need_it: bool = False  # ends only after all parts that are not needed

    process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _started: float = field(default=0.0, init=False)
    _pause: float = field(default=RESTART_SECONDS_FIRST, init=False)
    _again_at: float | None = field(default=None, init=False)

    def start(self) -> None:
        """Launch it. What `launch` raises passes through."""
        self._again_at = None
        self._started = time.monotonic()
        self.process = self.launch()

    def died(self) -> int | None:
        """The exit code if it has just died (told once), else None."""
        if self.process is None or (code := self.process.poll()) is None:
            return None
        _kill_group(self.process)
        self.process = None
        return code

    def plan_restart(self) -> float:
        """Set when it starts again; seconds from now."""
        now = time.monotonic()
        if now - self._started > STEADY_SECONDS:
            self._pause = RESTART_SECONDS_FIRST
        pause, self._pause = self._pause, min(self._pause * 2, RESTART_SECONDS_MAX)
        self._again_at = now + pause
        return pause

    def seconds_to_restart(self) -> float | None:
        """How long until it is due; None where nothing is planned."""
        return None if self._again_at is None else max(0.0, self._again_at - time.monotonic())

    def take_over(self, successor: subprocess.Popen[bytes]) -> None:
        """Keep `successor` running from now on, and end the process before it, which finishes what it is doing."""
        before, self.process = self.process, successor
        self._started = time.monotonic()
        self._again_at = None
        if before is not None:
            end(before, self.ending)

    def ask_to_end(self) -> None:
        """Send the first signal of its ending, and do not wait."""
        if self.process is not None:
            self.process.send_signal(self.ending[0][0])

    def await_end(self) -> None:
        """After `ask_to_end`: wait, insist, kill."""
        if self.process is not None:
            end(self.process, self.ending, asked=True)
            self.process = None

    def kill(self) -> None:
        """For a second Ctrl-C."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(self.at_once)


# What `Supervisor` tells: the part, its exit code, seconds until it starts again.
Report = Callable[[Part, int, float], None]


class Supervisor:
    """Use as a context: signals are its own inside, and every part has ended after it."""

    def __init__(
        self, report: Report, renew: Callable[[], None] = lambda: None, again: Callable[[Part], None] = lambda _: None
    ) -> None:
        """`renew` is called by `watch` for every RENEW_SIGNAL, and may call `replace`; `again` for what was restarted."""
        self._report = report
        self._again = again
        self._renew = renew
        self._renewal_asked = False
        self._parts: list[Part] = []
        self._steps: list[subprocess.Popen[bytes]] = []
        self._requests = 0
        self._handlers: dict[int, Any] = {}
        self._wakeup = (-1, -1)

    def __enter__(self) -> Self:
        read, write = os.pipe()
        os.set_blocking(read, False)
        os.set_blocking(write, False)
        self._wakeup = (read, write)
        signal.set_wakeup_fd(write, warn_on_full_buffer=False)
        for number in STOP_SIGNALS:
            self._handlers[number] = signal.signal(number, self._on_stop)
        self._handlers[RENEW_SIGNAL] = signal.signal(RENEW_SIGNAL, self._on_renew)
        self._handlers[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: None)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        signal.set_wakeup_fd(-1)
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        for fd in self._wakeup:
            os.close(fd)

    def start(self, part: Part) -> None:
        """Start a part and watch it from now on."""
        self._parts.append(part)
        part.start()

    def wait(self, seconds: float | None) -> None:
        """Sleep until a signal, a child's end, or `seconds`. StopRequested if asked to stop."""
        if not self._requests:
            select.select([self._wakeup[0]], [], [], seconds)
            with suppress(BlockingIOError):
                os.read(self._wakeup[0], 4096)
        if self._requests:
            raise StopRequested

    def run(
        self,
        commands: Sequence[Sequence[str]],
        env: Mapping[str, str],
        log: Path,
        tick: Callable[[], None] = lambda: None,
    ) -> list[int]:
        """Run commands side by side to their ends, their output in `log`; their exit codes. `tick`
        is called about four times a second. A request to stop ends them, too.
        """
        with open_log(log) as out:
            self._steps = [spawn(command, env, out) for command in commands]
        try:
            while None in (codes := [step.poll() for step in self._steps]):
                self.wait(0.25)
                tick()
            return [code for code in codes if code is not None]
        finally:
            for step in self._steps:
                end(step, ((signal.SIGTERM, 2.0),))
            self._steps = []

    def first_death(self) -> tuple[Part, int] | None:
        """A part that has died, for a start that wants to give up rather than try again."""
        for part in self._parts:
            if (code := part.died()) is not None:
                return part, code
        return None

    def watch(self) -> None:
        """Restart what dies, and renew what is asked for, until asked to stop (StopRequested)."""
        while True:
            self._look(0.0 if self._renewal_asked else None)
            if self._renewal_asked:
                self._renewal_asked = False
                self._renew()

    def _look(self, seconds: float | None) -> None:
        """Start what is due, sleep until something happens or `seconds`, report and plan again what died."""
        self._restart_the_due()
        pauses = [p for part in self._parts if (p := part.seconds_to_restart()) is not None]
        if seconds is not None:
            pauses.append(seconds)
        self.wait(min(pauses, default=None))
        while (death := self.first_death()) is not None:
            part, code = death
            self._report(part, code, part.plan_restart())

    def replace(self, part: Part, is_ready: Callable[[int], bool], seconds_max: float) -> bool:
        """Run a successor beside a part, and end the part's old process once the successor is ready.

        `is_ready` is asked with the successor's process id until it says yes. False if the successor could not be
        started, died or was not ready in time: then it is gone, and the old process goes on. All other parts are
        watched meanwhile.
        """
        try:
            successor = part.launch()
        except (LaunchError, OSError) as error:
            with open_log(part.log) as log:
                log.write(f"{error}\n".encode())
            return False
        deadline = time.monotonic() + seconds_max
        try:
            while not is_ready(successor.pid):
                self._look(0.05)
                if successor.poll() is not None or time.monotonic() > deadline:
                    end(successor, part.ending)
                    return False
        except BaseException:
            end(successor, part.ending)
            raise
        part.take_over(successor)
        return True

    def _restart_the_due(self) -> None:
        for part in self._parts:
            if part.seconds_to_restart() == 0.0:
                try:
                    part.start()
                except (LaunchError, OSError) as error:
                    with open_log(part.log) as log:
                        log.write(f"{error}\n".encode())
                    self._report(part, 1, part.plan_restart())
                else:
                    self._again(part)

    def stop(self) -> None:
        """End all parts: first, at the same time, those that need the others."""
        for needed in (False, True):
            parts = [part for part in self._parts if part.others_need_it is needed]
            for part in parts:
                part.ask_to_end()
            for part in parts:
                part.await_end()
        self._parts.clear()

    def _on_renew(self, number: int, frame: FrameType | None) -> None:
        self._renewal_asked = True

    def _on_stop(self, number: int, frame: FrameType | None) -> None:
        """The first request is noted and honoured by the next `wait`; the second kills."""
        self._requests += 1
        if self._requests > 1:
            for part in self._parts:
                part.kill()
            for step in self._steps:
                if step.poll() is None:
                    step.kill()


def spawn(
    command: Sequence[str | Path],
    env: Mapping[str, str],
    log: Any,
    *,
    at_our_death: signal.Signals = signal.SIGTERM,
    cwd: Path | None = None,
    as_user: tuple[int, int] = NOBODY_ELSE,
) -> subprocess.Popen[bytes]:
    """A child in a process group of its own, its output in `log`, which gets a signal when we
    die, kill -9 included (Linux only). "We" is the thread that calls this.

    `as_user`: user and group id to become; only root may.
    """
    first = [sys.executable, "-I", "-S", "-c", _LEASH, str(os.getpid()), str(int(at_our_death)), *map(str, as_user)]
    return subprocess.Popen(
        [*first, *command],
        env=dict(env),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        process_group=0,
    )


# Runs in the child, and becomes the command. Popen's `preexec_fn` would save these milliseconds, but is not safe
# beside threads. The signal is asked for after the change of user, which would undo it.
_LEASH = f"""
import ctypes, os, sys
parent, number, user, group = map(int, sys.argv[1:5])
if user >= 0:
    os.setgroups([])
    os.setgid(group)
    os.setuid(user)
if sys.platform == "linux":
    ctypes.CDLL(None).prctl({_PR_SET_PDEATHSIG}, number)
if os.getppid() != parent:
    sys.exit("The process that started this has died.")
os.execv(sys.argv[5], sys.argv[5:])
"""
