"""Delivery taxed as the goods it brings: the buyer's page, the books, the invoice and the refund say the same."""

import msgspec
import pytest
from django.db import IntegrityError
from django.utils import translation

from setaria.channels.storefront.explain import rows_of
from setaria.goods.catalog.models import Kind
from setaria.kernel.ids import new_id
from setaria.trade.aftersales.take_back import Taken, Wish, take_back
from setaria.trade.books.record import record
from setaria.trade.invoices.issue import issue
from setaria.trade.invoices.models import Invoice
from setaria.trade.invoices.returns import credit_returns
from setaria.trade.invoices.rules import Content
from setaria.trade.orders.requests import Line, Placed
from setaria.trade.quotes.models import DeliveryTaxRule, ShippingRate, TaxRate
from setaria.trade.quotes.queries import Choice, Priced, charges_of, price
from setaria.trade.quotes.rulebook import rules_of
from tests.books.test_books import standing
from tests.invoices.test_invoices import issuer_of
from tests.world import World

CHOICE = Choice(delivery="std")


def quoted(world: World, *, rule: str) -> tuple[Priced, list[object]]:
    """A phone at the standard rate and a book at 9%, and delivery for 10."""
    DeliveryTaxRule.objects.create(market=world.cn, rule=rule)
    ShippingRate.objects.create(market=world.cn, code="std", name={"en": "Standard"}, amount=1_000)
    books = Kind.objects.create(slug="books", name={"en": "Books"})
    TaxRate.objects.create(market=world.cn, kind=books, rate_bp=900)
    phone, book = world.thing("phone", price=22_600, stock=2), world.thing("book", price=10_900, stock=2)
    book.product.kind = books
    book.product.save()
    things = [phone, book]
    lines = [Line(phone.pk, 1, 22_600), Line(book.pk, 1, 10_900)]
    return price(lines, world.cn, CHOICE, customer_id=None, now=world.now), things


def sold(world: World, *, rule: str) -> Placed:
    found, things = quoted(world, rule=rule)
    ask = msgspec.structs.replace(world.ask(*things, by=world.member()), charges=found.quote.charges)
    (order,) = world.place(ask)
    assert isinstance(order, Placed), order
    world.pay(order)
    record(now=world.now)
    return order


@pytest.mark.parametrize(
    ("rule", "tax"), [("standard", 2_600 + 900 + 115), ("goods", 2_600 + 900 + 78 + 27), ("none", 3_500)]
)
def test_all_agree_by_every_rule(world: World, rule: str, tax: int) -> None:
    issuer_of(world)
    order = sold(world, rule=rule)
    assert order.total == 34_500
    assert standing()["TAX"] == -tax
    [invoice] = issue([order.id], now=world.now)
    assert isinstance(invoice, Invoice)
    assert (invoice.gross, invoice.tax) == (34_500, tax)
    lines = {(line.sku, line.rate_bp): line.gross for line in msgspec.convert(invoice.content, Content).lines}
    assert lines == {("PHONE", 1300): 22_600, ("BOOK", 900): 10_900} | (
        {("", 1300): 675, ("", 900): 325} if rule == "goods" else {("", 1300 if rule == "standard" else 0): 1_000}
    )
    back(world, order, {0: 1})
    back(world, order, {1: 1}, shipping=True)
    assert credit_returns(now=world.now) == 2
    notes = Invoice.objects.filter(kind=Invoice.Kind.CREDIT_NOTE)
    assert (sum(note.gross for note in notes), sum(note.tax for note in notes)) == (34_500, tax)
    record(now=world.now)
    assert {name: sum_ for name, sum_ in standing().items() if name in ("TAX", "REVENUE", "SHIPPING")} == {}


def back(world: World, order: Placed, units: dict[int, int], *, shipping: bool = False) -> None:
    wish = Wish(new_id(), order.id, units, "broken", "ada@example.org", shipping=shipping)
    assert isinstance(take_back(wish, now=world.now), Taken)


def test_the_buyer_reads_of_one_delivery(world: World) -> None:
    order = sold(world, rule="goods")
    with translation.override("zh-hans"):
        [row, *_] = rows_of(charges_of(order.id), rules_of(world.cn.pk))
    assert (row.label, row.why, row.amount) == ("配送", "Standard", 1_000)


def test_a_rule_has_a_name(world: World) -> None:
    with pytest.raises(IntegrityError):
        DeliveryTaxRule.objects.create(market=world.cn, rule="somehow")
