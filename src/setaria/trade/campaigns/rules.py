"""What is decided about a campaign without looking anywhere: instants, what may still change, and every check.

Pure: plan and facts come in, findings go out. `words` says them in the reader's language.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

import msgspec

from setaria.trade.campaigns.plan_file import Plan, PlannedDrop, PlannedItem

# What may change as long as there is a campaign: it makes no promise of price or stock, or is approved by itself.
FREE_FIELDS = frozenset({"message", "before"})
LIMIT_USUAL_MAX = 10
PAYMENT_SECONDS_MIN, PAYMENT_SECONDS_MAX = 120, 3600  # an ordinary bank's page takes a minute
CAPACITY_KEPT_FREE = 0.5  # of what was measured: the day's machine has other things to do, too
BENCH_DAYS_MAX = 30
REDUCTION_USUAL_MAX = 0.5  # a fridge at ¥11.11 was a slip of the pen


class Level(StrEnum):
    """How a check ended. Red keeps a campaign from being approved; amber is for people to judge."""

    GREEN = "green"
    AMBER = "amber"
    RED = "red"


class Finding(msgspec.Struct, frozen=True):
    """What one check found: a stable code, what it is about, and what its sentence needs."""

    check: str
    code: str
    level: Level
    about: str
    values: dict[str, str] = msgspec.field(default_factory=dict)


class MarketFacts(msgspec.Struct, frozen=True):
    """A market as it is: whether it sells, and where its web channel sells from."""

    time_zone: str
    currency: str
    sells: bool
    place: str = ""  # code of the warehouse; empty where there is none


class Span(msgspec.Struct, frozen=True):
    """A price (minor units) from an instant until another; None is open."""

    since: datetime | None
    until: datetime | None
    amount: int


class Capacity(msgspec.Struct, frozen=True):
    """Durable orders a second, as measured by a benchmark of this installation."""

    orders_per_second: float
    measured_at: datetime


class Facts(msgspec.Struct, frozen=True):
    """Everything the checks know besides the plan. `made`: its drops exist; then their pools are counted."""

    now: datetime
    markets: dict[str, MarketFacts]
    published: set[str]  # SKUs
    free: dict[tuple[str, str], int]  # market, SKU: units nobody holds; once made, those in the pool of the drop
    book: dict[tuple[str, str], list[Span]]  # market, SKU
    messages: dict[str, bool]  # slug: its newest wording is approved
    made: bool = False
    capacity: Capacity | None = None


# --- instants ---


class NoSuchTime(ValueError):
    """A local time that the clocks skip, or show twice."""


def day_begins(day: date, zone: str) -> datetime:
    """Return the first instant of a day in a time zone (the clocks may skip its midnight)."""
    return datetime.combine(day, time.min, ZoneInfo(zone)).astimezone(UTC)


def instant(local: datetime, zone: str) -> datetime:
    """Return the instant of a local time; raises NoSuchTime where the clocks skip it or show it twice."""
    first, second = (local.replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC) for fold in (0, 1))
    if first != second:
        raise NoSuchTime(f"{local:%Y-%m-%d %H:%M} is skipped or comes twice in {zone}, where the clocks change")
    return first


def days_of(plan: Plan, zone: str) -> tuple[datetime, datetime]:
    """Return when a campaign begins and ends in a time zone."""
    return day_begins(plan.first_day, zone), day_begins(plan.last_day + timedelta(days=1), zone)


def window(plan: Plan, drop: PlannedDrop, zone: str) -> tuple[datetime, datetime]:
    """Return when a drop opens and closes; raises NoSuchTime."""
    begins, ends = days_of(plan, zone)
    return (
        begins if drop.opens is None else instant(drop.opens, zone),
        ends if drop.closes is None else instant(drop.closes, zone),
    )


def bounds(plan: Plan, zones: Mapping[str, str]) -> tuple[datetime, datetime]:
    """Return a campaign's first and last instant over all its markets."""
    days = [days_of(plan, zones[market]) for market in plan.markets]
    return min(begins for begins, _ in days), max(ends for _, ends in days)


# --- changes ---


def changed(old: Plan, new: Plan) -> list[str]:
    """Return the names of the fields in which two plans differ."""
    return [name for name in Plan.__struct_fields__ if getattr(old, name) != getattr(new, name)]


# --- checks ---


def check(plan: Plan, facts: Facts) -> list[Finding]:
    """Check everything; at least one finding a check, so that what was looked at can be seen."""
    checks = (_markets, _times, _stock, _prices, _limits, _payment, _messages, _capacity)
    return [finding for one in checks for finding in one(plan, facts)]


def worst(findings: list[Finding]) -> Level:
    """Return the gravest level; green where there is nothing."""
    levels = {finding.level for finding in findings}
    return next((level for level in (Level.RED, Level.AMBER) if level in levels), Level.GREEN)


def by_check(findings: list[Finding]) -> dict[str, list[Finding]]:
    """Group findings by check, the gravest first in each."""
    grave = [Level.RED, Level.AMBER, Level.GREEN]
    groups: dict[str, list[Finding]] = {}
    for finding in sorted(findings, key=lambda f: grave.index(f.level)):
        groups.setdefault(finding.check, []).append(finding)
    order = list(dict.fromkeys(finding.check for finding in findings))
    return {name: groups[name] for name in order}


def _green(check: str, code: str, about: str, **values: object) -> Finding:
    return Finding(check, code, Level.GREEN, about, {k: str(v) for k, v in values.items()})


def _amber(check: str, code: str, about: str, **values: object) -> Finding:
    return Finding(check, code, Level.AMBER, about, {k: str(v) for k, v in values.items()})


def _red(check: str, code: str, about: str, **values: object) -> Finding:
    return Finding(check, code, Level.RED, about, {k: str(v) for k, v in values.items()})


def _markets(plan: Plan, facts: Facts) -> Iterator[Finding]:
    selling = {drop.market for drop in plan.drop} | {price.market for price in plan.price}
    for market in plan.markets:
        known = facts.markets[market]
        if market in selling and not (known.sells and known.place):
            yield _red("markets", "market_informs", market)
        else:
            yield _green("markets", "market_ready" if market in selling else "market_shows", market)
    for drop in plan.drop:
        for item in drop.item:
            if item.sku not in facts.published:
                yield _red("markets", "unpublished", item.sku, drop=drop.slug)


def _times(plan: Plan, facts: Facts) -> Iterator[Finding]:
    for market in plan.markets:
        zone = facts.markets[market].time_zone
        begins, ends = days_of(plan, zone)
        days = (plan.last_day - plan.first_day).days + 1
        hours = (ends - begins) // timedelta(hours=1)
        if hours != 24 * days:
            yield _amber("times", "clocks_change", market, zone=zone, hours=hours, days=days)
        if begins <= facts.now and not facts.made:
            yield _red("times", "began", market, at=begins.isoformat(), zone=zone)
    for drop in plan.drop:
        yield _time_of(plan, drop, facts)
    if not plan.drop:
        yield _amber("times", "no_drops", plan.slug)


def _time_of(plan: Plan, drop: PlannedDrop, facts: Facts) -> Finding:
    zone = facts.markets[drop.market].time_zone
    try:
        opens, closes = window(plan, drop, zone)
    except NoSuchTime:
        return _red("times", "no_such_time", drop.slug, zone=zone)
    local = opens.astimezone(ZoneInfo(zone))
    values = {"at": opens.isoformat(), "until": closes.isoformat(), "zone": zone, "offset": f"{local:%z}"}
    begins, ends = days_of(plan, zone)
    if closes <= opens:
        return _red("times", "closes_first", drop.slug, **values)
    if opens < begins or closes > ends:
        return _red("times", "outside_days", drop.slug, **values)
    if local.time() != time.min:
        return _amber("times", "not_at_midnight", drop.slug, **values)
    return _green("times", "opens_at_midnight", drop.slug, **values)


def _stock(plan: Plan, facts: Facts) -> Iterator[Finding]:
    wanted: Counter[tuple[str, str]] = Counter()
    for drop in plan.drop:
        for item in drop.item:
            wanted[drop.slug if facts.made else drop.market, item.sku] += item.units
    for (where, sku), units in wanted.items():
        free = facts.free.get((where, sku), 0)
        values = {"wanted": units, "free": free, "place": where if facts.made else facts.markets[where].place}
        if facts.made:
            yield (_green if free else _amber)("stock", "in_the_pool" if free else "pool_empty", sku, **values)
        elif free < units:
            yield _red("stock", "unfunded", sku, missing=units - free, **values)
        else:
            yield _green("stock", "funded", sku, **values)


class _Sold(msgspec.Struct, frozen=True):
    """Something sold in a market over a time, at a price of the plan or the book's."""

    where: str
    market: str
    sku: str
    since: datetime
    until: datetime
    price: int | None


def _sold(plan: Plan, facts: Facts) -> Iterator[_Sold]:
    for drop in plan.drop:
        try:
            opens, closes = window(plan, drop, facts.markets[drop.market].time_zone)
        except NoSuchTime:
            continue
        for item in drop.item:
            yield _Sold(drop.slug, drop.market, item.sku, opens, closes, item.price)
    for price in plan.price:
        begins, ends = days_of(plan, facts.markets[price.market].time_zone)
        yield _Sold(price.market, price.market, price.sku, begins, ends, price.price)


def _prices(plan: Plan, facts: Facts) -> Iterator[Finding]:
    sold = list(_sold(plan, facts))
    for n, one in enumerate(sold):
        others = [o for o in sold[:n] if (o.market, o.sku) == (one.market, one.sku)]
        clash = [o for o in others if o.since < one.until and one.since < o.until and o.price != one.price]
        if clash:
            yield _red("prices", "two_prices", one.sku, one=clash[0].where, other=one.where)
        else:
            yield _price_of(plan, one, facts)


def _price_of(plan: Plan, one: _Sold, facts: Facts) -> Finding:
    book = facts.book.get((one.market, one.sku), [])
    currency = facts.markets[one.market].currency
    values: dict[str, object] = {"where": one.where, "currency": currency}
    covered = one.price is not None or _covers(book, one.since, one.until)
    if not covered:
        return _red("prices", "no_price", one.sku, **values)
    if one.price is None:
        return _green("prices", "price_stays", one.sku, **values)
    lowest = lowest_before(book, one.since, max(plan.lower_than_days, 1))
    values |= {"price": one.price, "days": plan.lower_than_days, "before": lowest or 0}
    if lowest is None:
        return _amber("prices", "first_price", one.sku, **values)
    if plan.lower_than_days and one.price >= lowest:
        return _red("prices", "not_lower", one.sku, **values)
    if one.price < lowest * (1 - REDUCTION_USUAL_MAX):
        return _amber("prices", "very_low", one.sku, **values)
    return _green("prices", "lower", one.sku, **values)


def _covers(book: list[Span], since: datetime, until: datetime) -> bool:
    """Whether the book has a price at every instant from `since` until `until`."""
    at = since
    for span in sorted(book, key=lambda s: s.since or datetime.min.replace(tzinfo=UTC)):
        if (span.since is None or span.since <= at) and (span.until is None or span.until > at):
            if span.until is None:
                return True
            at = span.until
    return at >= until


def lowest_before(book: list[Span], at: datetime, days: int) -> int | None:
    """Return the lowest price of the days before an instant: what a reduction must be measured against."""
    begins = at - timedelta(days=days)
    amounts = [
        span.amount for span in book
        if (span.since is None or span.since < at) and (span.until is None or span.until > begins)
    ]  # fmt: skip
    return min(amounts, default=None)


def _limits(plan: Plan, facts: Facts) -> Iterator[Finding]:
    for drop in plan.drop:
        for item in drop.item:
            yield _limit_of(drop, item)


def _limit_of(drop: PlannedDrop, item: PlannedItem) -> Finding:
    values = {"drop": drop.slug, "limit": item.limit, "units": item.units}
    if item.limit > item.units:
        return _red("limits", "limit_above_units", item.sku, **values)
    if item.limit > LIMIT_USUAL_MAX:
        return _amber("limits", "limit_high", item.sku, **values)
    return _green("limits", "limit_fits", item.sku, **values)


def _payment(plan: Plan, facts: Facts) -> Iterator[Finding]:
    for drop in plan.drop:
        seconds = drop.payment_seconds
        if seconds < PAYMENT_SECONDS_MIN:
            yield _amber("payment", "payment_short", drop.slug, seconds=seconds, usual=PAYMENT_SECONDS_MIN)
        elif seconds > PAYMENT_SECONDS_MAX:
            yield _amber("payment", "payment_long", drop.slug, seconds=seconds, usual=PAYMENT_SECONDS_MAX)
        else:
            yield _green("payment", "payment_fits", drop.slug, seconds=seconds)


def _messages(plan: Plan, facts: Facts) -> Iterator[Finding]:
    for slug, approved in facts.messages.items():
        yield (_green if approved else _red)("messages", "approved" if approved else "waits", slug)
    if not facts.messages:
        yield _amber("messages", "none_written", plan.slug)


def _capacity(plan: Plan, facts: Facts) -> Iterator[Finding]:
    if plan.expect is None:
        yield _amber("capacity", "nothing_expected", plan.slug)
        return
    expected = plan.expect.orders_per_second
    if facts.capacity is None:
        yield _amber("capacity", "not_measured", plan.slug, expected=expected)
        return
    measured = facts.capacity.orders_per_second
    days = (facts.now - facts.capacity.measured_at).days
    values = {"expected": expected, "measured": round(measured), "days": days}
    if expected > measured:
        yield _red("capacity", "too_little", plan.slug, **values)
    elif expected > measured * (1 - CAPACITY_KEPT_FREE):
        yield _amber("capacity", "tight", plan.slug, **values)
    elif days > BENCH_DAYS_MAX:
        yield _amber("capacity", "measured_long_ago", plan.slug, **values)
    else:
        yield _green("capacity", "enough", plan.slug, **values)
