"""Instants in every market, and each check's verdicts, without a database."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from setaria.trade.campaigns import words
from setaria.trade.campaigns.plan_file import Plan, read
from setaria.trade.campaigns.rules import (
    Capacity,
    Facts,
    Level,
    MarketFacts,
    NoSuchTime,
    Span,
    by_check,
    check,
    day_begins,
    days_of,
    instant,
    lowest_before,
    worst,
)
from tests.campaigns.conftest import FILE

GOOD = FILE % {"day": "2031-11-11", "before": "2031-11-08"}
NOW = datetime(2031, 11, 1, tzinfo=UTC)
BEGAN = datetime(2030, 1, 1, tzinfo=UTC)


def facts(**changes: object) -> Facts:
    known: dict[str, object] = {
        "now": NOW,
        "markets": {
            "cn": MarketFacts("Asia/Shanghai", "CNY", True, "warehouse"),
            "us": MarketFacts("America/Los_Angeles", "USD", False),
        },
        "published": {"BAND", "PHONE", "PEN"},
        "free": {("cn", "BAND"): 30, ("cn", "PHONE"): 5, ("cn", "PEN"): 1},
        "book": {("cn", sku): [Span(BEGAN, None, price)] for sku, price in
                 (("BAND", 10000), ("PHONE", 90000), ("PEN", 900))},
        "messages": {"pledge": True},
        "capacity": Capacity(5000.0, NOW - timedelta(days=1)),
    }  # fmt: skip
    return Facts(**(known | changes))


def codes(plan: Plan, given_facts: Facts) -> set[str]:
    found = check(plan, given_facts)
    for finding in found:
        assert words.say(finding) != finding.code, "every finding has a sentence"
        assert "%(" not in words.say(finding)
    return {finding.code for finding in found if finding.level is not Level.GREEN}


def plan(*changes: tuple[str, str]) -> Plan:
    text = GOOD
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return read(text.encode())


def test_all_is_green_when_all_is_well() -> None:
    findings = check(plan(), facts())
    assert worst(findings) is Level.GREEN
    assert set(by_check(findings)) == {
        "markets", "times", "stock", "prices", "limits", "payment", "messages", "capacity"
    }  # fmt: skip


@pytest.mark.parametrize(
    "changes, known, code",
    [
        ([], {"free": {("cn", "BAND"): 29, ("cn", "PHONE"): 5}}, "unfunded"),
        ([], {"published": {"BAND", "PEN"}}, "unpublished"),
        ([], {"book": {}}, "no_price"),
        ([], {"messages": {"pledge": False}}, "waits"),
        ([], {"messages": {}}, "none_written"),
        ([], {"capacity": None}, "not_measured"),
        ([], {"capacity": Capacity(1999, NOW)}, "too_little"),
        ([], {"capacity": Capacity(3000, NOW)}, "tight"),
        ([], {"capacity": Capacity(9000, NOW - timedelta(days=99))}, "measured_long_ago"),
        ([], {"now": datetime(2031, 11, 10, 16, tzinfo=UTC)}, "began"),
        ([("price = 8000", "price = 10000")], {}, "not_lower"),
        ([("price = 8000", "price = 1111")], {}, "very_low"),
        ([("limit = 2", "limit = 31")], {}, "limit_above_units"),
        ([("limit = 2", "limit = 20")], {}, "limit_high"),
        ([("payment_seconds = 600", "payment_seconds = 20")], {}, "payment_short"),
        ([("payment_seconds = 600", "payment_seconds = 90000")], {}, "payment_long"),
        ([("payment_seconds = 600", "opens = 2031-11-11T10:00:00")], {}, "not_at_midnight"),
        ([("payment_seconds = 600", "opens = 2031-11-10T23:59:59")], {}, "outside_days"),
        ([("payment_seconds = 600", "closes = 2031-11-11T00:00:00")], {}, "closes_first"),
        ([('sku = "PEN"', 'sku = "BAND"')], {}, "two_prices"),
        ([("[expect]\norders_per_second = 2000", "")], {}, "nothing_expected"),
    ],
)
def test_each_fault_is_found_alone(changes: list[tuple[str, str]], known: dict[str, object], code: str) -> None:
    assert code in codes(plan(*changes), facts(**known))


def test_a_market_that_only_informs_may_show_a_campaign_but_not_sell_it() -> None:
    markets = {**facts().markets, "cn": MarketFacts("Asia/Shanghai", "CNY", False)}
    assert "market_informs" in codes(plan(), facts(markets=markets))


def test_a_price_given_up_in_the_middle_is_a_gap() -> None:
    noon = datetime(2031, 11, 11, 4, tzinfo=UTC)
    gap = [Span(BEGAN, noon, 90000), Span(noon + timedelta(seconds=1), None, 90000)]
    whole = [Span(BEGAN, noon, 90000), Span(noon, None, 95000)]
    book = facts().book
    assert "no_price" in codes(plan(), facts(book={**book, ("cn", "PHONE"): gap}))
    assert codes(plan(), facts(book={**book, ("cn", "PHONE"): whole})) == set()


def test_a_price_raised_just_before_does_not_make_a_reduction() -> None:
    raised = NOW + timedelta(days=8)
    book = {**facts().book, ("cn", "BAND"): [Span(BEGAN, raised, 7900), Span(raised, None, 20000)]}
    assert "not_lower" in codes(plan(), facts(book=book))
    assert "not_lower" not in codes(plan(("markets =", "lower_than_days = 1\nmarkets =")), facts(book=book))


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/Los_Angeles", "Asia/Kolkata", "Pacific/Kiritimati"])
@given(day=st.dates(date(2020, 1, 1), date(2040, 1, 1)))
def test_a_day_begins_at_its_first_instant(zone: str, day: date) -> None:
    from zoneinfo import ZoneInfo

    begins = day_begins(day, zone)
    assert begins.astimezone(ZoneInfo(zone)).date() == day
    assert (begins - timedelta(microseconds=1)).astimezone(ZoneInfo(zone)).date() < day


def test_where_clocks_skip_midnight_the_day_begins_when_they_go_on() -> None:
    assert day_begins(date(2018, 11, 4), "America/Sao_Paulo") == datetime(2018, 11, 4, 3, tzinfo=UTC)


def test_times_that_do_not_exist_or_exist_twice_are_refused() -> None:
    for local in map(datetime.fromisoformat, ["2026-03-08T02:30", "2026-11-01T01:30"]):
        with pytest.raises(NoSuchTime):
            instant(local, "America/Los_Angeles")
    assert instant(datetime.fromisoformat("2026-11-01T03:00"), "America/Los_Angeles") == datetime(
        2026, 11, 1, 11, tzinfo=UTC
    )


def test_the_day_on_which_clocks_change_is_told() -> None:
    long_day = GOOD.replace("2031-11-11", "2031-11-02").replace("2031-11-08", "2031-10-30")
    found = codes(read(long_day.encode()), facts(now=datetime(2031, 10, 1, tzinfo=UTC)))
    assert found == {"clocks_change"}
    begins, ends = days_of(read(long_day.encode()), "America/Los_Angeles")
    assert ends - begins == timedelta(hours=25)


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=8), st.integers(1, 60))
def test_the_lowest_price_of_the_days_before(amounts: list[int], days: int) -> None:
    step = timedelta(days=5)
    book = [Span(NOW - step * (n + 1), NOW - step * n, amount) for n, amount in enumerate(amounts)]
    reached = [a for n, a in enumerate(amounts) if 5 * n < days]
    assert lowest_before(book, NOW, days) == min(reached)
