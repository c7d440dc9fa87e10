"""A buyer asks for an invoice on the order's page, and reads it there; nobody else does."""

import io
from typing import Any

import pypdf
import pytest
from django.test import Client
from django.urls import reverse

from setaria.kernel.ids import new_id
from setaria.people.members.models import Member
from setaria.trade.aftersales.take_back import Wish, take_back
from setaria.trade.invoices.models import Billing, Invoice
from setaria.trade.orders.models import Order
from setaria.trade.orders.requests import Placed
from setaria.trade.payments.disputes import hear
from setaria.trade.payments.models import Payment
from setaria.trade.payments.words import Quarrel, Stand
from tests.invoices.conftest import issuer_of
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def order(store: World, member: Member) -> Placed:
    return store.placed(store.thing(price=9_900, stock=5), by=member.pk)


def ask(client: Client, order: Placed, **said: str) -> str:
    answer = client.post(reverse("store:order_invoice", args=[order.id]), said, follow=True)
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_it_is_asked_for_before_paying_and_read_afterwards(store: World, fan: Client, order: Placed) -> None:
    issuer_of(store)
    assert "as soon as the order is paid" in ask(fan, order, name="Qinghe Ltd", tax_id="91110000600037341L")
    assert "Qinghe Ltd" in ask(fan, order, name="Qinghe Ltd", tax_id="")
    store.pay(order)
    assert "Your invoice is here" in ask(fan, order, name="Qinghe Ltd", tax_id="")
    page = fan.get(reverse("store:order", args=[order.id])).content.decode()
    path = reverse("store:order_document", args=[order.id, "CN-2031-000001"])
    assert path in page
    answer = fan.get(path)
    assert (answer["Content-Type"], answer["Cache-Control"]) == (
        "application/pdf",
        "max-age=0, no-cache, no-store, must-revalidate, private",
    )
    assert "Qinghe Ltd" in pypdf.PdfReader(io.BytesIO(answer.content)).pages[0].extract_text()
    assert "written already" in ask(fan, order, name="Somebody else")


def test_none_is_offered_for_what_was_taken_back_whole(store: World, fan: Client, order: Placed) -> None:
    issuer_of(store)
    store.pay(order)
    assert "Ask for an invoice" in fan.get(reverse("store:order", args=[order.id])).content.decode()
    take_back(Wish(new_id(), order.id, {0: 1}, "broken", "staff@example.org"), now=store.now)
    assert "Ask for an invoice" not in fan.get(reverse("store:order", args=[order.id])).content.decode()


def test_none_is_offered_or_written_for_what_the_bank_gave_back_whole(store: World, fan: Client, order: Placed) -> None:
    issuer_of(store)
    page = reverse("store:order", args=[order.id])
    bank_gives_back(store, order, 4_900)
    assert "Ask for an invoice" in fan.get(page).content.decode()  # the rest is still paid for
    hear("sandbox", [Quarrel("dp_rest", "pi-1", 5_000, order.currency, Stand.LOST)], now=store.now)
    assert "Ask for an invoice" not in fan.get(page).content.decode()
    assert "There is no invoice for this order" in ask(fan, order, name="From a page opened before")
    assert not Invoice.objects.exists()
    assert not Billing.objects.exists()


def test_one_that_is_written_stays_when_the_bank_gives_the_money_back(store: World, fan: Client, order: Placed) -> None:
    issuer_of(store)
    bank_gives_back(store, order)
    ask(fan, order, name="Mi Li")
    hear("sandbox", [Quarrel("dp_all", "pi-1", 9_900, order.currency, Stand.LOST)], now=store.now)
    page = fan.get(reverse("store:order", args=[order.id])).content.decode()
    assert "CN-2031-000001" in page
    assert "written already" in ask(fan, order, name="Somebody else")


def bank_gives_back(store: World, order: Placed, *amounts: int) -> None:
    """The buyer pays, and their bank gives so much of it back, dispute by dispute."""
    money = store.money(order)
    store.settle(money)
    Payment.objects.create(
        id=money.payment_id, order_id=order.id, customer_id=Order.objects.get(pk=order.id).customer_id,
        provider="sandbox", amount=order.total, currency=order.currency, status=Payment.Status.SUCCEEDED,
        started_at=store.now, reference="pi-1",
    )  # fmt: skip
    for nth, amount in enumerate(amounts):
        hear("sandbox", [Quarrel(f"dp_{nth}", "pi-1", amount, order.currency, Stand.LOST)], now=store.now)


def test_a_wrong_tax_number_is_told_and_nothing_noted(store: World, fan: Client, order: Placed) -> None:
    issuer_of(store)
    for said in (
        {"name": "Qinghe", "tax_id": "91110000600037341X"},
        {"name": ""},
        {"name": "x" * 161},
        {"tax_id": "1\x00"},
    ):
        ask(fan, order, **said)
    assert not Billing.objects.exists()


def test_where_nobody_sells_by_invoice_there_is_no_form(store: World, fan: Client, order: Placed) -> None:
    path = reverse("store:order_invoice", args=[order.id])
    assert path not in fan.get(reverse("store:order", args=[order.id])).content.decode()
    assert fan.post(path, {"name": "Qinghe"}).status_code == 404


def test_nobody_else_asks_or_reads(store: World, fan: Client, member: Member, order: Placed, visitor: Client) -> None:
    issuer_of(store)
    store.pay(order)
    ask(fan, order, name="Qinghe")
    assert Invoice.objects.count() == 1
    other = Client()
    other.force_login(Member.objects.get(pk=store.member()))
    document = reverse("store:order_document", args=[order.id, "CN-2031-000001"])
    wish = reverse("store:order_invoice", args=[order.id])
    assert (other.get(document).status_code, other.post(wish, {"name": "Mine"}).status_code) == (404, 404)
    for answer in (visitor.get(document), visitor.post(wish, {"name": "Mine"})):
        assert (answer.status_code, "login" in answer["Location"]) == (302, True)
    assert Billing.objects.get().name == "Qinghe"
    # Nor another order's document by one's own order's address.
    mine = store.placed(store.thing(stock=1), by=member.pk)
    assert fan.get(reverse("store:order_document", args=[mine.id, "CN-2031-000001"])).status_code == 404


def test_papers_are_not_drawn_without_end(store: World, fan: Client, order: Placed, settings: Any) -> None:
    """Each drawing takes a processor a while: who asks all the time is told to wait, and costs nothing."""
    issuer_of(store)
    store.pay(order)
    ask(fan, order, name="Qinghe")
    settings.ACCOUNT_RATE_LIMITS = {**settings.ACCOUNT_RATE_LIMITS, "paper": "2/m/key"}
    path = reverse("store:order_document", args=[order.id, Invoice.objects.get().name])
    assert [fan.get(path).status_code for _ in range(3)] == [200, 200, 429]
