"""Counting by sets of places says the same as asking every product."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from setaria.channels.storefront import columns
from setaria.channels.storefront.columns import Column, bits, set_of

FEW = st.lists(st.none() | st.booleans() | st.sampled_from(["", "oak", "wool"]), max_size=40)
MANY = st.lists(st.none() | st.integers(0, 400), min_size=3 * columns.SETS_MAX, max_size=5 * columns.SETS_MAX)


@given(FEW | MANY, st.randoms(use_true_random=False))
def test_a_column_counts_and_narrows_as_asking_each_would(values: list[object], random: object) -> None:
    among = {place for place in range(len(values)) if random.random() < 0.5}  # type: ignore[attr-defined]
    column = Column(values)
    assert column.counts(set_of(among)) == Counter(values[p] for p in among if values[p] is not None)
    wanted = {value for value in values if random.random() < 0.3} | {"unheard of"}  # type: ignore[attr-defined]
    having = set_of(p for p, value in enumerate(values) if value is not None and value in wanted)
    assert column.having(wanted - {None}) == column.where(wanted.__contains__) == having


@given(st.sets(st.integers(0, 200)), st.integers(0, 60))
def test_a_set_as_bytes_marks_its_places(places: set[int], more: int) -> None:
    length = max(places, default=-1) + 1 + more
    assert list(bits(set_of(places), length))[:length] == [int(place in places) for place in range(length)]
