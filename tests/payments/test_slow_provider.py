"""A provider that takes long: what it says is stamped with an instant that the books still look at."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.world import SECOND, World

from setaria.kernel.ids import new_id
from setaria.trade.aftersales.take_back import Taken, Wish, take_back
from setaria.trade.books.record import record
from setaria.trade.orders.models import Settlement
from setaria.trade.payments import refund
from setaria.trade.payments.ask import ask_due
from setaria.trade.payments.models import Payment, Refund
from setaria.trade.payments.sandbox.bank import Sandbox
from setaria.trade.payments.sandbox.models import Charge
from setaria.trade.payments.start import start
from setaria.trade.preorders.money import hear, wanted

ORDERS, EACH = 5, 20 * SECOND


@pytest.fixture
def slow(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each call takes twenty seconds, in which the books are kept by somebody else."""

    def slowly(call: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any) -> Any:
            world.later(EACH)
            record(now=world.now)
            return call(*args)

        return run

    for name in ("ask", "refund"):
        monkeypatch.setattr(Sandbox, name, slowly(getattr(Sandbox, name)))


def sold(world: World) -> list[Payment]:
    """What so many buyers paid at the bank, of which nobody told us."""
    payments = []
    for _ in range(ORDERS):
        fan = world.member()
        payment = start(world.placed(world.thing(price=500, stock=1), by=fan).id, fan, "sandbox", world.now)
        assert isinstance(payment, Payment)
        Charge.objects.create(
            payment_id=payment.pk, order_id=payment.order_id, amount=500, currency="CNY", succeeded=True, at=world.now
        )
        payments.append(payment)
    world.later(60 * SECOND)
    return payments


def ask(world: World) -> int:
    return ask_due(now=world.now, hear=hear, wanted=wanted, clock=lambda: world.now.timestamp())


def send(world: World) -> int:
    return refund.send_due(now=world.now, clock=lambda: world.now.timestamp())


@pytest.mark.usefixtures("slow")
def test_what_a_slow_provider_says_was_paid_is_in_the_books(world: World) -> None:
    sold(world)
    assert [ask(world) for _ in range(ORDERS + 1)] == [1, 1, 1, 1, 1, 0]
    assert Settlement.objects.count() == ORDERS
    world.later(120 * SECOND)
    assert record(now=world.now) > 0
    assert record(now=world.now, everything=True) == 0  # nothing was passed over


@pytest.mark.usefixtures("slow")
def test_what_a_slow_provider_sends_back_is_in_the_books(world: World) -> None:
    payments = sold(world)
    while ask(world):
        pass
    for payment in payments:
        assert isinstance(take_back(Wish(new_id(), payment.order_id, {0: 1}, "broken", "a@b.c"), now=world.now), Taken)
    assert [send(world) for _ in range(ORDERS + 1)] == [1, 1, 1, 1, 1, 0]
    assert not Refund.objects.filter(sent_at=None).exists()
    world.later(120 * SECOND)
    assert record(now=world.now) > 0
    assert record(now=world.now, everything=True) == 0
