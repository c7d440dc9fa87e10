"""Passes: what is signed can be read, and nothing else can."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from uuid import UUID

import hypothesis.strategies as st
import pytest
from hypothesis import given

from setaria.kernel.seals import BadSeal
from setaria.trade.drops import passes
from setaria.trade.drops.passes import PASS_SECONDS, TOKEN_CHARS, Pass, issue, key_from, read

NOW = datetime(2031, 11, 11, tzinfo=UTC)
SECONDS = NOW.timestamp()
KEY = key_from("secret")
ORDER = UUID("01932d6a-0000-7000-8000-000000000001")
TOKEN = issue(KEY, 42, 7, ORDER, NOW)


def why(token: str, *, key: bytes = KEY, at: float = SECONDS) -> str:
    with pytest.raises(BadSeal) as caught:
        read(key, token, at)
    return str(caught.value)


@given(st.integers(1, 2**63 - 1), st.integers(1, 2**31 - 1), st.uuids())
def test_a_pass_says_what_was_signed(customer: int, drop: int, order: UUID) -> None:
    token = issue(KEY, customer, drop, order, NOW)
    assert len(token) == TOKEN_CHARS
    assert read(KEY, token, SECONDS) == Pass(customer, drop, order, int(SECONDS) + PASS_SECONDS)


def test_a_pass_lapses_at_its_second() -> None:
    assert read(KEY, TOKEN, SECONDS + PASS_SECONDS - 0.001).customer_id == 42
    assert why(TOKEN, at=SECONDS + PASS_SECONDS) == "lapsed"


def test_a_pass_may_lapse_sooner_and_be_good_for_one_thing_only() -> None:
    token = issue(KEY, 42, 7, ORDER, NOW, until=NOW + timedelta(minutes=1), variant_id=9)
    assert read(KEY, token, SECONDS) == Pass(42, 7, ORDER, int(SECONDS) + 60, 9)
    assert why(token, at=SECONDS + 60) == "lapsed"
    assert issue(KEY, 42, 7, ORDER, NOW, until=NOW + timedelta(days=1)) == TOKEN


def test_a_pass_of_another_installation_is_forged() -> None:
    assert why(TOKEN, key=key_from("another")) == "forged"


def test_the_key_is_not_the_secret_nor_another_uses_key() -> None:
    from setaria.trade.payments.sandbox import notification

    assert len({KEY, b"secret", notification.key_from("secret")}) == 3


@given(st.integers(0, 8 * 53 - 1))
def test_a_flipped_bit_makes_it_forged(bit: int) -> None:
    raw = bytearray(urlsafe_b64decode(TOKEN))
    raw[bit // 8] ^= 1 << bit % 8
    assert why(urlsafe_b64encode(raw).decode()) == "forged"


@given(st.integers(0, TOKEN_CHARS - 1))
def test_a_truncated_pass_is_malformed(length: int) -> None:
    assert why(TOKEN[:length]) == "malformed"


@given(st.text(max_size=200) | st.text(min_size=TOKEN_CHARS, max_size=TOKEN_CHARS))
def test_any_other_text_is_no_pass_and_no_error(text: str) -> None:
    assert why(text) in {"malformed", "forged"}


@given(st.integers(0, TOKEN_CHARS - 1), st.characters())
def test_a_changed_character_is_refused_or_means_the_same(at: int, character: str) -> None:
    changed = TOKEN[:at] + character + TOKEN[at + 1 :]
    with suppress(BadSeal):
        assert read(KEY, changed, SECONDS) == read(KEY, TOKEN, SECONDS)


def test_a_pass_of_another_version_has_lapsed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passes, "VERSION", passes.VERSION + 1)
    newer = issue(KEY, 42, 7, ORDER, NOW)
    monkeypatch.undo()
    assert why(newer) == "lapsed"
