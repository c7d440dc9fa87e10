"""What a report says of a campaign in one market: the wall's counters, and what orders and pools say besides.

Everything of one campaign is read in one snapshot. Instants come from the data, not from the clock of the reading.
"""

from datetime import datetime, timedelta
from typing import Any

import msgspec
from django.db import connection, transaction

from setaria.kernel.invariants import Finding, check_all
from setaria.markets.models import Market
from setaria.sight.wall.event import MINUTE, Event, Texts, elsewhere, named
from setaria.sight.wall.milestones import AMOUNTS
from setaria.sight.wall.recording import Recording, record
from setaria.trade.campaigns import queries
from setaria.trade.campaigns.models import Campaign
from setaria.trade.campaigns.plan import plan_of
from setaria.trade.campaigns.plan_file import Documented

SELLERS_MAX = 20
# Seconds: the bounds between which times to pay are counted.
PAY_BOUNDS = (10, 30, 60, 120, 300, 600, 900)


class NothingYet(Exception):
    """The campaign has opened in no market that sells, so there is nothing to report."""


class Part(msgspec.Struct, frozen=True):
    """A part of the whole: paid amount (minor units), and how many; orders of a channel, units of all others."""

    name: Texts
    amount: int
    count: int


class Orders(msgspec.Struct, frozen=True):
    """Orders placed in the campaign's time, by what became of them: how many, and their amount in minor units.

    What is paid at the door is less by what was taken back before; that amount is with the orders taken back whole.
    """

    waiting: tuple[int, int]
    paid: tuple[int, int]
    promised: tuple[int, int]  # confirmed, and to be paid at the door
    taken_back: tuple[int, int]  # all of it before it was paid at the door; the amount is of the others' parts, too
    expired: tuple[int, int]
    cancelled: tuple[int, int]

    @property
    def placed(self) -> tuple[int, int]:
        """All of them."""
        parts = (self.waiting, self.paid, self.promised, self.taken_back, self.expired, self.cancelled)
        return sum(part[0] for part in parts), sum(part[1] for part in parts)


class Refunds(msgspec.Struct, frozen=True):
    """Money owed back to those orders' payers, in one currency: how many, how much, how many of them were sent."""

    currency: str
    count: int
    amount: int
    sent: int


class Item(msgspec.Struct, frozen=True):
    """A variant in a drop. `empty_after`: seconds from the opening until nothing was free for the first time."""

    drop: Texts
    product: Texts
    variant: Texts
    sku: str
    set_aside: int
    paid: int
    empty_after: float | None

    @property
    def left(self) -> int:
        """Units that nobody paid for."""
        return self.set_aside - self.paid


class PayTimes(msgspec.Struct, frozen=True):
    """Seconds from placing to paying: half, nine in ten and 99 in 100 were no slower; counts between `PAY_BOUNDS`."""

    half: float | None
    nine_in_ten: float | None
    most: float | None
    counts: list[int]


class Passed(msgspec.Struct, frozen=True):
    """An amount that was passed. `exact`: to the payment; else only the whole minute is known, `seconds` its end."""

    amount: int
    seconds: float
    exact: bool
    order: str = ""


class Known(msgspec.Struct, frozen=True):
    """A documented figure, and ours beside it: the money after as long (whole minutes), and when it was passed."""

    documented: Documented
    ours: int
    minutes: int | None
    passed: Passed | None


class Before(msgspec.Struct, frozen=True):
    """The campaign of the same series before this one, in the same market, counted the same way."""

    name: Texts
    opens_at: datetime
    paid_amount: int
    paid_orders: int
    placed_orders: int
    units: int
    curve: list[int]
    step_minutes: int


class MarketFigures(msgspec.Struct, frozen=True):
    """One market's figures; amounts in minor units of `currency`, all its channels, payments until `until`."""

    market: str
    name: Texts
    currency: str
    time_zone: str
    opens_at: datetime
    until: datetime
    state_at: datetime  # the last change to these orders: what became of them is told as of then
    step_minutes: int
    curve: list[int]
    paid_amount: int
    paid_orders: int
    paid_units: int
    placed_amount: int
    placed_orders: int
    passed: list[Passed]
    products: list[Part]
    channels: list[Part]
    kinds: list[Part]
    orders: Orders
    refunds: list[Refunds]
    pay_times: PayTimes
    items: list[Item]
    known: list[Known]
    before: Before | None


class Report(msgspec.Struct, frozen=True):
    """A whole report."""

    slug: str
    name: Texts
    line: Texts
    revision: int
    markets: list[MarketFigures]
    audit: list[Finding]

    @property
    def broken(self) -> list[Finding]:
        """Invariants that do not hold."""
        return [finding for finding in self.audit if not finding.holds]


def read(campaign: Campaign, now: datetime) -> Report:
    """Read everything, then audit; raises NothingYet. Not inside a transaction: it takes snapshots of its own."""
    selling = set(Market.objects.filter(mode=Market.Mode.SELL).values_list("id", flat=True))
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        events = [event for event in elsewhere(campaign.slug, now) if event.market_id in selling]
        if not events:
            raise NothingYet(campaign.slug)
        markets = [_read(campaign, event, now) for event in events]
    return Report(campaign.slug, campaign.name, campaign.line, campaign.revision, markets, list(check_all()))


def _read(campaign: Campaign, event: Event, now: datetime) -> MarketFigures:
    tape = record(event, now)
    until = min(now, event.until(now))
    scope = {"market": event.market_id, "since": event.counts_from, "until": event.until(now),
             "campaign": campaign.pk, "opens": event.opens_at, "bounds": list(PAY_BOUNDS)}  # fmt: skip
    passed = _passed(tape)
    return MarketFigures(
        market=event.market,
        name=event.market_name,
        currency=event.currency,
        time_zone=event.time_zone,
        opens_at=event.opens_at,
        until=until,
        state_at=_rows(_LAST, scope)[0][0] or event.opens_at,
        step_minutes=tape.step_minutes,
        curve=tape.paid_amount,
        paid_amount=sum(tape.paid_amount),
        paid_orders=sum(tape.paid_orders),
        paid_units=sum(sum(count for _, count, _ in track.steps) for track in tape.products),
        placed_amount=sum(tape.placed_amount),
        placed_orders=sum(tape.placed_orders),
        passed=passed,
        products=_parts((track.name, track.steps) for track in tape.products)[:SELLERS_MAX],
        channels=_parts((track.name, track.steps) for track in tape.channels),
        kinds=_parts(
            (kind, [step for track in tape.products if track.kind == n for step in track.steps])
            for n, kind in enumerate(tape.kinds)
        ),
        orders=_orders(scope),
        refunds=[Refunds(*row) for row in _rows(_REFUNDS, scope)],
        pay_times=_pay_times(scope),
        items=[_item(*row) for row in _rows(_ITEMS, scope)],
        known=[_known(one, tape, passed) for one in plan_of(campaign).before if one.market == event.market],
        before=_before(campaign, event, now),
    )


def _before(campaign: Campaign, event: Event, now: datetime) -> Before | None:
    last = queries.before(campaign)
    then = named(event.market, last.slug) if last is not None else None
    if then is None or then.opens_at >= event.opens_at or then.currency != event.currency:
        return None
    tape = record(then, now)
    units = sum(sum(count for _, count, _ in track.steps) for track in tape.products)
    return Before(
        then.name or {}, then.opens_at, sum(tape.paid_amount), sum(tape.paid_orders), sum(tape.placed_orders), units,
        tape.paid_amount, tape.step_minutes,
    )  # fmt: skip


def _passed(tape: Recording) -> list[Passed]:
    """Return the amounts that were passed: to the payment where the wall wrote it down, else by the curve."""
    noted = {m.amount: m for m in tape.milestones if m.seconds is not None}
    found = []
    for amount in AMOUNTS:
        one = noted.get(amount)
        if one is not None and one.seconds is not None:
            found.append(Passed(amount, one.seconds, True, one.order))
        elif by_curve := crossing(tape, amount):
            found.append(by_curve)
    return found


def crossing(tape: Recording, amount: int) -> Passed | None:
    """Return the step by whose end a sum had been paid; None if it never was."""
    total = 0
    for n, paid in enumerate(tape.paid_amount, start=1):
        total += paid
        if total >= amount:
            end = (timedelta(minutes=n * tape.step_minutes)).total_seconds() - tape.lead_seconds
            return Passed(amount, min(end, tape.seconds), False)
    return None


def _known(one: Documented, tape: Recording, passed: list[Passed]) -> Known:
    total = sum(tape.paid_amount)
    if one.seconds is None:
        return Known(one, total, None, None)
    steps = one.seconds // int((tape.step_minutes * MINUTE).total_seconds())
    exact = next((p for p in passed if p.amount == one.amount), None)
    minutes = steps * tape.step_minutes
    return Known(one, sum(tape.paid_amount[:steps]), minutes, exact or crossing(tape, one.amount))


def _parts(tracks: Any) -> list[Part]:
    sums = [Part(name, sum(s[2] for s in steps), sum(s[1] for s in steps)) for name, steps in tracks]
    return sorted((part for part in sums if part.count), key=lambda p: (-p.amount, -p.count, sorted(p.name.items())))


def _orders(scope: dict[str, Any]) -> Orders:
    rows = _rows(_STATES, scope)
    states = {state: (count, amount) for state, count, amount, _ in rows}
    count, amount = states.get(6, (0, 0))
    states[6] = count, amount + sum(row[3] for row in rows)
    return Orders(*(states.get(state, (0, 0)) for state in (1, 2, 5, 6, 3, 4)))


def _pay_times(scope: dict[str, Any]) -> PayTimes:
    half, nine, most = _rows(_QUANTILES, scope)[0]
    counts = dict(_rows(_PAY_COUNTS, scope))
    return PayTimes(half, nine, most, [counts.get(n, 0) for n in range(len(PAY_BOUNDS) + 1)])


def _item(drop: str, product: str, variant: str, sku: str, aside: int, paid: int, empty: float | None) -> Item:
    text = msgspec.json.decode
    return Item(text(drop), text(product), text(variant), sku, aside, paid, empty)


def _rows(sql: str, scope: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, scope)
        return cursor.fetchall()


_PLACED = "market_id = %(market)s AND placed_at >= %(since)s AND placed_at < %(until)s"
# Confirmed by a promise, whose money is not here (5) or of which nothing is due any more (6): those are no status.
_STATES = f"""
    SELECT state, count(*), sum(total - waived)::bigint, sum(waived)::bigint FROM (
        SELECT CASE WHEN door.due IS NULL THEN status WHEN door.paid_at IS NOT NULL THEN 2 WHEN door.due > 0 THEN 5 ELSE 6 END
               AS state, total, coalesce(door.waived, 0) AS waived
        FROM orders_order LEFT JOIN (
            SELECT s.order_id, p.paid_at, p.waived, p.amount - p.waived AS due
            FROM cash_promise AS p JOIN orders_settlement AS s USING (payment_id) WHERE s.outcome = 1
        ) AS door ON door.order_id = id
        WHERE {_PLACED}
    ) AS placed GROUP BY 1
"""
_LAST = f"""
    SELECT greatest(max(o.placed_at), max(o.paid_at), max(e.at), max(s.at), max(r.sent_at)) FROM orders_order AS o
    LEFT JOIN orders_event AS e ON e.order_id = o.id LEFT JOIN orders_settlement AS s ON s.order_id = o.id
    LEFT JOIN payments_refund AS r ON r.payment_id = s.payment_id WHERE {_PLACED}
"""
# Owed from the moment of the settlement that could not be applied (decision 0008).
_REFUNDS = f"""
    SELECT s.currency, count(*), sum(s.amount)::bigint, count(r.sent_at)
    FROM orders_settlement AS s JOIN orders_order AS o ON o.id = s.order_id
    LEFT JOIN payments_refund AS r ON r.payment_id = s.payment_id
    WHERE {_PLACED} AND s.outcome <> 1 GROUP BY 1 ORDER BY 1
"""
# How fast somebody promises is not how fast they pay.
_BY_MONEY = """
    NOT EXISTS (SELECT FROM orders_settlement AS s JOIN cash_promise AS p USING (payment_id)
                WHERE s.order_id = orders_order.id AND s.outcome = 1)
"""
_SECONDS = "extract(epoch FROM paid_at - placed_at)::float8"
_QUANTILES = f"""
    SELECT q[1], q[2], q[3] FROM (
        SELECT percentile_disc(ARRAY[0.5, 0.9, 0.99]) WITHIN GROUP (ORDER BY {_SECONDS}) AS q
        FROM orders_order WHERE {_PLACED} AND paid_at IS NOT NULL AND {_BY_MONEY}
    ) AS times
"""
_PAY_COUNTS = f"""
    SELECT width_bucket({_SECONDS}, %(bounds)s::float8[]), count(*)
    FROM orders_order WHERE {_PLACED} AND paid_at IS NOT NULL AND {_BY_MONEY} GROUP BY 1
"""
# A pool is empty with the first hold after which nothing in it is free.
_ITEMS = """
    WITH items AS (
        SELECT d.id AS drop_id, d.pool_id, d.name AS drop_name, d.opens_at, i.variant_id, i.position
        FROM campaigns_entry AS e JOIN drops_drop AS d ON d.id = e.drop_id
        JOIN markets_channel AS c ON c.id = d.channel_id AND c.market_id = %(market)s
        JOIN drops_dropitem AS i ON i.drop_id = d.id
        WHERE e.campaign_id = %(campaign)s
    ), moves AS (
        SELECT m.location_id, m.variant_id, m.kind, m.at, m.on_hand_change,
               sum(m.on_hand_change - m.held_change) OVER (PARTITION BY m.location_id, m.variant_id ORDER BY m.at) AS free
        FROM inventory_movement AS m JOIN items AS i ON i.pool_id = m.location_id AND i.variant_id = m.variant_id
    ), pools AS (
        SELECT location_id, variant_id, coalesce(sum(on_hand_change) FILTER (WHERE kind IN (1, 3)), 0)::bigint AS aside,
               min(at) FILTER (WHERE kind = 4 AND free <= 0) AS empty_at
        FROM moves GROUP BY 1, 2
    ), paid AS (
        SELECT o.drop_id, l.variant_id, sum(l.quantity)::bigint AS units
        FROM orders_order AS o JOIN orders_line AS l ON l.order_id = o.id
        WHERE o.status = 2 AND o.drop_id IN (SELECT drop_id FROM items) GROUP BY 1, 2
    )
    SELECT i.drop_name::text, p.name::text, v.name::text, v.sku, coalesce(s.aside, 0), coalesce(b.units, 0),
           extract(epoch FROM s.empty_at - i.opens_at)::float8
    FROM items AS i JOIN catalog_variant AS v ON v.id = i.variant_id JOIN catalog_product AS p ON p.id = v.product_id
    LEFT JOIN pools AS s ON s.location_id = i.pool_id AND s.variant_id = i.variant_id
    LEFT JOIN paid AS b ON b.drop_id = i.drop_id AND b.variant_id = i.variant_id
    ORDER BY i.opens_at, i.drop_id, i.position, v.sku
"""
