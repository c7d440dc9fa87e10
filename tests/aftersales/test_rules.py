"""Shares add up, whatever way the units come back."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from setaria.kernel.ids import new_id
from setaria.trade.aftersales.rules import Amount, Source, in_order, shares, spread, upto, worth


@given(st.integers(0, 10**9), st.integers(1, 50), st.data())
def test_any_way_of_taking_units_back_adds_up(amount: int, of: int, data: st.DataObject) -> None:
    cuts = sorted({0, of, *data.draw(st.lists(st.integers(0, of), max_size=4))})
    parts = [upto(amount, high, of) - upto(amount, low, of) for low, high in pairwise(cuts)]
    assert sum(parts) == amount
    assert min(parts) >= 0
    each = [upto(amount, n + 1, of) - upto(amount, n, of) for n in range(of)]
    assert max(each) - min(each) <= 1  # largest remainders: nobody's unit is worth two more than another's


@given(st.integers(1, 10**6), st.integers(1, 20), st.data())
def test_no_unit_costs_less_than_nothing_however_much_was_taken_off(price: int, of: int, data: st.DataObject) -> None:
    whole = price * of
    tax = data.draw(st.integers(0, whole))
    discount = data.draw(st.integers(0, whole + tax))
    points = data.draw(st.integers(0, whole + tax - discount))
    within = data.draw(st.integers(0, whole))
    amounts = in_order(
        [Amount(3, -discount, 0), Amount(4, within, 0), Amount(0, whole, 0), Amount(2, tax, 0), Amount(5, -points, 0)]
    )
    taken = [shares(amounts, n, 1, of) for n in range(of)]
    assert all(worth(parts) >= 0 for parts in taken)
    for amount in amounts:
        assert sum(p.amount for parts in taken for p in parts if p.kind == amount.kind) == amount.amount
    assert sum(map(worth, taken)) == whole + tax - discount - points


@given(st.lists(st.integers(0, 10**6), max_size=4), st.integers(0, 4 * 10**6))
def test_money_goes_back_to_the_payments_it_came_from(holds: list[int], amount: int) -> None:
    sources = [Source(new_id(), "sandbox", left) for left in holds]
    found = spread(amount, sources)
    if amount > sum(holds):
        assert found is None
    else:
        assert found is not None
        assert sum(part for _, part in found) == amount
        assert all(0 < part <= source.left for source, part in found)
