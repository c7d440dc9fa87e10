"""Orders that cost more or less than their lines: charged as asked, replayed as charged, refused as a whole."""

import msgspec
import pytest
from django.db import IntegrityError, transaction
from tests.world import World

from setaria.kernel.ids import new_id
from setaria.kernel.pipeline import Pipeline
from setaria.trade.orders import models
from setaria.trade.orders.models import MinuteOrders, MinuteUnits, Order
from setaria.trade.orders.requests import Charge, ChargeKind, Placed, Request

SHIPPING, TAX, DISCOUNT, WITHIN = ChargeKind.SHIPPING, ChargeKind.TAX, ChargeKind.DISCOUNT, ChargeKind.TAX_WITHIN
CHARGES = (
    Charge(DISCOUNT, -500, "staff:kindness", 0),
    Charge(SHIPPING, 1_000, "shipping:standard"),
    Charge(WITHIN, 1_093, "tax:1300", 0),
    Charge(TAX, 7, "tax:100", 1),
)


def charged(request: Request, *charges: Charge) -> Request:
    return msgspec.structs.replace(request, charges=charges)


def test_an_order_costs_its_lines_and_its_charges(world: World) -> None:
    ask = charged(world.ask(world.thing(price=10_000, stock=1), (world.thing(price=300, stock=5), 2)), *CHARGES)
    (outcome,) = world.place(ask)
    assert isinstance(outcome, Placed)
    assert outcome.total == 10_600 - 500 + 1_000 + 7
    rows = models.Charge.objects.filter(order_id=ask.id).order_by("position")
    assert list(rows.values_list("position", "kind", "amount", "source", "line")) == [
        (0, 3, -500, "staff:kindness", 0), (1, 1, 1_000, "shipping:standard", None),
        (2, 4, 1_093, "tax:1300", 0), (3, 2, 7, "tax:100", 1),
    ]  # fmt: skip
    assert world.pay(outcome) == "PAID"


def test_the_wall_counts_what_is_paid_and_products_what_they_cost_in_the_book(world: World) -> None:
    ask = charged(world.ask(world.thing(price=10_000, stock=1)), CHARGES[0], CHARGES[1])
    (outcome,) = world.place(ask)
    assert isinstance(outcome, Placed)
    world.pay(outcome)
    assert MinuteOrders.objects.values_list("placed_amount", "paid_amount").get() == (10_500, 10_500)
    assert MinuteUnits.objects.values_list("placed_amount", "paid_amount").get() == (10_000, 10_000)


def test_sent_again_it_gets_its_first_answer_and_with_other_charges_none(world: World) -> None:
    phone = world.thing(price=10_000, stock=9)
    ask = charged(world.ask(phone, by=world.member()), *CHARGES[:3])
    (first,) = world.place(ask)
    assert world.place(ask) == [first]
    others = [charged(ask), charged(ask, *CHARGES[:2]), charged(ask, *reversed(CHARGES[:3]))]
    assert world.codes(*others) == ["ID_CONFLICT"] * 3
    assert world.codes(ask, charged(ask)) == ["PLACED", "ID_CONFLICT"]  # within one batch as well
    plain = world.ask(phone, by=world.member())
    assert world.codes(plain, charged(plain, CHARGES[1])) == ["PLACED", "ID_CONFLICT"]
    assert Order.objects.count() == 2


@pytest.mark.parametrize(
    "charge",
    [
        Charge(SHIPPING, -1, "shipping:standard"), Charge(DISCOUNT, 1, "staff:x", 0), Charge(DISCOUNT, 0, "staff:x", 0),
        Charge(WITHIN, -1, "tax:1300", 0), Charge(TAX, 0, "tax:1300", 0), Charge(DISCOUNT, -1, "staff:x"),
        Charge(DISCOUNT, -1, "staff:x", 1), Charge(DISCOUNT, -10_001, "staff:x", 0), Charge(TAX, -1, "tax-exempt:1300"),
        Charge(SHIPPING, 10**16, "shipping:standard"), Charge(SHIPPING, 1, ""), Charge(SHIPPING, 1, "x" * 61),
        Charge(SHIPPING, 1, "a\x00b"), Charge(SHIPPING, 1, "\ud800"), Charge(DISCOUNT, -10_000, "staff:all", 0),
        Charge(DISCOUNT, -1, "staff:x", -1),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_and_its_neighbours_are_not(world: World, charge: Charge) -> None:
    phone = world.thing(price=10_000, stock=9)
    assert world.codes(charged(world.ask(phone), charge), world.ask(phone)) == ["MALFORMED", "PLACED"]
    assert world.stock(phone) == (9, 1)


def test_too_many_charges_are_refused(world: World) -> None:
    many = [Charge(SHIPPING, 1, "shipping:standard")] * 501
    assert world.codes(charged(world.ask(world.thing(stock=1)), *many)) == ["MALFORMED"]


def test_the_database_knows_the_signs(world: World) -> None:
    ask = world.ask(world.thing(stock=1))
    world.place(ask)
    for kind, amount, line in ((1, -1, 0), (2, 0, 0), (3, 1, 0), (4, -1, 0), (5, 1, 0), (6, 1, 0), (3, -1, None)):
        with pytest.raises(IntegrityError), transaction.atomic():
            models.Charge.objects.create(order_id=ask.id, position=0, kind=kind, amount=amount, source="x", line=line)


def test_an_order_without_charges_sends_nothing_more(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []
    query = Pipeline.query
    monkeypatch.setattr(Pipeline, "query", lambda self, sql, values: (sent.append(sql), query(self, sql, values))[1])
    phone = world.thing(price=10_000, stock=9)
    world.placed(phone)
    sent.clear()
    world.placed(phone)
    plain = len(sent)
    assert not any("orders_charge" in sql for sql in sent)
    sent.clear()
    world.place(charged(world.ask(phone), CHARGES[1]))
    assert len(sent) == plain + 1


def test_a_charged_order_that_expires_may_be_paid_late(world: World) -> None:
    ask = charged(world.ask(world.thing(price=10_000, stock=1), by=world.member(), id=new_id()), *CHARGES[:2])
    (outcome,) = world.place(ask)
    assert isinstance(outcome, Placed)
    world.now = outcome.pay_by
    assert world.expire() == 1
    assert world.pay(outcome) == "PAID"
