from setaria.site.bench.load import Measured
from setaria.site.bench.pairs import Goal, compare, judge

HALF = Goal(1, "x", 0.5)


def rates(*values):
    """Give one sample after another."""
    left = list(values)

    def measure():
        return Measured(left.pop(0), 1, {503: 1}, 1.0, 2.0, {"gate": 3.0}, 1.0)

    return measure


def test_the_median_of_the_pairs_counts_and_the_spread_is_kept():
    outcome = compare(HALF, rates(10, 30, 50), rates(100, 100, 100), 3, lambda: None)
    assert (outcome.measured, outcome.lowest, outcome.highest) == (0.3, 0.1, 0.5)
    assert not outcome.reached
    assert "6 refused or lost" in outcome.told


def test_a_goal_is_reached_exactly_or_not():
    assert compare(HALF, rates(50), rates(100), 1, lambda: None).reached
    assert not compare(HALF, rates(49.9), rates(100), 1, lambda: None).reached
    at_most = Goal(1, "x", 3, at_most=True)
    assert judge(at_most, [2.9, 3, 9]).reached
    assert not judge(at_most, [1, 3.1, 9]).reached


def test_pairs_are_measured_in_turn_each_the_other_way_round():
    order = []

    def side(name):
        def measure():
            order.append(name)
            return Measured(1, 1, {}, 1.0, 1.0, {}, 1.0)

        return measure

    compare(HALF, side("a"), side("b"), 3, lambda: None)
    assert order == ["a", "b", "b", "a", "a", "b"]
