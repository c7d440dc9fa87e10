"""Money that moves in the shop is in the books: once, balanced, for good."""

from datetime import date
from uuid import UUID

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from setaria.kernel.ids import new_id
from setaria.markets.models import Market
from setaria.trade.books import record as recording
from setaria.trade.books.accounts import Account, Source
from setaria.trade.books.correct import CannotEnter, after, close, correct
from setaria.trade.books.correct import Side as Line
from setaria.trade.books.models import Balance, Entry, Mark, Posting
from setaria.trade.books.queries import revenue_by_quarter, statement, story_of, trial_balance
from setaria.trade.books.record import record
from setaria.trade.books.rules import tax_within
from setaria.trade.payments import refund
from setaria.trade.payments.models import Refund
from setaria.trade.preorders import deposits
from tests.guards import Unguarded
from tests.preorders.conftest import Queue
from tests.races.together import together
from tests.world import DAY, HOUR, MINUTE, SECOND, World


def standing(market_id: int | None = None) -> dict[str, int]:
    """Every account that is not even, by name."""
    return {s.account.name: s.balance for s in trial_balance(market_id=market_id) if s.balance}


def story(order_id: UUID) -> list[tuple[str, dict[str, int]]]:
    """What was entered for an order, line by line."""
    return [
        (Source(told.entry.source).name, {account.name: amount for account, amount, _ in told.lines})
        for told in story_of(order_id)
    ]


def test_a_paid_order_is_money_revenue_and_tax(world: World) -> None:
    phone, band = world.thing(price=199_900, stock=5), world.thing(price=14_900, stock=5)
    order = world.placed(phone, (band, 2))
    assert record(now=world.now) == 0  # an order is a promise; nothing has moved
    world.later(MINUTE)
    world.pay(order)
    assert record(now=world.now) == 2
    tax = tax_within(199_900, 1300) + tax_within(29_800, 1300)
    assert story(order.id) == [
        ("PAYMENT", {"CLEARING": 229_700, "CUSTOMERS": -229_700}),
        ("SALE", {"CUSTOMERS": 229_700, "TAX": -tax, "REVENUE": tax - 229_700}),
    ]
    assert standing() == {"CLEARING": 229_700, "TAX": -tax, "REVENUE": tax - 229_700}
    assert sum(s.balance for s in trial_balance()) == 0
    assert record(now=world.now) == 0 == record(now=world.now, everything=True)


def test_money_that_cannot_be_kept_is_owed_until_it_is_sent(world: World) -> None:
    band = world.thing(price=14_900, stock=5)
    order = world.placed(band)
    world.settle(world.money(order, amount=14_000))
    refund.collect(now=world.now)
    record(now=world.now)
    assert standing() == {"CLEARING": 14_000, "RETURNING": -14_000}
    world.later(MINUTE)
    Refund.objects.update(sent_at=world.now)
    record(now=world.now)
    assert standing() == {}
    assert [name for name, _ in story(order.id)] == ["PAYMENT", "REFUND"]


def test_a_deposit_is_owed_until_its_order_is_paid(world: World) -> None:
    queue = Queue(world, deposit_amount=10_000)
    place, other = queue.come(2)
    queue.deposit(place)
    queue.deposit(other)
    record(now=world.now)
    assert standing() == {"CLEARING": 20_000, "DEPOSITS": -20_000}
    world.later(SECOND)
    queue.supply(1)
    world.later(SECOND)
    assert queue.pay(place, 189_900) == "PAID"
    record(now=world.now)
    tax = tax_within(199_900, 1300)
    assert standing() == {"CLEARING": 209_900, "DEPOSITS": -10_000, "TAX": -tax, "REVENUE": tax - 199_900}
    assert [name for name, _ in story(place.id)] == ["DEPOSIT", "CREDIT", "PAYMENT", "SALE"] or [
        name for name, _ in story(place.id)
    ] == ["DEPOSIT", "CREDIT", "SALE", "PAYMENT"]


def test_a_deposit_of_an_order_that_lapsed_is_kept_or_goes_back(world: World) -> None:
    queue = Queue(world, deposit_amount=10_000)
    (place,) = queue.come(1)
    queue.deposit(place)
    queue.supply(1)
    record(now=world.now)
    world.later(40 * DAY)
    world.expire()
    world.later(MINUTE)
    deposits.decide(now=world.now)
    deposits.collect(now=world.now)
    record(now=world.now)
    names = [name for name, _ in story(place.id)]
    assert names == ["DEPOSIT", "CREDIT", "CREDIT_BACK", "DEPOSIT_ENDED"]
    ended = story(place.id)[-1][1]
    assert ended in ({"DEPOSITS": 10_000, "FORFEITED": -10_000}, {"DEPOSITS": 10_000, "RETURNING": -10_000})
    assert "CUSTOMERS" not in standing()


def test_markets_and_kinds_are_kept_apart_and_revenue_is_by_quarter(world: World) -> None:
    band = world.thing(price=11_300, stock=9)
    world.pay(world.placed(band))
    world.later(60 * DAY)
    world.pay(world.placed((band, 2)))
    record(now=world.now)
    assert [(e.quarter, e.kind_id, e.amount) for e in revenue_by_quarter(world.cn.id)] == [
        ("2032-Q1", world.kind.id, 20_000), ("2031-Q4", world.kind.id, 10_000),
    ]  # fmt: skip
    assert standing(world.us.id) == {}
    assert {s.account: s.credit for s in trial_balance(until=date(2031, 12, 31))}[Account.REVENUE] == 10_000


@given(st.integers(1, 10**12), st.integers(0, 10_000))
def test_tax_is_the_nearest(amount: int, rate: int) -> None:
    exact = amount * rate / (10_000 + rate)
    assert abs(tax_within(amount, rate) - exact) <= 0.5 + amount * 1e-15
    assert 0 <= tax_within(amount, rate) < amount or rate == 0 or amount == 1


def test_the_books_round_as_the_rule_does(world: World) -> None:
    amounts = (1, 5, 15, 113, 14_900, 199_900, 9_999_999_999)
    things = {amount: world.thing(price=amount, stock=9) for amount in amounts}
    for rate in (0, 100, 500, 1300, 1800, 10_000):
        Market.objects.filter(pk=world.cn.pk).update(tax_rate_bp=rate)
        orders = {amount: world.placed(thing) for amount, thing in things.items()}
        world.settle(*map(world.money, orders.values()))
        record(now=world.now)
        taxes = {amount: -dict(story(order.id))["SALE"].get("TAX", 0) for amount, order in orders.items()}
        assert taxes == {amount: tax_within(amount, rate) for amount in amounts}


def test_what_commits_late_is_not_forgotten(world: World) -> None:
    band = world.thing(price=14_900, stock=5)
    early, late = world.placed(band), world.placed(band)
    world.pay(early)
    record(now=world.now + 30 * SECOND)
    world.pay(late)  # stamped before the books were written, committed after
    assert record(now=world.now + 31 * SECOND) == 2


def test_much_is_entered_some_at_a_time(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "ENTRIES_MAX", 2)
    band = world.thing(price=14_900, stock=9)
    for _ in range(5):
        world.later(SECOND)
        world.pay(world.placed(band))
    assert record(now=world.now) == 10


@pytest.mark.parametrize("everything", [False, True])
def test_much_of_one_instant_is_entered_some_at_a_time(
    world: World, monkeypatch: pytest.MonkeyPatch, everything: bool
) -> None:
    monkeypatch.setattr(recording, "ENTRIES_MAX", 2)
    band = world.thing(price=14_900, stock=9)
    for order in [world.placed(band) for _ in range(5)]:
        world.pay(order)
    assert record(now=world.now, everything=everything) == 10
    assert record(now=world.now, everything=everything) == 0


# --- by hand, and closing ---


def test_an_entry_by_hand_balances_and_is_signed(world: World) -> None:
    fee = [Line(Account.FEES, 60, provider="sandbox"), Line(Account.CLEARING, -60, provider="sandbox")]
    id = new_id()
    assert correct(id, world.cn, fee, note="Fee of November", by="ada", now=world.now)
    assert not correct(id, world.cn, fee, note="Fee of November", by="ada", now=world.now)
    assert standing() == {"FEES": 60, "CLEARING": -60}


@pytest.mark.parametrize(
    ("sides", "note", "by"),
    [
        ([Line(Account.FEES, 60), Line(Account.CLEARING, -59)], "why", "ada"),
        ([Line(Account.FEES, 60)], "why", "ada"),
        ([Line(Account.FEES, 0), Line(Account.CLEARING, 0)], "why", "ada"),
        ([Line(Account.FEES, 10**16), Line(Account.CLEARING, -(10**16))], "why", "ada"),
        ([Line(Account.FEES, 60), Line(Account.CLEARING, -60)], " ", "ada"),
        ([Line(Account.FEES, 60), Line(Account.CLEARING, -60)], "why", ""),
    ],
)
def test_an_entry_that_makes_no_sense_changes_nothing(world: World, sides: list[Line], note: str, by: str) -> None:
    with pytest.raises(CannotEnter):
        correct(new_id(), world.cn, sides, note=note, by=by, now=world.now)
    assert not Entry.objects.exists()
    assert not Balance.objects.exists()


def test_a_closed_month_stays_as_it_is(world: World) -> None:
    band = world.thing(price=14_900, stock=5)
    first, second = world.placed(band), world.placed(band)
    world.pay(first)
    with pytest.raises(CannotEnter, match="not over"):
        close(world.cn, date(2031, 11, 1), by="ada", now=world.now)
    december = world.now + 20 * DAY
    with pytest.raises(CannotEnter, match="not over"):
        close(world.cn, date(2031, 12, 1), by="ada", now=december)
    close(world.cn, date(2031, 11, 30), by="ada", now=december)  # and enters what had happened
    before = standing()
    assert before["CLEARING"] == 14_900
    with pytest.raises(CannotEnter, match="closed already"):
        close(world.cn, date(2031, 11, 1), by="ada", now=december)
    with pytest.raises(CannotEnter, match="still open"):
        close(world.cn, date(2032, 1, 1), by="ada", now=december + 70 * DAY)
    # What happened in November and was told late counts in December.
    world.now += 10 * SECOND
    world.pay(second)
    record(now=december, everything=True)
    entry = Entry.objects.get(source=Source.SALE, source_id=second.id)
    assert (entry.month, entry.at) == (date(2031, 12, 1), world.now)
    november = {s.account.name: s.balance for s in trial_balance(until=date(2031, 11, 1)) if s.balance}
    assert november == before
    assert list(statement(Account.CLEARING, world.cn.id, date(2031, 12, 5)).values_list("amount", flat=True)) == [
        14_900
    ]


def test_the_month_is_the_markets_own(world: World) -> None:
    band = world.thing(price=14_900, stock=5)
    world.now = world.now.replace(month=11, day=30, hour=17)  # in China it is December
    order = world.placed(band)
    world.pay(order)
    record(now=world.now)
    assert {entry.month for entry in Entry.objects.all()} == {date(2031, 12, 1)}


def test_after_december_comes_january() -> None:
    assert [after(date(2031, 11, 1)), after(date(2031, 12, 1))] == [date(2031, 12, 1), date(2032, 1, 1)]


# --- the database has the last word ---


def paid(world: World) -> UUID:
    order = world.placed(world.thing(price=14_900, stock=5))
    world.pay(order)
    record(now=world.now)
    return order.id


def post(
    source_id: UUID, world: World, *rows: tuple[int, int, int], source: int = 1, month: str = "2031-11-01"
) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        values = ", ".join(["(%s, %s, %s, %s, %s, %s, 'CNY', 0, '', %s)"] * len(rows))
        cursor.execute(
            "INSERT INTO books_posting (source, source_id, line, account, month, market_id, currency, kind_id, provider,"
            f" amount) VALUES {values}",
            [
                value
                for line, account, amount in rows
                for value in (source, source_id, line, account, month, world.cn.id, amount)
            ],
        )


def test_nothing_is_changed_or_taken_out(world: World) -> None:
    paid(world)
    for statement_ in (
        "UPDATE books_posting SET amount = amount + 1", "DELETE FROM books_posting", "DELETE FROM books_entry",
        "UPDATE books_entry SET note = 'x'",
    ):  # fmt: skip
        with pytest.raises(IntegrityError, match="not changed"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement_)


def test_an_entry_is_whole_and_even_or_not_there(world: World) -> None:
    paid(world)
    payment = Entry.objects.get(source=Source.PAYMENT).source_id
    with pytest.raises(IntegrityError, match="has its lines already"):
        post(payment, world, (5, 1010, 7), (6, 1100, -7))
    empty = new_id()
    with transaction.atomic():
        Entry.objects.bulk_create(
            [
                Entry(
                    source=20,
                    source_id=empty,
                    at=world.now,
                    month=date(2031, 11, 1),
                    market_id=world.cn.id,
                    note="why",
                    entered_at=world.now,
                    entered_by="ada",
                )
            ]
        )
        with pytest.raises(IntegrityError, match="does not balance"):
            post(empty, world, (0, 1010, 7), (1, 1100, -8), source=20)
        transaction.set_rollback(True)
    with pytest.raises(IntegrityError):
        post(new_id(), world, (0, 1010, 7), (1, 1100, -7))  # of no entry
    assert Posting.objects.count() == 2 + 3


# --- at once ---


def test_two_who_record_at_once_enter_each_thing_once(world: World) -> None:
    band = world.thing(price=14_900, stock=20)
    for _ in range(10):
        world.pay(world.placed(band))
    made = together(*[lambda: record(now=world.now)] * 3)
    assert sum(made) == 20  # each enters what it comes to first, a kind at a time
    assert Entry.objects.count() == 20


def test_without_the_lock_they_meet_in_the_middle(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.pay(world.placed(world.thing(price=14_900, stock=20)))
    with transaction.atomic():  # one of them is in the middle of it
        record(now=world.now)
        monkeypatch.setattr(recording, "LOCK", 1)
        (met,) = together(lambda: _impatient(world))
    assert isinstance(met, OperationalError), met  # it waits for the other's rows, and would then find them there


def _impatient(world: World) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '300ms'")
    return record(now=world.now)


def test_a_month_does_not_close_while_something_is_entered_in_it(world: World) -> None:
    band = world.thing(price=14_900, stock=20)
    for _ in range(5):
        world.pay(world.placed(band))
    december = world.now + 20 * DAY + HOUR
    together(lambda: close(world.cn, date(2031, 11, 1), by="ada", now=december), lambda: record(now=december))
    assert Entry.objects.filter(month=date(2031, 11, 1)).count() == 10


# --- looked for all day ---


def test_a_look_that_finds_nothing_is_one_statement_and_writes_nothing(world: World) -> None:
    world.pay(world.placed(world.thing(price=14_900, stock=5)))
    assert record(now=world.now) == 2
    marks = list(Mark.objects.order_by("source").values_list("source", "until"))
    with CaptureQueriesContext(connection) as seen:
        assert record(now=world.now + 20 * SECOND) == 0
    assert len(seen) == 1
    assert list(Mark.objects.order_by("source").values_list("source", "until")) == marks


def test_marks_move_on_while_nothing_happens_and_what_commits_late_is_found_all_the_same(world: World) -> None:
    band = world.thing(price=14_900, stock=5)
    early, late = world.placed(band), world.placed(band)
    world.pay(early)
    record(now=world.now)
    later = world.now + recording.LATE - SECOND
    assert record(now=later) == 0
    assert set(Mark.objects.values_list("until", flat=True)) == {later}
    world.pay(late)  # stamped before the marks
    assert record(now=later + SECOND) == 2


def test_a_mark_does_not_move_over_what_is_found_and_not_entered(world: World) -> None:
    world.pay(world.placed(world.thing(price=14_900, stock=5)))
    at = world.now + recording.LATE
    found = recording._fresh(at)  # and whoever found it is gone before it is entered
    assert {kind.source for kind in found} == {Source.PAYMENT, Source.SALE}
    assert not Mark.objects.filter(source__in=[Source.PAYMENT, Source.SALE]).exists()
    assert record(now=at + 10 * recording.LATE) == 2


def test_a_statement_is_read_a_page_at_a_time(world: World) -> None:
    band = world.thing(price=14_900, stock=9)
    for _ in range(5):
        world.pay(world.placed(band))
    record(now=world.now)
    whole = list(statement(Account.CLEARING, world.cn.id, world.now.date()))
    assert len(whole) == 5
    read, last = [], None
    while page := list(statement(Account.CLEARING, world.cn.id, world.now.date(), after=last)[:2]):
        read += page
        last = page[-1].pk
    assert [one.pk for one in read] == [one.pk for one in whole]


def test_a_line_without_its_entry_is_found_where_the_guard_is_away(world: World, unguarded: Unguarded) -> None:
    with pytest.raises(IntegrityError, match="there is no entry"):
        post(new_id(), world, (0, 1010, 7), (1, 1100, -7))
    unguarded("posting_of_an_entry")
    post(new_id(), world, (0, 1010, 7), (1, 1100, -7))
    assert list(world.breaches()) == ["entries_balance"]
