"""The waiting room's rules."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from setaria.trade.queues import rules
from setaria.trade.queues.rules import (
    ESTIMATES_SECONDS,
    RATE_FIRST,
    RATE_MAX,
    RATE_MIN,
    Left,
    Load,
    allowed,
    ask_again,
    ask_early,
    estimate,
    next_rate,
    seats,
    shuffled,
)

BEHIND = rules.ORDER_WAIT_SECONDS_MAX * 2
FREE, FULL = Load(), Load(BEHIND)
PEOPLE = st.sets(st.uuids(), max_size=40)
SEED = b"s" * 32


# --- the shuffle ---


@given(PEOPLE)
def test_the_shuffle_keeps_everybody_and_asks_not_in_which_order_they_came(people: set[UUID]) -> None:
    order = shuffled(SEED, list(people))
    assert set(order) == people
    assert order == shuffled(SEED, sorted(people))


def test_another_seed_or_one_more_person_is_another_order() -> None:
    people = [UUID(int=n) for n in range(50)]
    order = shuffled(SEED, people)
    assert order != shuffled(b"t" * 32, people)
    newcomer = UUID(int=1000)
    assert [each for each in shuffled(SEED, [*people, newcomer]) if each != newcomer] != order


def test_nobody_is_favoured() -> None:
    people = [UUID(int=n) for n in range(8)]
    firsts = [shuffled(n.to_bytes(32), people)[0].int for n in range(4_000)]
    assert all(400 < firsts.count(n) < 600 for n in range(8))  # 500 expected, 21 standard deviation


# --- seats ---


@pytest.mark.parametrize(
    ("items", "outstanding", "more"),
    [
        ([], 0, 0),
        ([Left(0, 1)], 0, 0),
        ([Left(3, 1)], 0, 3),
        ([Left(3, 1)], 2, 1),
        ([Left(3, 1)], 9, 0),
        ([Left(5, 2)], 0, 2),  # everybody can have a full share
        ([Left(1, 2)], 0, 1),  # what is left at the end, to one at a time
        ([Left(1, 2)], 1, 0),
        ([Left(1, 2), Left(4, 2)], 0, 2),
        ([Left(0, 1), Left(7, 3)], 1, 1),
    ],
)
def test_as_many_seats_as_full_shares(items: list[Left], outstanding: int, more: int) -> None:
    assert seats(items, outstanding) == more


@given(st.lists(st.builds(Left, st.integers(0, 50), st.integers(1, 5)), max_size=5), st.integers(0, 100))
def test_no_more_than_there_are_units_and_never_stuck(items: list[Left], outstanding: int) -> None:
    more = seats(items, outstanding)
    units = sum(item.free for item in items)
    assert 0 <= more <= max(0, units - outstanding)
    assert more > 0 or outstanding > 0 or units == 0


# --- the rate ---


def test_it_begins_low_and_grows_only_when_it_is_used() -> None:
    assert next_rate(0, FREE, 0.5, pressing=True) == RATE_FIRST
    assert next_rate(RATE_FIRST, FREE, 1, pressing=False) == RATE_FIRST
    assert next_rate(RATE_FIRST, FREE, 1, pressing=True) == RATE_FIRST * rules.RATE_GROWTH_A_SECOND


def test_a_door_that_is_behind_cuts_it_to_below_what_it_did() -> None:
    assert next_rate(1_000, FULL, 0.5, pressing=True) == 500
    assert next_rate(4_000, Load(BEHIND, 0, 900.0), 0.5, pressing=True) == 450
    assert next_rate(1_000, Load(pages_waiting=rules.PAGES_WAITING_MAX + 1), 0.5, pressing=True) == 500


@given(
    st.floats(0, RATE_MAX), st.floats(0, 9), st.integers(0, 256), st.floats(0, 50_000), st.floats(0, 1e6),
    st.booleans(),
)  # fmt: skip
def test_it_stays_within_its_bounds(
    rate: float, orders: float, pages: int, done: float, seconds: float, pressing: bool
) -> None:
    assert RATE_MIN <= next_rate(max(rate, RATE_MIN), Load(orders, pages, done), seconds, pressing=pressing) <= RATE_MAX


def test_somebody_always_comes_in_and_a_pause_makes_no_flood() -> None:
    assert allowed(RATE_MIN, 0.1) == 1
    assert allowed(100, 0.5) == 50
    assert allowed(100, 3_600) == allowed(100, rules.CATCH_UP_SECONDS_MAX)


# --- what people are told ---


@pytest.mark.parametrize(
    ("ahead", "seats", "admitted", "seconds", "told"),
    [
        (0, 9, 60, 60, 30),
        (89, 900, 60, 60, 120),
        (90, 900, 60, 60, 120),
        (120, 900, 60, 60, 180),
        (9, 9, 60, 60, None),  # what is left does not reach so far
        (5, 9, 0, 60, None),  # nobody comes in
        (5, 9, 60, 19, None),  # not watched for long enough
        (100_000, 200_000, 60, 60, None),  # longer than anybody could foresee
    ],
)
def test_an_estimate_is_rounded_up_or_not_given(
    ahead: int, seats: int, admitted: int, seconds: float, told: int | None
) -> None:
    assert estimate(ahead, seats, admitted, seconds) == told


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6), st.floats(0, 60))
def test_an_estimate_is_never_less_than_the_pace_says(ahead: int, seats: int, admitted: int, seconds: float) -> None:
    told = estimate(ahead, seats, admitted, seconds)
    if told is not None:
        assert told in ESTIMATES_SECONDS
        assert told * admitted >= (ahead + 1) * seconds


@given(st.integers(0, 10**7), st.floats(0, RATE_MAX), st.floats(0, 10**7))
def test_pages_ask_neither_too_often_nor_too_seldom(ahead: int, a_second: float, crowd: float) -> None:
    again = ask_again(ahead, a_second, crowd)
    assert rules.ASK_SECONDS_MIN <= again <= rules.ASK_SECONDS_MAX
    assert again == rules.ASK_SECONDS_MAX or crowd / again <= rules.ASKS_A_SECOND_MAX * 1.000001


@pytest.mark.parametrize(("to_opening", "again"), [(3_600, 15), (121, 15), (119, 3), (0.5, 2.5), (-1, 3)])
def test_before_the_opening_nobody_asks_far_past_it(to_opening: float, again: float) -> None:
    assert ask_early(to_opening, 0) == again


def test_a_crowd_before_the_opening_asks_less_often() -> None:
    assert ask_early(600, 20 * rules.ASKS_A_SECOND_MAX) == 20
    assert ask_early(600, 999 * rules.ASKS_A_SECOND_MAX) == rules.ASK_SECONDS_MAX
