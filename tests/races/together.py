"""Threads with connections of their own, and points where they meet, so that a race happens on every run."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

MEET_SECONDS_MAX = 0.3
FINISH_SECONDS_MAX = 30


def together(*calls: Callable[[], Any]) -> list[Any]:
    """Run all at once; return what each returned, or the exception it raised, in order."""
    start = threading.Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        try:
            connection.ensure_connection()
            start.wait(FINISH_SECONDS_MAX)
            return call()
        except Exception as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result(FINISH_SECONDS_MAX) for future in [pool.submit(run, call) for call in calls]]


class MeetingPoint:
    """Where threads wait for each other, once: for all, or, when a lock keeps one away, for `MEET_SECONDS_MAX`.

    Where nothing keeps anybody away they may wait longer: on a busy machine one may be slow to come.
    """

    def __init__(self, threads: int = 2, *, seconds: float = MEET_SECONDS_MAX) -> None:
        self._barrier, self._seconds = threading.Barrier(threads), seconds
        self.all_met = False

    def wait(self) -> None:
        """Come here and wait for the others; who comes after the first meeting, or to set the scene, passes."""
        if threading.current_thread() is threading.main_thread():
            return
        try:
            self._barrier.wait(self._seconds)
            self.all_met = True
            self._barrier.abort()
        except threading.BrokenBarrierError:
            pass

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
