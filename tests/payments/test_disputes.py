"""The buyer's bank wants the money back: held, won or lost, in whatever order it is told, beside refunds."""

from itertools import permutations

import pytest
from django.db import IntegrityError
from tests.books.test_books import standing
from tests.races.together import together
from tests.world import SECOND, World

from setaria.kernel.ids import new_id
from setaria.trade.aftersales.take_back import Wish, take_back
from setaria.trade.books.record import record
from setaria.trade.payments import refund
from setaria.trade.payments.disputes import Answer, end, hear
from setaria.trade.payments.models import Case, Dispute, Payment, Refund
from setaria.trade.payments.words import Quarrel, Stand

BY = "ada@example.org"


def paid(world: World, units: int = 4) -> Payment:
    fan = world.member()
    order = world.placed((world.thing(price=25, stock=units), units), by=fan)
    money = world.money(order)
    world.settle(money)
    return Payment.objects.create(
        id=money.payment_id, order_id=order.id, customer_id=fan, provider="sandbox", amount=order.total, currency="CNY",
        status="succeeded", started_at=world.now, reference=f"pi-{money.payment_id}",
    )  # fmt: skip


def tell(world: World, payment: Payment, *stands: Stand, amount: int = 100) -> None:
    for stand in stands:
        hear("sandbox", [Quarrel("dp_1", payment.reference, amount, "CNY", stand)], now=world.now)


def books(world: World) -> dict[str, int]:
    record(now=world.now)
    return {name: amount for name, amount in standing().items() if name not in ("REVENUE", "TAX")}


def back(world: World, payment: Payment, units: int) -> None:
    world.later(SECOND)
    take_back(Wish(new_id(), payment.order_id, {0: units}, "broken", BY), now=world.now)


@pytest.mark.parametrize("stands", list(permutations([Stand.OPEN, Stand.HELD, Stand.LOST])))
def test_a_lost_dispute_is_a_loss_in_whatever_order_it_is_told(world: World, stands: tuple[Stand, ...]) -> None:
    payment = paid(world)
    tell(world, payment, *stands, *stands)
    assert Dispute.objects.values_list("outcome", "order_id").get() == ("lost", payment.order_id)
    assert books(world) == {"LOST": 100}


def test_while_it_is_open_the_money_is_held_back_and_won_it_is_there_again(world: World) -> None:
    payment = paid(world)
    tell(world, payment, Stand.OPEN)
    assert books(world) == {"CLEARING": 100}
    tell(world, payment, Stand.HELD)
    assert books(world) == {"DISPUTED": 100}
    tell(world, payment, Stand.WON, Stand.LOST)  # the first end stands
    assert books(world) == {"CLEARING": 100}


def test_one_that_was_never_held_and_is_won_moves_nothing(world: World) -> None:
    payment = paid(world)
    tell(world, payment, Stand.OPEN, Stand.WON)
    assert books(world) == {"CLEARING": 100}


def test_refunds_wait_while_it_is_open_and_are_sent_when_it_is_won(world: World) -> None:
    payment = paid(world)
    back(world, payment, 1)
    tell(world, payment, Stand.HELD)
    assert refund.send_due(now=world.now) == 0
    tell(world, payment, Stand.WON)
    assert refund.send_due(now=world.now) == 1


def test_a_lost_one_has_sent_the_refunds_that_waited(world: World) -> None:
    payment = paid(world)
    tell(world, payment, Stand.HELD)
    back(world, payment, 1)
    back(world, payment, 1)
    tell(world, payment, Stand.LOST)
    assert set(Refund.objects.values_list("sent_by", flat=True)) == {"dispute"}
    assert refund.send_due(now=world.now) == 0
    assert books(world) == {"LOST": 50}  # half of it was to go back anyway


def test_disputed_after_it_was_sent_back_somebody_is_told(world: World) -> None:
    payment = paid(world)
    back(world, payment, 2)
    refund.send_due(now=world.now)
    tell(world, payment, Stand.OPEN, Stand.HELD)
    case = Case.objects.get()
    assert (case.kind, case.reference, case.order_id) == ("dispute", "dp_1 after refund", payment.order_id)
    assert "50" in case.text
    tell(world, payment, Stand.LOST)
    assert books(world) == {"CLEARING": -50, "LOST": 100}


def test_a_provider_that_does_not_tell_is_told_by_the_staff_with_its_fee(world: World) -> None:
    payment = paid(world)
    tell(world, payment, Stand.OPEN)
    dispute = Dispute.objects.get()
    how = {"won": False, "fee": 15, "by": BY, "now": world.now}
    assert end(dispute.pk, note=" ", **how) is Answer.UNSIGNED  # type: ignore[arg-type]
    said = together(*[lambda: end(dispute.pk, note="no answer in time", **how)] * 2)  # type: ignore[arg-type]
    assert sorted(said) == [Answer.ENDED, Answer.UNKNOWN]
    assert books(world) == {"CLEARING": -15, "FEES": 15, "LOST": 100}


def test_one_about_a_payment_that_is_not_here_is_noted_all_the_same(world: World) -> None:
    hear("sandbox", [Quarrel("dp_9", "pi-unknown", 70, "CNY", Stand.HELD)], now=world.now)
    assert books(world) == {"CLEARING": -70, "DISPUTED": 70}


def test_told_twice_at_once_it_is_one(world: World) -> None:
    payment = paid(world)
    back(world, payment, 1)
    now = world.now
    quarrel = Quarrel("dp_1", payment.reference, 100, "CNY", Stand.LOST)
    together(*[lambda: hear("sandbox", [quarrel], now=now)] * 3)
    assert Dispute.objects.count() == 1
    assert books(world) == {"LOST": 75}


def test_a_refund_that_is_being_sent_while_it_is_lost_is_a_case(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    payment = paid(world)
    back(world, payment, 1)
    from setaria.trade.payments.sandbox.bank import Sandbox

    send = Sandbox.refund

    def slow(self: Sandbox, due: Refund, about: Payment | None) -> None:
        send(self, due, about)
        tell(world, payment, Stand.LOST)

    monkeypatch.setattr(Sandbox, "refund", slow)
    assert refund.send_due(now=world.now) == 0
    assert Case.objects.filter(kind="conflict").count() == 1


def test_the_database_keeps_disputes_sane(world: World) -> None:
    payment = paid(world)
    tell(world, payment, Stand.OPEN)
    with pytest.raises(IntegrityError):
        Dispute.objects.update(outcome="lost", ended_at=world.now)
