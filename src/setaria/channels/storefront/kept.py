"""Pieces of pages that were rendered before, kept by everything they say.

A piece is kept under a key that holds all that it follows from: the window's stamp for what is sold and at what price,
the figures of stock that it shows, the language. The same key then cannot mean another text, so nothing has to be
invalidated; what is not asked for any more is pushed out by what is.
"""

from collections.abc import Callable, Hashable
from sys import getsizeof
from threading import Lock

BYTES_MAX = 64 * 1024 * 1024  # a process

Key = tuple[Hashable, ...]


class Pieces:
    """Rendered pieces by key, the oldest going first when there are too many; shared by threads."""

    def __init__(self, bytes_max: int = BYTES_MAX) -> None:
        self._pieces: dict[Key, str] = {}
        self._bytes, self._bytes_max = 0, bytes_max
        self._writing = Lock()

    def get(self, key: Key, render: Callable[[], str]) -> str:
        """Return the piece of that key, rendering it if it is not there."""
        piece = self._pieces.get(key)
        if piece is None:
            piece = render()
            self._put(key, piece)
        return piece

    def _put(self, key: Key, piece: str) -> None:
        with self._writing:
            if key in self._pieces:
                return
            self._pieces[key] = piece
            self._bytes += _bytes(piece)
            while self._bytes > self._bytes_max and self._pieces:
                self._bytes -= _bytes(self._pieces.pop(next(iter(self._pieces))))


def _bytes(piece: str) -> int:
    return getsizeof(piece) + 200  # with what the key takes


PIECES = Pieces()
