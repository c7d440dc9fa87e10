"""A small world to test in, built by the real verbs, with short names.

Its clock stands still at `world.now` until a test moves it. It starts in 2031 because the price book refuses to
change the past by the real clock.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import count
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from setaria.goods.catalog.models import Kind, Product, Variant
from setaria.goods.inventory import move
from setaria.goods.inventory.models import Account, Location, Source
from setaria.goods.pricing.price import set_price
from setaria.kernel.ids import new_id
from setaria.markets.models import Channel, Market
from setaria.people.members.models import Member
from setaria.trade.admission.lanes import Lane
from setaria.trade.drops.models import Drop
from setaria.trade.drops.prepare import Item, prepare
from setaria.trade.orders.destination import set_destination
from setaria.trade.orders.models import Order, Status
from setaria.trade.orders.place import place
from setaria.trade.orders.release import Answer as Cancelled
from setaria.trade.orders.release import Cancellation, cancel, expire
from setaria.trade.orders.requests import Line, Outcome, Placed, Refused, Request
from setaria.trade.orders.settle import Answer as Settled
from setaria.trade.orders.settle import Money, settle
from setaria.trade.preorders.models import Programme
from setaria.trade.preorders.prepare import prepare as prepare_programme
from tests.tables import breaches

OPENING = datetime(2031, 11, 11, tzinfo=ZoneInfo("Asia/Shanghai")).astimezone(UTC)
SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
MICROSECOND = timedelta(microseconds=1)

_numbers = count(1)


def code(outcome: Outcome) -> str:
    """PLACED, or why not: what a test's line ends in."""
    return outcome.code.value if isinstance(outcome, Refused) else "PLACED"


class World:
    """Two markets (cn sells, us informs), a web channel and a warehouse in each, and what a test adds."""

    def __init__(self, now: datetime = OPENING) -> None:
        self.now = now
        self.cn = Market.objects.create(
            code="cn", name={"zh-hans": "中国", "en": "China"}, mode="sell", currency="CNY", language="zh-hans",
            time_zone="Asia/Shanghai", tax_rate_bp=1300,
        )  # fmt: skip
        self.us = Market.objects.create(
            code="us", name={"en": "United States"}, mode="inform", currency="USD", language="en",
            time_zone="America/Los_Angeles", buy_at={"en": "At our friends'."},
        )  # fmt: skip
        self.web, self.warehouse = self.channel("web", self.cn)
        self.us_web, self.us_warehouse = self.channel("us-web", self.us)
        self.kind = Kind.objects.create(slug="thing", name={"en": "Things"})

    def channel(self, slug: str, market: Market) -> tuple[Channel, Location]:
        """A web channel and the warehouse it sells from."""
        channel = Channel.objects.create(code=slug, name={"en": slug}, market=market, kind="web")
        warehouse = Location.objects.create(
            code=f"{slug}-warehouse", name={"en": slug}, kind="warehouse", market=market
        )
        Source.objects.create(channel=channel, location=warehouse)
        return channel, warehouse

    def thing(
        self, slug: str = "", *, price: int | None = 100, stock: int = 0, product: Product | None = None
    ) -> Variant:
        """A variant (of a product of its own), priced in cn, with so many units in the warehouse."""
        slug = slug or f"thing-{next(_numbers)}"
        product = product or Product.objects.create(
            slug=slug, kind=self.kind, maker="own", maker_name="Setaria", name={"en": slug}, line={"en": slug},
            text={"en": slug},
        )  # fmt: skip
        variant = Variant.objects.create(product=product, sku=slug.upper(), name={"en": slug})
        if price is not None:
            set_price(variant.id, self.cn.id, price, since=self.now - DAY, now=self.now)
        if stock:
            self.receive(variant, stock)
        return variant

    def receive(self, variant: Variant, units: int, at: Location | None = None) -> None:
        """Units arrive."""
        move.receive(new_id(), (at or self.warehouse).id, [move.Units(variant.id, units)], now=self.now)

    def transfer(self, variant: Variant, units: int, origin: Location, target: Location) -> None:
        """Units move."""
        move.transfer(new_id(), origin.id, target.id, [move.Units(variant.id, units)], now=self.now)

    def drop(
        self,
        units: Mapping[Variant, int],
        *,
        slug: str = "",
        limit: int = 1,
        price: int | None = None,
        opens_at: datetime | None = None,
        closes_at: datetime | None = None,
        payment_seconds: int = 900,
        admission: Drop.Admission = Drop.Admission.OPEN,
    ) -> Drop:
        """A drop that opens now for an hour, funded from the web channel's warehouse."""
        slug = slug or f"drop-{next(_numbers)}"
        opens_at = opens_at or self.now
        return prepare(
            slug, name={"en": slug}, line={"en": slug}, channel=self.web, opens_at=opens_at,
            closes_at=closes_at or opens_at + HOUR, now=self.now, payment_seconds=payment_seconds,
            admission=admission, items=[Item(variant.id, n, limit, price) for variant, n in units.items()],
        )  # fmt: skip

    def programme(
        self,
        places: int,
        *,
        price: int = 199_900,
        stock: int = 1_000,
        lanes: Sequence[Lane] = (),
        weeks: Sequence[tuple[int, int, date]] = (),
        lasts: timedelta = HOUR,
        **how: object,
    ) -> Programme:
        """A programme that opens now for an hour and ends in thirty days, for a thing of its own."""
        variant = self.thing(price=price, stock=stock)
        return prepare_programme(
            variant.sku.lower(), name={"en": "First phone"}, line={"en": "One each."}, channel=self.web,
            variant=variant, amount=price, places_max=places, lanes=lanes or [Lane("everyone", self.now)],
            closes_at=self.now + lasts, ends_at=self.now + 30 * DAY, weeks=weeks, now=self.now, **how,  # type: ignore[arg-type]
        )  # fmt: skip

    def member(self, **fields: object) -> int:
        """A customer's id."""
        return Member.objects.create(email=f"fan-{next(_numbers)}@example.org", password="!", **fields).pk

    def ask(
        self,
        *lines: Variant | tuple[Variant, int] | tuple[Variant, int, int],
        by: int | None = None,
        drop: Drop | None = None,
        id: UUID | None = None,
        channel: Channel | None = None,
    ) -> Request:
        """A request: each line a variant, (variant, quantity) or (variant, quantity, price seen)."""
        return Request(
            id or new_id(),
            self.member() if by is None else by,
            (channel or self.web).id,
            tuple(self._line(line) for line in lines),
            drop.id if drop else None,
        )

    def _line(self, line: Variant | tuple[Variant, int] | tuple[Variant, int, int]) -> Line:
        if isinstance(line, Variant):
            line = (line, 1)
        variant, quantity, *seen = line
        return Line(variant.id, quantity, seen[0] if seen else self.price(variant))

    def price(self, variant: Variant) -> int:
        """What the page shows in cn now."""
        found = variant.prices.filter(market=self.cn, valid__contains=self.now).first()
        return found.amount if found else 1

    def place(self, *requests: Request) -> list[Outcome]:
        """Place at the world's instant."""
        return place(requests, now=self.now)

    def codes(self, *requests: Request) -> list[str]:
        """Place, and say only what became of each."""
        return [code(outcome) for outcome in self.place(*requests)]

    def placed(self, *lines: Variant | tuple[Variant, int] | tuple[Variant, int, int], **how: object) -> Placed:
        """Place one order that must succeed."""
        (outcome,) = self.place(self.ask(*lines, **how))  # type: ignore[arg-type]
        assert isinstance(outcome, Placed), outcome
        return outcome

    def money(self, order: Placed, amount: int | None = None, currency: str = "", payment: UUID | None = None) -> Money:
        """The bank's word that an order was paid (in full, unless said otherwise)."""
        return Money(
            order.id,
            payment or new_id(),
            "sandbox",
            order.total if amount is None else amount,
            currency or order.currency,
        )

    def settle(self, *money: Money) -> list[Settled]:
        """Settle at the world's instant."""
        return settle(money, now=self.now)

    def pay(self, order: Placed) -> Settled:
        """Settle one order in full."""
        return self.settle(self.money(order))[0]

    def cancel(self, order: Placed, by: int | None = None) -> Cancelled:
        """Cancel at the wish of the order's customer, or of `by`."""
        customer = Order.objects.get(pk=order.id).customer_id if by is None else by
        return cancel([Cancellation(order.id, customer)], now=self.now)[0]

    def address(self, order: Placed, region: str = "", city: str = "深圳市") -> bool:
        """The buyer says where the parcel goes."""
        customer = Order.objects.get(pk=order.id).customer_id
        return set_destination(
            order.id, customer, recipient="Mi", phone="13800000000", country="CN", region=region, city=city, street="1"
        )

    def expire(self) -> int:
        """Let overdue orders go."""
        return expire(now=self.now)

    def later(self, by: timedelta) -> None:
        """Move the clock."""
        self.now += by

    def stock(self, variant: Variant, at: Location | None = None) -> tuple[int, int]:
        """(on hand, held) at a location, by default the warehouse."""
        row = (
            Account.objects.filter(variant=variant, location=at or self.warehouse)
            .values_list("on_hand", "held")
            .first()
        )
        return row or (0, 0)

    def status(self, order: Placed | UUID) -> str:
        """The order's status by name."""
        pk = order if isinstance(order, UUID) else order.id
        return Status(Order.objects.get(pk=pk).status).label

    def breaches(self) -> dict[str, list[str]]:
        """Invariants that do not hold, with the offending keys."""
        return breaches()


@pytest.fixture
def world(transactional_db: None) -> Iterator[World]:
    """A world whose books are checked against every invariant when the test is over."""
    made = World()
    yield made
    assert made.breaches() == {}


@pytest.fixture
def broken_world(transactional_db: None) -> World:
    """A world that a test breaks on purpose: nothing is checked afterwards."""
    return World()
