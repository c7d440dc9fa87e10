"""Threads with connections of their own, and points where they meet, so that a race happens on every run."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

from tests.tables import somebody_waits_for_a_lock

MEET_SECONDS_MAX = 10.0  # on a busy machine one may be slow to come
KEPT_AWAY_SECONDS = 0.3  # somebody has waited for a lock for so long: they do not come before we go on
LOOK_SECONDS = 0.02
FINISH_SECONDS_MAX = 30

_at_work: set[threading.Thread] = set()


def together(*calls: Callable[[], Any]) -> list[Any]:
    """Run all at once; return what each returned, or the exception it raised, in order."""
    start = threading.Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        _at_work.add(threading.current_thread())
        try:
            connection.ensure_connection()
            start.wait(FINISH_SECONDS_MAX)
            return call()
        except Exception as error:
            return error
        finally:
            connection.close()
            _at_work.discard(threading.current_thread())

    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result(FINISH_SECONDS_MAX) for future in [pool.submit(run, call) for call in calls]]


class MeetingPoint:
    """Where threads wait for each other, once: until all are here, or until it is seen that they do not come, because
    a lock keeps one away or because it has come to its end.
    """

    def __init__(self, threads: int = 2, *, seconds: float = MEET_SECONDS_MAX) -> None:
        self._threads, self._seconds = threads, seconds
        self._counting, self._over = threading.Lock(), threading.Event()
        self._here = 0
        self.all_met = False

    def wait(self) -> None:
        """Come here and wait for the others; who comes after the first meeting, or to set the scene, passes."""
        if threading.current_thread() is threading.main_thread() or self._over.is_set():
            return
        with self._counting:
            self._here += 1
            if self._here == self._threads and not self._over.is_set():
                self.all_met = True
                self._over.set()
        came = free = time.monotonic()
        while not self._over.wait(LOOK_SECONDS):
            now = time.monotonic()
            if not somebody_waits_for_a_lock():
                free = now
            if now - free > KEPT_AWAY_SECONDS or now - came > self._seconds or self._too_few_are_left():
                with self._counting:
                    self._over.set()

    def _too_few_are_left(self) -> bool:
        """Whether others have come to their end; of threads that `together` did not start, nothing is known."""
        return threading.current_thread() in _at_work and len(_at_work) < self._threads

    def before(self, monkeypatch: pytest.MonkeyPatch, *places: tuple[Any, str]) -> "MeetingPoint":
        """Let every call of these functions come here first; the functions themselves stay as they are."""
        for module, name in places:
            monkeypatch.setattr(module, name, self._meeting(getattr(module, name)))
        return self

    def after(self, monkeypatch: pytest.MonkeyPatch, module: Any, name: str) -> "MeetingPoint":
        """Let every call of this function come here when it is done: what all have read, none has written yet."""
        function = getattr(module, name)

        def run(*args: Any, **kwargs: Any) -> Any:
            read = function(*args, **kwargs)
            self.wait()
            return read

        monkeypatch.setattr(module, name, run)
        return self

    def _meeting(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any, **kwargs: Any) -> Any:
            self.wait()
            return function(*args, **kwargs)

        return run
