import pytest
from hypothesis import given
from hypothesis import strategies as st

from setaria.site.rush.curve import instants

points = st.lists(
    st.tuples(st.floats(0, 1), st.floats(0, 100)), min_size=1, max_size=6, unique_by=lambda p: round(p[0], 3)
).map(sorted)


@given(points.filter(lambda curve: any(y > 1 for _, y in curve)), st.integers(1, 200), st.floats(0.1, 1000))
def test_every_arrival_lies_in_the_time_and_they_rise(curve, count, seconds):
    if max(y for _, y in curve) * len(curve) == 0:
        return
    found = instants(count, curve, seconds)
    assert len(found) == count
    assert found == sorted(found)
    assert found[0] >= 0
    assert found[-1] <= seconds * (1 + 1e-9)


def test_a_flat_curve_spreads_evenly():
    assert instants(4, [(0, 1), (1, 1)], 8.0) == pytest.approx([1, 3, 5, 7])


def test_a_spike_at_the_opening_brings_its_share():
    # Nine tenths of the area lie in the first tenth of the time.
    curve = [(0, 81), (0.1, 81), (0.1000001, 1), (1, 1)]
    found = instants(1000, curve, 100.0)
    assert sum(at < 10 for at in found) == pytest.approx(900, abs=2)


def test_a_rate_of_zero_brings_nobody():
    found = instants(100, [(0, 0), (0.5, 0), (0.5000001, 1), (1, 1)], 10.0)
    assert min(found) >= 5


@pytest.mark.parametrize("curve", [[], [(0, 0), (1, 0)], [(0, -1), (1, 3)], [(0.5, 1), (0.2, 1)], [(0, 1), (2, 1)]])
def test_a_curve_that_makes_no_sense_is_refused(curve):
    with pytest.raises(ValueError, match=r"[Cc]urve"):
        instants(10, curve, 1.0)
