"""The wall's figures for one event in one market: read from the live counters, so they are the orders (law 12)."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec
from django.db import connection

from setaria.sight.wall import milestones
from setaria.sight.wall.event import MINUTE, Event, Texts, elsewhere, following
from setaria.sight.wall.milestones import AMOUNTS, Milestone
from setaria.sight.wall.names import Names
from setaria.sight.wall.regions import Region, region_of
from setaria.sight.wall.tally import Counting, Tally
from setaria.trade.payments.cash.queries import outstanding

BEST_SELLERS_MAX = 5
PARTS_MAX = 10
REGIONS_MAX = 40
CURVE_POINTS_MAX = 300
MOVEMENT_MINUTES_MAX = 5
OTHERS_SECONDS = 2.0
PROMISED_SECONDS = 10.0
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 240, 480, 1440)


class Seller(msgspec.Struct, frozen=True):
    """A product and how it sells: units paid for. `rise`: places won since some minutes ago, None for a new one."""

    product_id: int
    name: Texts
    units: int
    rise: int | None


class Part(msgspec.Struct, frozen=True):
    """A part of the whole: paid amount in minor units, and how many; orders of a channel, units of a product or kind."""

    name: Texts
    amount: int
    count: int


class Place(msgspec.Struct, frozen=True):
    """A region, and the paid orders that go there."""

    region: Region
    amount: int
    orders: int


class Elsewhere(msgspec.Struct, frozen=True):
    """The same event in one of its markets, in that market's own currency; currencies are never added up."""

    market: str
    name: Texts
    currency: str
    opens_at: datetime
    paid_amount: int
    paid_orders: int


class Next(msgspec.Struct, frozen=True):
    """The event that opens next."""

    name: Texts
    opens_at: datetime


class Figures(msgspec.Struct, frozen=True):
    """Everything on the wall. Amounts in minor units of `currency`; scope: `market`, all channels, since `since`.

    Without a `slug`, the figures are the market's day. Those of an event that is over stand still.
    """

    market: str
    currency: str
    slug: str | None
    since: datetime
    at: datetime
    paid_amount: int
    paid_orders: int
    paid_units: int
    placed_orders: int
    placed_amount: int
    last_minute_amount: int  # paid in the last whole minute
    curve_minutes: int  # width of the curve's steps: 1 in the first hours, more on a long event
    curve: list[tuple[int, int]]  # minute after opening at which a step begins, amount paid in it
    best_sellers: list[Seller]
    movement_minutes: int  # how long ago the best sellers' places are compared with
    milestones: list[Milestone]
    channels: list[Part]
    kinds: list[Part]
    products: list[Part]
    regions: list[Place]
    elsewhere: list[Elsewhere]
    next: Next | None = None
    promised_amount: int = 0  # beside the paid amount: confirmed, and still to be paid at the door


_LAST_MINUTE = """
    SELECT coalesce(sum(paid_amount), 0)::bigint FROM orders_minuteorders
    WHERE market_id = %s AND minute = %s AND minute >= %s AND minute < %s
"""
_TOTAL = """
    SELECT coalesce(sum(paid_amount), 0)::bigint, coalesce(sum(paid_orders), 0)::bigint FROM orders_minuteorders
    WHERE market_id = %s AND minute >= %s AND minute < %s
"""


class Reader:
    """Reads one event's figures again and again.

    A bound number of queries over a bound number of rows whatever the night's size, since only the last minutes are
    read again; and two more for a milestone on its day.
    """

    def __init__(self, event: Event) -> None:
        self.event = event
        self._counting = Counting(event)
        self._names = Names()
        self._milestones: dict[int, Milestone] | None = None
        self._elsewhere: list[Elsewhere] = []
        self._elsewhere_at: datetime | None = None
        self._promised = 0
        self._promised_at: datetime | None = None

    def read(self, now: datetime) -> Figures:
        """Return the figures as they are in the database at this moment."""
        event = self.event
        elapsed = min(now, event.until(now)) - event.opens_at
        step, movement = _step(elapsed), _movement(elapsed)
        tally = self._counting.read(now, step=step, movement_minutes=movement)
        self._names.learn(tally.products, tally.channels)
        channels = list(tally.channels.values())
        paid = sum(row[1] for row in channels)
        return Figures(
            market=event.market,
            currency=event.currency,
            slug=event.slug,
            since=event.opens_at,
            at=now,
            paid_amount=paid,
            paid_orders=sum(row[0] for row in channels),
            paid_units=sum(units for units, _ in tally.products.values()),
            placed_orders=sum(row[2] for row in channels),
            placed_amount=sum(row[3] for row in channels),
            last_minute_amount=self._last_minute(now),
            curve_minutes=step,
            curve=sorted((at * step, amount) for at, amount in tally.curve.items()),
            best_sellers=self._best_sellers(tally),
            movement_minutes=movement,
            milestones=self._note_milestones(paid, now),
            channels=_largest((self._names.channels[i], row[1], row[0]) for i, row in tally.channels.items()),
            kinds=self._kinds(tally),
            products=_largest((self._names.products[i].name, row[1], row[0]) for i, row in tally.products.items()),
            regions=_places(tally),
            elsewhere=self._read_elsewhere(now),
            next=_next(event.market_id, now),
            promised_amount=self._read_promised(now),
        )

    def _last_minute(self, now: datetime) -> int:
        minute = now.replace(second=0, microsecond=0) - MINUTE
        with connection.cursor() as cursor:
            cursor.execute(_LAST_MINUTE, [self.event.market_id, minute, self.event.counts_from, self.event.until(now)])
            amount: int = cursor.fetchone()[0]
            return amount

    def _best_sellers(self, tally: Tally) -> list[Seller]:
        units = {product: row[0] for product, row in tally.products.items()}
        places, before = _places_of(units), _places_of(self._counting.before)
        return [
            Seller(p, self._names.products[p].name, units[p], before[p] - place if p in before else None)
            for p, place in list(places.items())[:BEST_SELLERS_MAX]
        ]

    def _kinds(self, tally: Tally) -> list[Part]:
        sums: defaultdict[int, list[int]] = defaultdict(lambda: [0, 0])
        names: dict[int, Texts] = {}
        for id, (units, amount) in tally.products.items():
            product = self._names.products[id]
            names[product.kind_id] = product.kind
            sums[product.kind_id][0] += units
            sums[product.kind_id][1] += amount
        return _largest((names[kind], amount, units) for kind, (units, amount) in sums.items())

    def _note_milestones(self, paid: int, now: datetime) -> list[Milestone]:
        if self._milestones is None:
            self._milestones = milestones.noted(self.event)
        passed = [amount for amount in AMOUNTS if amount <= paid and amount not in self._milestones]
        if passed and self.event.slug is not None:  # a day without an event has nothing to celebrate
            milestones.note(self.event, passed, now)
            self._milestones = milestones.noted(self.event)
        return [self._milestones.get(amount) or milestones.expected(self.event, amount) for amount in AMOUNTS]

    def _read_promised(self, now: datetime) -> int:
        event = self.event
        fresh = self._promised_at is not None and (now - self._promised_at).total_seconds() < PROMISED_SECONDS
        if not fresh:
            self._promised_at = now
            self._promised = outstanding(event.market_id, event.counts_from, event.until(now))
        return self._promised

    def _read_elsewhere(self, now: datetime) -> list[Elsewhere]:
        fresh = self._elsewhere_at is not None and (now - self._elsewhere_at).total_seconds() < OTHERS_SECONDS
        if self.event.slug is not None and not fresh:
            self._elsewhere_at = now
            self._elsewhere = [_total(event, now) for event in elsewhere(self.event.slug, now)]
        return self._elsewhere


def _total(event: Event, now: datetime) -> Elsewhere:
    with connection.cursor() as cursor:
        cursor.execute(_TOTAL, [event.market_id, event.counts_from, event.until(now)])
        return Elsewhere(event.market, event.market_name, event.currency, event.opens_at, *cursor.fetchone())


def _next(market_id: int, now: datetime) -> Next | None:
    event = following(market_id, now)
    return Next(event.name, event.opens_at) if event is not None and event.name is not None else None


def _places(tally: Tally) -> list[Place]:
    """Sum up what is one region under several spellings; the one with the largest amount first."""
    sums: dict[str, Place] = {}
    for written, (orders, amount) in tally.regions.items():
        region = region_of(written)
        key = region.code or region.name["en"]
        one = sums.get(key)
        sums[key] = Place(region, amount + (one.amount if one else 0), orders + (one.orders if one else 0))
    return sorted(sums.values(), key=lambda place: (-place.amount, place.region.code or place.region.name["en"]))[
        :REGIONS_MAX
    ]


def _places_of(units: dict[int, int]) -> dict[int, int]:
    """Return each product's place, the first being 1, in that order; equal units in the order of their ids."""
    ordered = sorted((p for p, n in units.items() if n > 0), key=lambda p: (-units[p], p))
    return {product: place for place, product in enumerate(ordered, start=1)}


def _largest(parts: Iterable[tuple[Texts, int, int]]) -> list[Part]:
    found = [Part(name, amount, count) for name, amount, count in parts if amount > 0]
    return sorted(found, key=lambda part: (-part.amount, -part.count, sorted(part.name.items())))[:PARTS_MAX]


def _step(elapsed: timedelta) -> int:
    """Minutes a point of the curve stands for, so that there are at most `CURVE_POINTS_MAX` points to draw."""
    minutes = elapsed / timedelta(minutes=1)
    return next((step for step in _STEPS if minutes / step <= CURVE_POINTS_MAX), _STEPS[-1])


def _movement(elapsed: timedelta) -> int:
    """Minutes ago that places are compared with: few when an event is young."""
    return max(1, min(MOVEMENT_MINUTES_MAX, elapsed // (2 * MINUTE)))
