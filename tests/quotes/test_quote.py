"""The quote adds up to the minor unit, whatever it is made of."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from setaria.kernel.ids import new_id
from setaria.trade.orders.charges import added, sound
from setaria.trade.orders.requests import ChargeKind, Line, Request
from setaria.trade.quotes.quote import Delivery, Item, Points, Quote, Reduction, Tax, Wanted, quote
from setaria.trade.quotes.rules import DeliveryTax, Rounding, allot, rounded

NAME = {"en": "x"}


def told(found: Quote) -> list[tuple[str, str, int]]:
    return [(part.source, part.text.id, part.amount) for part in found.parts]


def item(price: int, quantity: int = 1, *, kind: int = 1, variant: int = 1) -> Item:
    return Item(variant, kind, quantity, price)


@st.composite
def wanteds(draw: st.DrawFn, *, plain: bool = False) -> Wanted:
    items = tuple(
        Item(n + 1, draw(st.integers(1, 3)), draw(st.integers(1, 5)), draw(st.integers(1, 10**7)))
        for n in range(draw(st.integers(1, 5)))
    )
    amounts = st.integers(1, 10**7)
    reductions = draw(
        st.lists(
            st.builds(
                lambda share, amount, **rest: Reduction(
                    name=NAME, percent_bp=share, amount=0 if share else amount, **rest
                ),
                st.one_of(st.just(0), st.integers(1, 10_000)),
                amounts,
                source=st.integers(1, 99).map(lambda n: f"promotion:{n}"),
                amount_max=st.none() | amounts,
                goods_min=st.just(0) | amounts,
                kinds=st.sets(st.integers(1, 3)).map(frozenset),
                group=st.sampled_from(["", "a", "b"]),
                alone=st.booleans(),
                priority=st.integers(0, 2),
                asked=st.booleans(),
            ),
            max_size=4,
            unique_by=lambda r: r.source,
        )
    )
    return Wanted(
        items=items,
        reductions=tuple(reductions),
        points=draw(st.none() | st.builds(Points, amounts, st.integers(0, 10_000))),
        delivery=draw(st.none() | st.builds(Delivery, st.just("std"), st.just(NAME), st.integers(0, 5_000), st.none() | amounts)),
        tax=draw(
            st.builds(
                Tax, st.integers(0, 5_000), st.dictionaries(st.integers(1, 3), st.integers(0, 5_000)), st.booleans(),
                st.booleans(), st.sampled_from(Rounding), st.sampled_from(DeliveryTax),
            )
        ),
    )  # fmt: skip


@given(wanteds())
def test_it_adds_up_and_the_door_takes_it(wanted: Wanted) -> None:
    found = quote(wanted)
    lines = tuple(Line(i.variant_id, i.quantity, i.unit_price) for i in found.items)
    request = Request(new_id(), 1, 1, lines, charges=found.charges)
    assert sound(request)
    assert found.total == found.goods + added(found.charges) > 0
    for part in found.parts:
        sources = [source for source, _ in part.owns] or [part.source]
        own = [c for c in found.charges if c.source in (part.source, *sources) and c.kind == part.kind]
        assert sum(amount for _, amount in part.owns) in (0, part.own)
        assert sum(c.amount for c in own) == part.amount == sum(part.shares) + part.own
    for n, one in enumerate(found.items):
        assert one.amount + added([c for c in found.charges if c.line == n]) >= 0


@given(wanteds(), st.randoms())
def test_the_order_of_the_lines_does_not_matter(wanted: Wanted, random: Random) -> None:
    items = list(wanted.items)
    random.shuffle(items)
    reductions = list(wanted.reductions)
    random.shuffle(reductions)
    one, other = (
        quote(wanted),
        quote(Wanted(tuple(items), tuple(reductions), wanted.points, wanted.delivery, wanted.tax)),
    )
    assert one.total == other.total

    def by_variant(found: Quote) -> dict[object, int]:
        return {
            (c.kind, c.source, None if c.line is None else found.items[c.line].variant_id): c.amount
            for c in found.charges
        }

    assert by_variant(one) == by_variant(other)


@given(wanteds())
def test_what_is_taken_off_makes_nothing_dearer(wanted: Wanted) -> None:
    plain = Wanted(wanted.items, (), None, wanted.delivery, Tax())
    assert (
        quote(Wanted(wanted.items, wanted.reductions, wanted.points, wanted.delivery, Tax())).total
        <= quote(plain).total
    )


@given(wanteds(), st.integers(0, 4), st.integers(1, 10**6))
def test_a_dearer_line_makes_no_cheaper_order(wanted: Wanted, which: int, more: int) -> None:
    """Where no threshold is crossed: those of promotions and of free delivery are meant to make more goods cheaper."""
    tax = Tax(wanted.tax.standard_bp, {}, wanted.tax.inclusive, False, wanted.tax.rounding)
    share = tuple(r for r in wanted.reductions if r.percent_bp and not r.kinds and not r.goods_min and not r.amount_max)
    items = list(wanted.items)
    n = which % len(items)
    items[n] = Item(items[n].variant_id, items[n].kind_id, items[n].quantity, items[n].unit_price + more)
    before, after = (quote(Wanted(tuple(x), share[:1], None, None, tax)).total for x in (wanted.items, items))
    # Tax on top is rounded a line at a time, and shares move by a unit: no more than a unit a line.
    assert after >= before - len(items)
    if tax.inclusive:
        assert after >= before


@given(st.integers(0, 10**12), st.lists(st.integers(0, 10**9), min_size=1, max_size=50))
def test_shares_are_exact_to_the_unit(amount: int, weights: list[int]) -> None:
    shares = allot(amount, weights, list(range(len(weights))))
    whole = sum(weights)
    if whole == 0:
        assert shares == [0] * len(weights)
        return
    assert sum(shares) == amount
    assert all(abs(share * whole - amount * weight) < whole for share, weight in zip(shares, weights, strict=True))
    if amount <= whole:
        assert all(0 <= share <= weight for share, weight in zip(shares, weights, strict=True))


@pytest.mark.parametrize(
    ("numerator", "denominator", "even", "up"),
    [(5, 10, 0, 1), (15, 10, 2, 2), (25, 10, 2, 3), (4, 10, 0, 0), (6, 10, 1, 1), (0, 7, 0, 0)],
)
def test_halves_go_where_the_rule_says(numerator: int, denominator: int, even: int, up: int) -> None:
    assert rounded(numerator, denominator) == even
    assert rounded(numerator, denominator, half_up=True) == up


# --- by example ---


def test_delivery_is_free_from_a_sum_of_goods_at_book_prices() -> None:
    way = Delivery("std", NAME, 1_000, free_from=9_900)
    off = (Reduction("promotion:1", NAME, amount=5_000),)
    assert told(quote(Wanted((item(9_899),), delivery=way)))[0] == ("shipping:std", "shipping.until_free", 1_000)
    assert told(quote(Wanted((item(9_900),), off, delivery=way)))[1] == ("shipping:std", "shipping.free", 0)
    assert told(quote(Wanted((item(1),))))[0] == ("shipping:included", "shipping.included", 0)


def test_tax_within_on_top_and_spared() -> None:
    goods = (item(11_300), item(10_900, kind=2, variant=2))
    rates = {2: 900}
    assert told(quote(Wanted(goods, tax=Tax(1300, rates))))[1:] == [
        ("tax:1300", "tax.within", 1_300),
        ("tax:900", "tax.within", 900),
    ]
    on_top = quote(Wanted((item(10_000),), delivery=Delivery("std", NAME, 1_000), tax=Tax(1300, inclusive=False)))
    assert told(on_top)[1:] == [("tax:1300", "tax.added", 1_430)]
    assert on_top.total == 12_430
    spared = quote(Wanted(goods, tax=Tax(1300, rates, exempt=True)))
    assert spared.total == 20_000
    assert told(quote(Wanted(goods, tax=Tax(1300, rates, inclusive=False, exempt=True))))[1:] == [
        ("tax-exempt:0", "tax.exempt", 0)
    ]


@pytest.mark.parametrize(
    ("rule", "taxes", "delivery"),
    [(DeliveryTax.STANDARD, {"tax:1300": 1_430, "tax:900": 900}, {"shipping:std": 1_000}),
     (DeliveryTax.GOODS, {"tax:1300": 1_365, "tax:900": 945}, {"shipping:std:1300": 500, "shipping:std:900": 500}),
     (DeliveryTax.NONE, {"tax:1300": 1_300, "tax:900": 900}, {"shipping:std": 1_000})],
)  # fmt: skip
def test_delivery_is_taxed_by_the_markets_rule(
    rule: DeliveryTax, taxes: dict[str, int], delivery: dict[str, int]
) -> None:
    goods = (item(10_000), item(10_000, kind=2, variant=2))
    tax = Tax(1300, {2: 900}, inclusive=False, delivery=rule)
    found = quote(Wanted(goods, delivery=Delivery("std", NAME, 1_000), tax=tax))
    assert {source: amount for source, _, amount in told(found)[1:]} == taxes
    assert {c.source: c.amount for c in found.charges if c.kind == ChargeKind.SHIPPING} == delivery
    assert found.total == 21_000 + sum(taxes.values())


def test_delivery_of_goods_at_one_rate_is_one_charge() -> None:
    tax = Tax(1300, {1: 0}, delivery=DeliveryTax.GOODS)
    found = quote(Wanted((item(10_000),), delivery=Delivery("std", NAME, 1_000), tax=tax))
    assert [(c.source, c.amount) for c in found.charges] == [("shipping:std", 1_000)]  # of goods without tax


def test_rounding_by_line_and_by_order_differ_and_each_adds_up() -> None:
    goods = tuple(item(105, variant=n) for n in range(1, 4))  # 10.5 of tax each

    def shares(rounding: Rounding) -> tuple[int, ...]:
        return quote(Wanted(goods, tax=Tax(1000, inclusive=False, rounding=rounding))).parts[-1].shares

    assert shares(Rounding.LINE_HALF_EVEN) == (10, 10, 10)
    assert shares(Rounding.LINE_HALF_UP) == (11, 11, 11)
    assert shares(Rounding.ORDER_HALF_EVEN) == (11, 11, 10)  # 31.5 is 32
    assert shares(Rounding.ORDER_HALF_UP) == (11, 11, 10)


def test_of_a_group_the_best_counts_and_who_stands_alone_does_so_when_better() -> None:
    a, b = (
        Reduction("promotion:1", NAME, amount=100, group="g"),
        Reduction("promotion:2", NAME, percent_bp=1000, group="g"),
    )
    more = Reduction("promotion:3", NAME, amount=50)
    alone = Reduction("promotion:4", NAME, amount=1_000, alone=True, asked=True)
    goods = (item(2_000),)
    assert quote(Wanted(goods, (a, b))).taken(ChargeKind.DISCOUNT) == {"promotion:2": 200}
    assert quote(Wanted(goods, (a, b, more))).total == 1_750
    assert quote(Wanted(goods, (a, b, more, alone))).taken(ChargeKind.DISCOUNT) == {"promotion:4": 1_000}
    small = Reduction("promotion:4", NAME, amount=10, alone=True, asked=True)
    assert ("promotion:4", "discount.not_with", 0) in told(quote(Wanted(goods, (a, b, more, small))))


def test_a_code_that_needs_more_goods_says_so() -> None:
    fifty = Reduction("promotion:1", NAME, amount=50, goods_min=10_000, asked=True)
    assert told(quote(Wanted((item(9_999),), (fifty,))))[0] == ("promotion:1", "discount.needs", 0)
    quiet = Reduction("promotion:1", NAME, amount=50, goods_min=10_000)
    assert told(quote(Wanted((item(9_999),), (quiet,)))) == [("shipping:included", "shipping.included", 0)]


def test_goods_cost_a_unit_at_least() -> None:
    everything = Reduction("promotion:1", NAME, percent_bp=10_000)
    assert quote(Wanted((item(500), item(700, variant=2)), (everything,))).total == 1
    assert quote(Wanted((item(1),), (everything,))).total == 1


def test_points_pay_up_to_their_share_of_what_is_left() -> None:
    off = (Reduction("promotion:1", NAME, amount=1_000),)
    found = quote(Wanted((item(5_000),), off, Points(10_000, 5_000)))
    assert found.taken(ChargeKind.POINTS) == {"points:spent": 2_000}
    assert found.total == 2_000


def test_shares_of_a_discount_add_up_over_awkward_lines() -> None:
    goods = tuple(item(100, variant=n) for n in (3, 1, 2))
    found = quote(Wanted(goods, (Reduction("promotion:1", NAME, amount=100),)))
    assert found.parts[0].shares == (-33, -34, -33)  # the unit that is left goes to the smallest variant
