"""A sale with delivery, tax and discounts in the books: each to its account, even to the minor unit."""

from uuid import UUID

import msgspec
import pytest

from setaria.kernel.ids import new_id
from setaria.markets.models import Market
from setaria.trade.aftersales.models import ReturnedPart
from setaria.trade.aftersales.take_back import Taken, Wish, take_back
from setaria.trade.books.queries import revenue_by_quarter, story_of
from setaria.trade.books.record import record
from setaria.trade.invoices.issue import lines_of
from setaria.trade.orders.models import Order
from setaria.trade.orders.requests import Charge, ChargeKind, Placed
from setaria.trade.points.models import Account, Entry
from setaria.trade.points.spend import reserve
from setaria.trade.quotes.models import TaxRate
from tests.books.test_books import standing
from tests.world import DAY, MINUTE, SECOND, World

SHIPPING, TAX, DISCOUNT, WITHIN, POINTS = (
    ChargeKind.SHIPPING, ChargeKind.TAX, ChargeKind.DISCOUNT, ChargeKind.TAX_WITHIN, ChargeKind.POINTS
)  # fmt: skip


def sold(world: World, *charges: Charge, price: int = 11_300) -> Placed:
    ask = world.ask(world.thing(price=price, stock=5), by=world.member())
    if spent := -sum(charge.amount for charge in charges if charge.kind == POINTS):
        has_points(world, ask.customer_id, spent)
        assert reserve(ask.id, ask.customer_id, world.cn.pk, spent, now=world.now)
    (order,) = world.place(msgspec.structs.replace(ask, charges=charges))
    assert isinstance(order, Placed), order
    world.pay(order)
    record(now=world.now)
    return order


def has_points(world: World, member: int, points: int) -> None:
    Account.objects.create(member_id=member, market_id=world.cn.pk, balance=points)
    Entry.objects.create(
        id=new_id(), kind=1, member_id=member, market_id=world.cn.pk, amount=points, at=world.now,
        lapses_at=world.now + DAY,
    )  # fmt: skip


def sale(order_id: UUID) -> dict[tuple[str, bool], int]:
    """The sale's postings by account, and whether they are of a kind of product."""
    (told,) = [told for told in story_of(order_id) if told.entry.source == 2]
    return {(account.name, kind > 0): amount for account, amount, kind in told.lines}


def test_tax_within_delivery_and_a_discount(world: World) -> None:
    order = sold(
        world, Charge(DISCOUNT, -1_130, "staff:x", 0), Charge(SHIPPING, 1_130, "shipping:standard"),
        Charge(WITHIN, 1_170, "tax:1300", 0), Charge(WITHIN, 130, "tax:1300"),
    )  # fmt: skip
    assert sale(order.id) == {
        ("CUSTOMERS", False): 11_300, ("REVENUE", True): -10_130, ("DISCOUNTS", True): 1_130, ("TAX", True): -1_170,
        ("TAX", False): -130, ("SHIPPING", False): -1_000,
    }  # fmt: skip
    assert standing()["CLEARING"] == 11_300
    assert "CUSTOMERS" not in standing()
    assert [(e.kind_id, e.amount) for e in revenue_by_quarter(world.cn.id)] == [(world.kind.id, 9_000)]


def test_tax_on_top_of_the_prices(world: World) -> None:
    order = sold(world, Charge(TAX, 1_300, "tax:1300", 0), price=10_000)
    assert sale(order.id) == {("CUSTOMERS", False): 11_300, ("REVENUE", True): -10_000, ("TAX", True): -1_300}


def test_somebody_exempt_pays_no_tax_though_prices_contain_it(world: World) -> None:
    order = sold(world, Charge(WITHIN, 1_300, "tax:1300", 0), Charge(TAX, -1_300, "tax-exempt:1300", 0))
    assert sale(order.id) == {("CUSTOMERS", False): 10_000, ("REVENUE", True): -10_000}


def test_points_are_paid_from_what_is_owed_for_them(world: World) -> None:
    order = sold(world, Charge(POINTS, -300, "points:spent", 0), Charge(SHIPPING, 0, "shipping:standard"))
    assert sale(order.id) == {("CUSTOMERS", False): 11_000, ("REVENUE", True): -11_300, ("POINTS", False): 300}


def test_a_sale_of_every_sort_of_charge_is_even(world: World) -> None:
    order = sold(
        world, Charge(DISCOUNT, -1, "staff:a", 0), Charge(DISCOUNT, -2, "staff:b", 0), Charge(POINTS, -3, "points:c", 0),
        Charge(SHIPPING, 5, "shipping:d"), Charge(TAX, 7, "tax:1"), Charge(TAX, 11, "tax:1", 0),
        Charge(WITHIN, 13, "tax:2", 0), Charge(WITHIN, 2, "tax:2"),
    )  # fmt: skip
    assert sum(sale(order.id).values()) == 0
    assert sale(order.id)["CUSTOMERS", False] == order.total == 11_300 - 6 + 5 + 18


@pytest.mark.parametrize("inclusive", [True, False])
def test_what_a_drop_costs_has_its_kinds_tax_within_in_every_market(world: World, inclusive: bool) -> None:
    Market.objects.filter(pk=world.cn.pk).update(tax_inclusive=inclusive)
    TaxRate.objects.create(market=world.cn, kind=world.kind, rate_bp=900)
    band = world.thing(price=10_900, stock=5)
    drop = world.drop({band: 5}, price=10_900)
    order = world.placed(band, drop=drop)
    TaxRate.objects.create(market=world.cn, kind=world.kind, rate_bp=500, since=world.now + SECOND)
    world.later(DAY)
    world.pay(order)
    record(now=world.now)
    assert sale(order.id) == {("CUSTOMERS", False): 10_900, ("REVENUE", True): -10_000, ("TAX", True): -900}
    (line,) = lines_of([Order.objects.get(pk=order.id)], world.cn)[order.id]
    assert (line.gross, line.tax, line.rate_bp) == (10_900, 900, 900)
    assert isinstance(take_back(Wish(new_id(), order.id, {0: 1}, "broken"), now=world.now), Taken)
    assert [(p.kind, p.amount) for p in ReturnedPart.objects.order_by("number")] == [(0, 10_900), (4, 900)]
    record(now=world.now + MINUTE)
    assert "TAX" not in standing()
    assert world.breaches() == {}


def test_without_charges_and_without_a_drop_a_market_whose_prices_are_without_tax_has_none(world: World) -> None:
    Market.objects.filter(pk=world.cn.pk).update(tax_inclusive=False)
    order = sold(world)
    assert sale(order.id) == {("CUSTOMERS", False): 11_300, ("REVENUE", True): -11_300}
