"""What a code looks like: it can be read as people write it, and every slip is seen."""

from contextlib import suppress
from uuid import UUID

import hypothesis.strategies as st
import pytest
from hypothesis import given

from setaria.trade.friendcodes.text import ALPHABET, CODE_CHARS, Mistyped, lookup_of, read, shown, text_of

CODES = st.builds(text_of, st.just("secret"), st.uuids(), st.integers(0, 200))


@given(CODES)
def test_a_code_is_read_as_it_is_shown(code: str) -> None:
    assert len(code) == CODE_CHARS
    assert read(shown(code)) == read(shown(code).lower()) == read(f" {code} ") == code


@given(CODES, st.integers(0, CODE_CHARS - 1), st.sampled_from(ALPHABET))
def test_every_wrong_character_is_seen(code: str, at: int, other: str) -> None:
    wrong = code[:at] + other + code[at + 1 :]
    if wrong != code:
        with pytest.raises(Mistyped):
            read(wrong)


@given(CODES, st.integers(0, CODE_CHARS - 1))
def test_every_missing_character_is_seen(code: str, at: int) -> None:
    with pytest.raises(Mistyped):
        read(code[:at] + code[at + 1 :])


@given(st.text(max_size=60))
def test_any_text_is_a_code_or_mistyped(text: str) -> None:
    with suppress(Mistyped):
        assert len(read(text)) == CODE_CHARS


def test_each_id_turn_and_secret_gives_another_code_and_another_hash() -> None:
    a, b = UUID(int=1), UUID(int=2)
    codes = [text_of(*key) for key in (("x", a, 0), ("x", a, 1), ("x", b, 0), ("y", a, 0))]
    assert len(set(codes)) == 4
    assert len({lookup_of(secret, codes[0]) for secret in "xy"}) == 2
    assert all(codes[0] not in lookup_of("x", code) for code in codes)


def test_there_are_no_look_alikes() -> None:
    assert set("01OIULoiul") & set(ALPHABET) == set()
    assert len(ALPHABET) ** (CODE_CHARS - 1) > 2**80
