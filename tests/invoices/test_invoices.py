"""Invoices: for what was paid, numbered without a gap, never changed, reversed by credit notes."""

import io
import random
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
import pypdf
import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import translation
from lxml import etree

from setaria.kernel.ids import new_id
from setaria.trade.aftersales.take_back import Taken, Wish, take_back
from setaria.trade.books.record import record
from setaria.trade.invoices import issue as issuing
from setaria.trade.invoices.ask import TooLate, ask
from setaria.trade.invoices.credit import NothingLeft, Returned, content_of, credit, reissue
from setaria.trade.invoices.document import pdf
from setaria.trade.invoices.electronic import pdf_with_xml, xml
from setaria.trade.invoices.issue import Refusal, issue, issue_due
from setaria.trade.invoices.models import Billing, Invoice, Issuer, Series
from setaria.trade.invoices.queries import tax_totals
from setaria.trade.invoices.returns import credit_returns
from setaria.trade.invoices.rules import Party
from setaria.trade.orders.requests import Charge, ChargeKind, Placed
from tests.cash.test_cash import handed, promised
from tests.invoices.conftest import issuer_of
from tests.races.together import MeetingPoint, together
from tests.world import MINUTE, World

pytestmark = pytest.mark.django_db(transaction=True)
COMPANY = Party("青禾科技有限公司", "CN", "91310000MA1FL4X73G", "淮海路1号", "上海", "200001")


def paid(world: World, price: int = 9_900) -> Placed:
    order = world.placed(world.thing(price=price, stock=1))
    world.later(MINUTE)
    world.pay(order)
    return order


def write(world: World, order_id: UUID) -> Invoice:
    (written,) = issue([order_id], now=world.now)
    assert isinstance(written, Invoice), written
    return written


def names() -> list[str]:
    return list(Invoice.objects.order_by("number").values_list("name", flat=True))


def test_an_invoice_is_for_what_was_paid_and_says_the_tax_of_the_books(world: World, issuer: Issuer) -> None:
    phone, band = world.thing("phone", price=199_900, stock=5), world.thing("band", price=14_900, stock=5)
    order = world.placed(phone, (band, 2))
    world.address(order, "广东省")
    world.later(MINUTE)
    world.pay(order)
    record(now=world.now)
    invoice = write(world, order.id)
    content = content_of(invoice)
    assert (invoice.name, invoice.gross, invoice.gross - invoice.net) == ("CN-2031-000001", 229_700, invoice.tax)
    assert [(line.sku, line.quantity, line.gross) for line in content.lines] == [
        ("PHONE", 1, 199_900),
        ("BAND", 2, 29_800),
    ]
    assert content.buyer.name
    phone.product.name = {"en": "Another name"}
    phone.product.save()
    assert write(world, order.id).content == invoice.content
    assert Invoice.objects.count() == 1


def test_what_an_order_costs_beside_its_lines_is_on_it(world: World, issuer: Issuer) -> None:
    band, ring = world.thing("band", price=11_300, stock=5), world.thing("ring", price=5_650, stock=5)
    charges = (
        Charge(ChargeKind.DISCOUNT, -2_260, "staff:kindness", 0),
        Charge(ChargeKind.TAX_WITHIN, 2_340, "tax:1300", 0),
        Charge(ChargeKind.TAX_WITHIN, 650, "tax:1300", 1),
        Charge(ChargeKind.SHIPPING, 1_060, "shipping:standard"),
        Charge(ChargeKind.TAX_WITHIN, 60, "tax:600"),
    )
    (order,) = world.place(msgspec.structs.replace(world.ask((band, 2), ring), charges=charges))
    assert isinstance(order, Placed)
    world.pay(order)
    record(now=world.now)
    invoice = write(world, order.id)
    assert [(line.sku, line.gross, line.rate_bp, line.tax) for line in content_of(invoice).lines] == [
        ("BAND", 20_340, 1300, 2_340),
        ("RING", 5_650, 1300, 650),
        ("", 1_060, 600, 60),
    ]
    assert invoice.gross == order.total == 27_050


def test_who_gets_none_hears_why(world: World) -> None:
    unpaid = world.placed(world.thing(stock=1))
    done = paid(world)
    assert issue([done.id], now=world.now) == [Refusal.NO_ISSUER]
    issuer_of(world)
    stranger = new_id()
    assert issue([stranger, unpaid.id], now=world.now) == [Refusal.UNKNOWN_ORDER, Refusal.NOT_PAID]
    assert not Invoice.objects.exists()


def test_it_is_for_whom_the_buyer_says_until_it_is_written(world: World, issuer: Issuer) -> None:
    order = world.placed(world.thing(stock=1))
    ask(order.id, Party("Somebody", "CN"), now=world.now)
    ask(order.id, COMPANY, now=world.now)
    assert issue_due(now=world.now) == 0  # not paid
    world.later(MINUTE)
    world.pay(order)
    assert issue_due(now=world.now) == 1
    assert content_of(Invoice.objects.get()).buyer == COMPANY
    with pytest.raises(TooLate):
        ask(order.id, Party("Too late", "CN"), now=world.now)
    assert Billing.objects.get().name == COMPANY.name
    assert issue_due(now=world.now) == 0


def test_where_every_order_has_one_they_come_by_themselves(world: World) -> None:
    before = paid(world)
    issuer = issuer_of(world, Issuer.When.PAID)
    Issuer.objects.update(since=world.now)
    world.later(MINUTE)
    orders = [paid(world) for _ in range(3)]
    assert issue_due(now=world.now) == 3
    assert issue_due(now=world.now) == 0
    assert list(Invoice.objects.order_by("number").values_list("order_id", flat=True)) == [o.id for o in orders]
    issuer.refresh_from_db()
    assert issuer.until == world.now
    # Who wants one all the same asks.
    ask(before.id, COMPANY, now=world.now)
    assert issue_due(now=world.now) == 1


def test_many_wait_for_their_turn(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    issuer_of(world, Issuer.When.PAID)
    monkeypatch.setattr(issuing, "ISSUE_MAX", 2)
    for _ in range(5):
        paid(world)
    assert [issue_due(now=world.now) for _ in range(4)] == [2, 2, 1, 0]


def test_a_refund_gets_its_credit_note_and_no_more_than_there_was(world: World, issuer: Issuer) -> None:
    band = world.thing(price=11_300, stock=2)
    order = world.placed((band, 2))
    world.pay(order)
    invoice = write(world, order.id)
    source = new_id()
    note = credit(source, order.id, [Returned(0, 1, 11_300, 1_300)], now=world.now)
    assert credit(source, order.id, [Returned(0, 1, 11_300, 1_300)], now=world.now).name == note.name
    assert (note.kind, note.corrects, note.name, note.gross, note.tax) == (
        2,
        invoice.name,
        "CN-2031-000002",
        11_300,
        1_300,
    )
    for too_much in ([Returned(0, 2, 22_600, 2_600)], [Returned(0, 1, 11_300, 1_301)], [Returned(1, 1, 1, 0)],
                     [Returned(0, 1, 11_300, 1_300), Returned(0, 1, 1, 0)], [Returned(0, 0, -1, 0)]):  # fmt: skip
        with pytest.raises(NothingLeft):
            credit(new_id(), order.id, too_much, now=world.now)
    credit(new_id(), order.id, [Returned(0, 1, 11_300, 1_300)], now=world.now)
    with pytest.raises(NothingLeft):
        credit(new_id(), order.id, [Returned(0, 0, 1, 0)], now=world.now)
    with pytest.raises(NothingLeft):
        credit(new_id(), new_id(), [Returned(0, 0, 1, 0)], now=world.now)


def test_another_name_on_it_reverses_what_is_left_and_writes_it_anew(world: World, issuer: Issuer) -> None:
    band, ring = world.thing(price=11_300, stock=2), world.thing(price=5_000, stock=1)
    order = world.placed((band, 2), ring)
    world.pay(order)
    first = write(world, order.id)
    credit(new_id(), order.id, [Returned(0, 1, 11_300, 1_300)], now=world.now)
    wish = new_id()
    anew = reissue(wish, order.id, COMPANY, now=world.now)
    assert reissue(wish, order.id, COMPANY, now=world.now).name == anew.name
    assert (anew.gross, content_of(anew).buyer, anew.supplied_on) == (16_300, COMPANY, first.supplied_on)
    assert [(i.kind, i.gross) for i in Invoice.objects.order_by("part")] == [
        (1, 27_600),
        (2, 11_300),
        (2, 16_300),
        (1, 16_300),
    ]
    # What comes back now comes off the invoice that stands.
    note = credit(new_id(), order.id, [Returned(1, 1, 5_000, content_of(anew).lines[1].tax)], now=world.now)
    assert note.corrects == anew.name


def test_documents_are_never_changed_and_leave_no_gap(world: World, issuer: Issuer) -> None:
    invoice = write(world, paid(world).id)
    for change in (lambda: Invoice.objects.update(gross=1, net=1, tax=0), lambda: Invoice.objects.all().delete()):
        with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
            change()
    later = {f.attname: getattr(invoice, f.attname) for f in Invoice._meta.concrete_fields}
    for number in (3, 7):
        with pytest.raises(IntegrityError, match="gap"), transaction.atomic():
            Invoice.objects.create(
                **{**later, "number": number, "name": f"CN-{number}", "source_id": new_id(), "order_id": new_id()}
            )
    assert names() == [invoice.name]


def test_what_fails_gives_its_numbers_back(world: World, issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = paid(world), paid(world)
    write(world, first.id)
    with monkeypatch.context() as broken:
        broken.setattr(issuing, "name_of", lambda *_: "CN-2031-000001")
        with pytest.raises(IntegrityError):
            write(world, second.id)
    assert Series.objects.get().last == 1
    assert write(world, second.id).name == "CN-2031-000002"


def test_years_and_markets_number_for_themselves(world: World, issuer: Issuer) -> None:
    write(world, paid(world).id)
    order = paid(world)
    world.later(MINUTE * 60 * 24 * 60)
    assert [write(world, order.id).name, names()[0]] == ["CN-2032-000001", "CN-2031-000001"]


def test_many_at_once_get_one_number_each_without_a_gap(world: World, issuer: Issuer) -> None:
    orders = [paid(world).id for _ in range(12)]
    calls = [random.Random(n).sample(orders, 7) for n in range(6)] + [orders]
    done = together(*(lambda call=call: issue(call, now=world.now) for call in calls))
    assert [each for each in done if isinstance(each, Exception)] == []
    assert names() == [f"CN-2031-{n:06}" for n in range(1, 13)]


def test_two_at_once_for_one_order_write_one(world: World, issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    order = paid(world).id
    meeting = MeetingPoint().before(monkeypatch, (issuing, "give_numbers"))
    first, second = together(lambda: write(world, order), lambda: write(world, order))
    assert (first.name, meeting.all_met) == (second.name, False)  # the order's lock kept one of them away


def test_without_the_orders_lock_two_at_once_collide(
    world: World, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The twin: both see that there is none, and only the constraint is left to stop the second."""
    order = paid(world)
    Series.objects.create(market_id=world.cn.pk, year=2031)
    monkeypatch.setattr(issuing, "locked", lambda ids: issuing.orders.Order.objects.in_bulk(list(ids)))
    monkeypatch.setattr(
        issuing.Series.objects, "select_for_update", lambda: issuing.Series.objects.all(), raising=False
    )
    MeetingPoint().after(monkeypatch, issuing, "lines_of")
    done = together(lambda: write(world, order.id), lambda: write(world, order.id))
    assert [type(each) for each in done].count(IntegrityError) == 1


def test_a_wish_of_this_moment_is_on_the_invoice_or_too_late(
    world: World, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = paid(world).id
    MeetingPoint().before(monkeypatch, (issuing, "give_numbers"))
    written, said = together(lambda: write(world, order), lambda: ask(order, COMPANY, now=world.now))
    assert isinstance(said, TooLate) or content_of(written).buyer == COMPANY


@pytest.mark.parametrize(("language", "says"), [("zh-hans", "发票"), ("en", "Invoice")])
def test_it_is_drawn_as_a_pdf_that_can_be_read(world: World, issuer: Issuer, language: str, says: str) -> None:
    world.cn.language = language
    world.cn.save()
    order = world.placed(world.thing("Mi Band 2", price=14_900, stock=1))
    ask(order.id, COMPANY, now=world.now)
    world.pay(order)
    invoice = write(world, order.id)
    with translation.override("en"):
        drawn = pdf(invoice)
    reader = pypdf.PdfReader(io.BytesIO(drawn))
    text = reader.pages[0].extract_text()
    assert invoice.name in text
    assert says in text
    assert COMPANY.tax_id in text
    assert "149.00" in text
    assert pdf(invoice) == drawn


def test_sums_of_random_orders_add_up(world: World, issuer: Issuer) -> None:
    dice = random.Random(1)
    things = [world.thing(price=dice.randint(1, 10**7), stock=100) for _ in range(6)]
    orders = []
    for _ in range(10):
        order = world.placed(*((thing, dice.randint(1, 9)) for thing in dice.sample(things, 3)))
        world.pay(order)
        orders.append(order)
    record(now=world.now)
    for order in orders:
        invoice = write(world, order.id)
        assert invoice.gross == order.total
        assert sum(each.net + each.tax for each in content_of(invoice).taxes) == order.total
    with connection.cursor() as cursor:
        cursor.execute("SELECT sum(tax) FROM invoices_invoice")
        assert cursor.fetchone()[0] > 0


def test_what_is_paid_at_the_door_is_due_on_it_until_it_is_paid(
    world: World, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SETARIA_CASH_MAX", "CNY:500")
    before, after = promised(world), promised(world)
    first = write(world, before.order_id)
    world.later(MINUTE)
    for payment in (before, after):
        assert handed(world, payment) == "TAKEN"
    second = write(world, after.order_id)  # its money is here
    for invoice, due, says in ((first, 200, "货到付款"), (second, 0, "已付款")):
        tree = etree.fromstring(xml(invoice))
        assert Decimal(tree.findtext(".//{*}DuePayableAmount")) == due
        assert Decimal(tree.findtext(".//{*}TotalPrepaidAmount")) == 200 - due
        assert says in pypdf.PdfReader(io.BytesIO(pdf(invoice))).pages[0].extract_text()
    world.later(MINUTE)
    monkeypatch.undo()


def test_it_is_data_by_the_european_standard(world: World, issuer: Issuer) -> None:
    """EN 16931 by its schema, within a PDF/A-3, and its sums are the document's (BR-CO-10, 13, 14, 15, BR-S-08)."""
    world.cn.currency, world.cn.language = "EUR", "en"
    world.cn.save()
    dice = random.Random(7)
    things = [(world.thing(price=dice.randint(100, 10**6), stock=50), dice.randint(1, 40)) for _ in range(5)]
    order = world.placed(*things)
    world.pay(order)
    invoice = write(world, order.id)
    note = credit(new_id(), order.id, [Returned(0, 0, 100, 12)], now=world.now)
    for each, code in ((invoice, "380"), (note, "381")):
        reader = pypdf.PdfReader(io.BytesIO(pdf_with_xml(each)))
        (found,) = reader.attachments["factur-x.xml"]
        tree = etree.fromstring(found)

        def number(path: str, tree: Any = tree) -> Decimal:
            return sum((Decimal(node.text) for node in tree.iterfind(f".//{{*}}{path}")), Decimal())

        said = content_of(each)
        assert tree.findtext(".//{*}ExchangedDocument/{*}TypeCode") == code
        assert number("SpecifiedTradeSettlementLineMonetarySummation/{*}LineTotalAmount") * 100 == said.net
        assert number("ApplicableTradeTax/{*}CalculatedAmount") * 100 == said.tax
        assert number("ApplicableTradeTax/{*}BasisAmount") * 100 == said.net
        assert number("GrandTotalAmount") * 100 == said.gross
        for item in tree.iterfind(".//{*}IncludedSupplyChainTradeLineItem"):
            price, pieces = (Decimal(item.findtext(f".//{{*}}{name}")) for name in ("ChargeAmount", "BilledQuantity"))
            assert round(price * pieces, 2) == Decimal(item.findtext(".//{*}LineTotalAmount"))
    assert tree.findtext(".//{*}InvoiceReferencedDocument/{*}IssuerAssignedID") == invoice.name
    assert b"pdfaid:part" in reader.xmp_metadata.stream.get_data()


@pytest.mark.parametrize("charged", [False, True])
def test_what_is_taken_back_gets_its_credit_note_by_itself(world: World, issuer: Issuer, charged: bool) -> None:
    """By units, some before the invoice and some after, until nothing is left; delivery too."""
    ask_for = world.ask((world.thing(price=9_999, stock=9), 3), world.thing(price=5_001, stock=9))
    if charged:
        charges = (
            Charge(ChargeKind.DISCOUNT, -1_000, "staff:kindness", 0),
            Charge(ChargeKind.TAX_WITHIN, 3_336, "tax:1300", 0),
            Charge(ChargeKind.TAX_WITHIN, 575, "tax:1300", 1),
            Charge(ChargeKind.SHIPPING, 1_060, "shipping:standard"),
            Charge(ChargeKind.TAX_WITHIN, 60, "tax:600"),
        )
        ask_for = msgspec.structs.replace(ask_for, charges=charges)
    (order,) = world.place(ask_for)
    assert isinstance(order, Placed)
    world.pay(order)
    record(now=world.now)

    def back(units: dict[int, int], **how: Any) -> int:
        taken = take_back(Wish(new_id(), order.id, units, "broken glass", "staff@example.org", **how), now=world.now)
        assert isinstance(taken, Taken), taken
        return taken.amount

    amounts = [back({0: 1})]
    assert credit_returns(now=world.now) == 0  # there is no invoice to reverse
    write(world, order.id)
    amounts += [back({0: 1, 1: 1}), back({0: 1}, shipping=charged)]
    assert credit_returns(now=world.now) == 3
    assert credit_returns(now=world.now) == 0
    notes = Invoice.objects.filter(kind=Invoice.Kind.CREDIT_NOTE).order_by("number")
    assert [note.gross for note in notes] == amounts
    assert sum(amounts) == order.total
    assert sum(note.tax for note in notes) == Invoice.objects.get(part=0).tax
    assert [(each.net, each.tax) for each in tax_totals(world.cn.pk)] == [(0, 0)] * len(tax_totals(world.cn.pk))
