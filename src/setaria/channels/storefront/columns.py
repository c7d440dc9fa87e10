"""What products have of one thing each, as columns: counted and narrowed by sets of places.

A set of products is a whole number here, with a bit for each place. How many of a set have a value is then one AND and one
count of bits, where asking every product takes thousands of Python's calls: a listing's first visitor waits for some
hundred such counts. A column of many different values, such as prices, is counted value by value.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from itertools import compress

SETS_MAX = 64  # values that have a set each; of more, a set each would take more memory than the products
_BITS = bytes(int(byte == ord("1")) for byte in range(256))


class Column:
    """A value a product, by its place; None for who has none."""

    __slots__ = ("_places", "_sets", "_values")

    def __init__(self, values: Sequence[Hashable]) -> None:
        self._values = values
        self._places: dict[Hashable, list[int]] = {}
        for place, value in enumerate(values):
            if value is not None:
                self._places.setdefault(value, []).append(place)
        few = len(self._places) <= SETS_MAX
        self._sets = {value: set_of(places) for value, places in self._places.items()} if few else None

    def counts(self, among: int) -> dict[Hashable, int]:
        """Return how many of a set have each value; values that none has are left out."""
        if self._sets is None:
            found = Counter(compress(self._values, bits(among, len(self._values))))
            found.pop(None, None)
            return dict(found)
        return {value: count for value, own in self._sets.items() if (count := (own & among).bit_count())}

    def having(self, values: Iterable[Hashable]) -> int:
        """Return the set of those that have one of some values."""
        return self._together(value for value in values if value in self._places)

    def where(self, test: Callable[[Hashable], bool]) -> int:
        """Return the set of those whose value passes a test."""
        return self._together(value for value in self._places if test(value))

    def _together(self, values: Iterable[Hashable]) -> int:
        if self._sets is None:
            return set_of([place for value in values for place in self._places[value]])
        found = 0
        for value in values:
            found |= self._sets[value]
        return found


def set_of(places: Iterable[int]) -> int:
    """Return a set of places."""
    marks = bytearray()
    for place in places:
        byte = place >> 3
        if byte >= len(marks):
            marks.extend(bytes(byte + 1 - len(marks)))
        marks[byte] |= 1 << (place & 7)
    return int.from_bytes(marks, "little")


def bits(places: int, length: int) -> bytes:
    """Return a set of places as a byte each, 1 for those in it."""
    return f"{places:0{length}b}".encode().translate(_BITS)[::-1]
