"""The door's decisions, whatever the requests: properties that hold of every batch."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import UUID

import hypothesis.strategies as st
from hypothesis import given
from tests.world import code

from setaria.trade.orders.requests import (
    LINE_QUANTITY_MAX,
    ORDER_LINES_MAX,
    ORDER_TOTAL_MAX,
    Line,
    Outcome,
    Placed,
    Refused,
    Request,
)
from setaria.trade.orders.rules import Book, Known, Limit, Stock, Terms, barred, decide, well_formed

NOW = datetime(2031, 11, 11, tzinfo=UTC)
CHANNEL, DROP, PRICE = 1, 7, 100
VARIANTS = (1, 2, 3)


def a_book(free: dict[int, int], *, limit: int = 2, opens_in: int = 0, closes_in: int = 60, sells: bool = True) -> Book:
    """Three variants, sold from one warehouse outside a drop and from one pool in it."""
    terms = {}
    number = 0
    opens_at, closes_at = NOW + timedelta(seconds=opens_in), NOW + timedelta(seconds=closes_in)
    for drop in (None, DROP):
        for variant in VARIANTS:
            number += 1
            terms[CHANNEL, drop, variant] = Terms(
                number=number, market_id=1, channel_id=CHANNEL, drop_id=drop, product_id=variant,
                barred=barred(
                    sells=sells, unit_price=PRICE, opens_at=opens_at if drop else None,
                    closes_at=closes_at if drop else None, now=NOW,
                ),
                currency="CNY", unit_price=PRICE,
                payment_seconds=900, pay_by=NOW + timedelta(seconds=900),
                stock=Stock(variant, 20 if drop else 10, free.get(variant, 0)),
                limit=Limit(DROP, variant, limit, {}) if drop else None,
            )  # fmt: skip
    return Book(terms=terms, known={})


ids = st.integers(1, 12).map(lambda n: UUID(int=n))
lines = st.lists(
    st.builds(Line, st.sampled_from((*VARIANTS, 99)), st.integers(1, 4), st.sampled_from((PRICE, PRICE, PRICE, 1))),
    min_size=1,
    max_size=3,
    unique_by=lambda line: line.variant_id,
).map(tuple)
requests = st.builds(
    Request, ids, st.integers(1, 3), st.sampled_from((CHANNEL, CHANNEL, 2)), lines, st.sampled_from((None, DROP, DROP))
)
batches = st.lists(requests, max_size=25)
stocks = st.dictionaries(st.sampled_from(VARIANTS), st.integers(0, 6))


def placed_requests(batch: list[Request], outcomes: list[Outcome]) -> list[Request]:
    """Each placed order's request, once."""
    first: dict[UUID, Request] = {}
    for request, outcome in zip(batch, outcomes, strict=True):
        if isinstance(outcome, Placed):
            first.setdefault(request.id, request)
    return list(first.values())


@given(batches, stocks)
def test_never_more_than_is_free(batch: list[Request], free: dict[int, int]) -> None:
    outcomes, drafts = decide(batch, a_book(free))
    taken = Counter[tuple[int | None, int]]()
    for request in placed_requests(batch, outcomes):
        for line in request.lines:
            taken[request.drop_id, line.variant_id] += line.quantity
    assert all(units <= free.get(variant, 0) for (_, variant), units in taken.items())
    assert [draft.request for draft in drafts] == placed_requests(batch, outcomes)


@given(batches, stocks)
def test_what_the_book_notes_is_what_was_placed(batch: list[Request], free: dict[int, int]) -> None:
    book = a_book(free)
    outcomes, _ = decide(batch, book)
    taken = Counter[tuple[int | None, int]]()
    claimed = Counter[tuple[int, int]]()
    for request in placed_requests(batch, outcomes):
        for line in request.lines:
            taken[request.drop_id, line.variant_id] += line.quantity
            claimed[request.customer_id, line.variant_id] += line.quantity * (request.drop_id is not None)
    for (_, drop, variant), terms in book.terms.items():
        assert terms.stock.taken == taken[drop, variant] == free.get(variant, 0) - terms.stock.free
        if terms.limit is not None:
            assert Counter(terms.limit.added) == Counter({c: n for (c, v), n in claimed.items() if v == variant and n})


@given(batches, stocks, st.integers(1, 4), st.dictionaries(st.integers(1, 3), st.integers(0, 4)))
def test_the_limit_is_respected(
    batch: list[Request], free: dict[int, int], limit: int, claimed: dict[int, int]
) -> None:
    book = a_book(free, limit=limit)
    for terms in book.terms.values():
        if terms.limit is not None:
            terms.limit.claimed.update(claimed)
    outcomes, _ = decide(batch, book)
    units = Counter[tuple[int, int]]()
    for request in placed_requests(batch, outcomes):
        for line in request.lines:
            units[request.customer_id, line.variant_id] += line.quantity * (request.drop_id is not None)
    assert all(n == 0 or claimed.get(customer, 0) + n <= limit for (customer, _), n in units.items())


@given(batches, stocks)
def test_an_order_gets_all_of_its_lines_or_none(batch: list[Request], free: dict[int, int]) -> None:
    book = a_book(free)
    outcomes, drafts = decide(batch, book)
    for draft in drafts:
        assert len(draft.terms) == len(draft.request.lines) > 0
        assert [t.stock.variant_id for t in draft.terms] == [line.variant_id for line in draft.request.lines]
        assert draft.placed.total == sum(line.quantity * line.unit_price for line in draft.request.lines)
        assert draft.placed.pay_by == NOW + timedelta(seconds=900)
    refused = [r for r, o in zip(batch, outcomes, strict=True) if isinstance(o, Refused)]
    assert not {id(r) for r in refused} & {id(d.request) for d in drafts}


@given(batches, stocks)
def test_every_request_is_answered_in_its_place(batch: list[Request], free: dict[int, int]) -> None:
    outcomes, _ = decide(batch, a_book(free))
    assert [outcome.id for outcome in outcomes] == [request.id for request in batch]


@given(batches, batches, stocks)
def test_who_comes_later_changes_nothing_for_who_came_before(
    first: list[Request], later: list[Request], free: dict[int, int]
) -> None:
    alone, _ = decide(first, a_book(free))
    together, _ = decide(first + later, a_book(free))
    assert together[: len(first)] == alone


@given(batches, stocks)
def test_a_replay_gives_the_first_answer_and_writes_nothing(batch: list[Request], free: dict[int, int]) -> None:
    book = a_book(free)
    outcomes, _ = decide(batch, book)
    closed = a_book(free, opens_in=-60, closes_in=0)  # even when all is closed: an answer, once given, stands
    closed.known = book.known
    again, drafts = decide(placed_requests(batch, outcomes), closed)
    first = {o.id: o for o in outcomes if isinstance(o, Placed)}
    assert again == list(first.values())
    assert drafts == []


@given(batches, stocks)
def test_one_batch_or_many_is_all_the_same(batch: list[Request], free: dict[int, int]) -> None:
    whole, _ = decide(batch, a_book(free))
    book = a_book(free)
    assert [outcome for request in batch for outcome in decide([request], book)[0]] == whole


@given(requests, requests)
def test_the_same_id_for_something_else_is_a_conflict(one: Request, other: Request) -> None:
    other = Request(one.id, other.customer_id, other.channel_id, other.lines, other.drop_id)
    book = a_book(dict.fromkeys(VARIANTS, 99), limit=99)
    known = Known(one, Placed(one.id, 1, "CNY", NOW))
    book.known[one.id.int] = known
    outcomes, drafts = decide([one, other, one], book)
    assert outcomes[0] == outcomes[2] == known.placed
    assert code(outcomes[1]) == ("PLACED" if one == other else "ID_CONFLICT")
    assert drafts == []


@given(batches, stocks, st.integers(-3, 3), st.integers(1, 3))
def test_a_drop_sells_from_its_opening_until_before_its_closing(
    batch: list[Request], free: dict[int, int], opens_in: int, lasts: int
) -> None:
    outcomes, _ = decide(batch, a_book(free, opens_in=opens_in, closes_in=opens_in + lasts))
    if not opens_in <= 0 < opens_in + lasts:
        assert all(request.drop_id is None for request in placed_requests(batch, outcomes))


@given(batches, stocks)
def test_a_market_that_informs_sells_nothing(batch: list[Request], free: dict[int, int]) -> None:
    outcomes, drafts = decide(batch, a_book(free, sells=False))
    assert drafts == []
    assert {code(outcome) for outcome in outcomes} <= {"MALFORMED", "UNKNOWN_ITEM", "MARKET_INFORMS_ONLY"}


anything = st.integers() | st.integers(-3, 3)


@given(
    st.lists(
        st.builds(
            Request,
            ids,
            anything,
            anything,
            st.lists(st.builds(Line, anything, anything, anything)).map(tuple),
            st.none() | anything,
        )
    )
)
def test_no_number_whatsoever_raises(batch: list[Request]) -> None:
    sound = [request for request in batch if well_formed(request)]
    outcomes, drafts = decide(sound, a_book({1: 1}))
    assert len(outcomes) == len(sound)
    for draft in drafts:
        assert 0 < draft.placed.total <= ORDER_TOTAL_MAX


def test_the_bounds_of_a_well_formed_request() -> None:
    def request(*wanted: tuple[int, int, int], customer: int = 1, channel: int = 1, drop: int | None = None) -> bool:
        return well_formed(Request(UUID(int=1), customer, channel, tuple(Line(*line) for line in wanted), drop))

    assert request((1, 1, 1))
    assert request((2**31 - 1, LINE_QUANTITY_MAX, 2**200), customer=2**63 - 1, channel=2**15 - 1, drop=2**31 - 1)
    assert request(*[(n, 1, 1) for n in range(1, ORDER_LINES_MAX + 1)])
    assert not request(*[(n, 1, 1) for n in range(1, ORDER_LINES_MAX + 2)])
    assert not request((1, LINE_QUANTITY_MAX + 1, 1))
    assert not request((2**31, 1, 1))
    assert not request((1, 1, 1), (1, 2, 1))
    assert not request((1, 1, 1), customer=2**63)
    assert not request((1, 1, 1), channel=2**15)
    assert not request((1, 1, 1), drop=2**31)
