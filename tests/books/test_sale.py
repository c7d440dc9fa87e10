"""A sale with delivery, tax and discounts in the books: each to its account, even to the minor unit."""

from uuid import UUID

import msgspec

from setaria.kernel.ids import new_id
from setaria.trade.books.queries import revenue_by_quarter, story_of
from setaria.trade.books.record import record
from setaria.trade.orders.requests import Charge, ChargeKind, Placed
from setaria.trade.points.models import Account, Entry
from setaria.trade.points.spend import reserve
from tests.books.test_books import standing
from tests.world import DAY, World

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
