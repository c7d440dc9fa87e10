"""Words a slip apart share a shape, and are so far apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from setaria.goods.search.spelling import SLIP_CHARS_MIN, distance, shapes, slips

WORDS = st.text("abcdefgh", min_size=SLIP_CHARS_MIN + 1, max_size=12)


@given(WORDS, st.integers(0, 11), st.sampled_from("abcdefghz"), st.sampled_from(["in", "out", "other", "swap"]))
def test_what_is_one_slip_away_shares_a_shape(word: str, at: int, letter: str, slip: str) -> None:
    at %= len(word) - 1
    typed = {
        "in": word[:at] + letter + word[at:], "out": word[:at] + word[at + 1 :], "other": word[:at] + letter + word[at + 1 :],
        "swap": word[:at] + word[at + 1] + word[at] + word[at + 2 :],
    }[slip]  # fmt: skip
    assert shapes(word) & shapes(typed)
    assert distance(word, typed) <= 1
    assert distance(word, typed) == distance(typed, word)


@pytest.mark.parametrize(
    ("one", "other", "apart"),
    [
        ("band", "band", 0),
        ("bnad", "band", 1),
        ("noodels", "noodles", 1),
        ("headfones", "headphones", 2),
        ("", "mi", 2),
    ],
)
def test_slips_are_counted(one: str, other: str, apart: int) -> None:
    assert distance(one, other) == apart


@pytest.mark.parametrize(
    ("word", "most"), [("tv", 0), ("pen", 0), ("band", 1), ("noodles", 1), ("projector", 2), ("x" * 25, 1)]
)
def test_short_words_must_be_written_rightly(word: str, most: int) -> None:
    assert slips(word) == most


@pytest.mark.parametrize("length", [1, 24, 25, 40])
def test_shapes_are_bounded(length: int) -> None:
    assert len(shapes("".join(chr(0x4E00 + n) for n in range(length)))) <= 301
