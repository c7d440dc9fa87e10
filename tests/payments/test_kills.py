"""kill -9 at each step of paying and paying back: afterwards everything is as if nobody had died."""

import os
import subprocess
import sys
from pathlib import Path
from uuid import UUID

import pytest
from django.db import connection
from tests.world import MINUTE, World

from setaria.trade.aftersales.models import Return
from setaria.trade.aftersales.take_back import Taken, Wish, take_back
from setaria.trade.books.record import record
from setaria.trade.orders.models import Order, Settlement
from setaria.trade.orders.requests import Placed
from setaria.trade.payments import refund
from setaria.trade.payments.ask import ask_due
from setaria.trade.payments.models import Payment, Refund
from setaria.trade.payments.sandbox.models import Charge, Reversal
from setaria.trade.payments.start import start
from setaria.trade.preorders.money import hear, wanted

ROOT = Path(__file__).parents[2]
WISH = UUID(int=7 << 76)


def killed(world: World, step: str, order: Placed) -> None:
    """Let a process die there."""
    customer = Order.objects.get(pk=order.id).customer_id
    set = connection.settings_dict
    url = f"postgresql://{set['USER']}@/{set['NAME']}?host={set['HOST']}&port={set['PORT'] or 5432}"
    done = subprocess.run(
        [sys.executable, "-m", "tests.payments.dying", step, world.now.isoformat(), str(order.id), str(customer)],
        cwd=ROOT, env=os.environ | {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "tests.settings"},
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == -9, done.stdout + done.stderr


def heal(world: World) -> None:
    """What the worker does, for a while."""
    for _ in range(3):
        world.later(2 * MINUTE)
        ask_due(now=world.now, hear=hear, wanted=wanted)
        refund.collect(now=world.now)
        refund.send_due(now=world.now)
    record(now=world.now)


def pay_at_the_bank(payment: Payment) -> None:
    Charge.objects.create(
        payment_id=payment.pk, order_id=payment.order_id, amount=payment.amount, currency="CNY", succeeded=True,
        at=payment.started_at,
    )  # fmt: skip


@pytest.mark.kills
@pytest.mark.parametrize(
    "step", ["before the attempt is written", "after the attempt is written", "after the provider opened it"]
)
def test_killed_while_beginning_to_pay(world: World, step: str) -> None:
    order = world.placed((world.thing(price=10_000, stock=5), 2), by=world.member())
    killed(world, step, order)
    assert Payment.objects.count() == (0 if step.startswith("before") else 1)
    # The buyer clicks once more, and pays.
    payment = start(order.id, Order.objects.get().customer_id, "sandbox", world.now)
    assert isinstance(payment, Payment)
    pay_at_the_bank(payment)
    heal(world)
    assert (world.status(order), Payment.objects.count(), Settlement.objects.count()) == ("paid", 1, 1)


@pytest.mark.kills
@pytest.mark.parametrize("step", ["after taking it to ask", "after the settlement"])
def test_killed_while_hearing_of_a_payment(world: World, step: str) -> None:
    order = world.placed((world.thing(price=10_000, stock=5), 2), by=world.member())
    payment = start(order.id, Order.objects.get().customer_id, "sandbox", world.now)
    assert isinstance(payment, Payment)
    pay_at_the_bank(payment)
    world.later(MINUTE)
    killed(world, step, order)
    assert world.status(order) == ("paid" if "settlement" in step else "placed")
    heal(world)
    assert (world.status(order), Payment.objects.get().status, Settlement.objects.count()) == ("paid", "succeeded", 1)


@pytest.mark.kills
def test_killed_while_paying_back(world: World) -> None:
    order = world.placed((world.thing(price=10_000, stock=5), 2), by=world.member())
    payment = start(order.id, Order.objects.get().customer_id, "sandbox", world.now)
    assert isinstance(payment, Payment)
    pay_at_the_bank(payment)
    heal(world)
    killed(world, "before the return is committed", order)
    assert Return.objects.count() == Refund.objects.count() == 0
    assert isinstance(take_back(Wish(WISH, order.id, {0: 1}, "broken", "a@b.c"), now=world.now), Taken)
    killed(world, "after the refund was sent", order)
    assert Refund.objects.get().sent_at is None
    heal(world)
    assert Refund.objects.get().sent_at is not None
    assert Reversal.objects.get().charge == Charge.objects.get()
