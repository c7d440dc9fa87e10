"""Shares add up, whatever way the units come back."""

from itertools import pairwise

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from setaria.kernel.ids import new_id
from setaria.trade.aftersales.rules import (
    Amount,
    Means,
    Source,
    Turn,
    in_order,
    in_turn,
    shares,
    spread,
    upto,
    worth,
)


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


SOURCES = st.lists(st.tuples(st.sampled_from(Means), st.integers(0, 10**6)), max_size=4)


@given(SOURCES, st.sampled_from(Turn), st.integers(0, 4 * 10**6))
def test_money_goes_back_to_the_payments_it_came_from(holds: list[tuple[Means, int]], turn: Turn, amount: int) -> None:
    sources = in_turn([Source(new_id(), "sandbox", means, left) for means, left in holds], turn)
    found = spread(amount, sources)
    if amount > sum(left for _, left in holds):
        assert found is None
    else:
        assert found is not None
        assert sum(part for _, part in found) == amount
        assert all(0 < part <= source.left for source, part in found)


@given(SOURCES, st.sampled_from(Turn), st.lists(st.integers(1, 10**6), max_size=6))
def test_refunds_in_parts_never_exceed_a_payment_and_end_like_one(
    holds: list[tuple[Means, int]], turn: Turn, amounts: list[int]
) -> None:
    first = in_turn([Source(new_id(), "sandbox", means, left) for means, left in holds], turn)
    sources, total = first, 0
    for amount in amounts:
        found = spread(amount, sources)
        if found is None:
            continue
        gone = {source.payment_id: part for source, part in found}
        sources = [msgspec.structs.replace(s, left=s.left - gone.get(s.payment_id, 0)) for s in sources]
        assert min(source.left for source in sources) >= 0
        total += amount
    at_once = {source.payment_id: part for source, part in spread(total, first) or []}
    assert [s.left for s in sources] == [s.left - at_once.get(s.payment_id, 0) for s in first]


def test_the_rule_names_whose_turn_it_is() -> None:
    card, deposit, paid = (Source(new_id(), "x", means, 10) for means in (Means.CARD, Means.DEPOSIT, Means.PAYMENT))
    assert in_turn([card, deposit, paid], Turn.CARDS_LAST) == [paid, deposit, card]
    assert in_turn([paid, deposit, card], Turn.CARDS_FIRST) == [card, deposit, paid]
