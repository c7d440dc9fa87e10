"""kill -9 at each step of paying and paying back: afterwards everything is as if nobody had died."""

import os
import subprocess
import sys
import tempfile
from datetime import datetime
from pathlib import Path
from uuid import UUID

import pytest
from django.db import connection
from tests.cash.test_cash import handed, promised
from tests.promotions.test_spend import promotion, used
from tests.reconciliation.test_files import differences, write
from tests.world import MINUTE, World

from setaria.goods.catalog.models import Variant
from setaria.goods.pricing.queries import prices_at
from setaria.kernel.ids import new_id
from setaria.markets.models import Channel, Market
from setaria.trade.aftersales.models import Return
from setaria.trade.aftersales.take_back import Taken, Wish, take_back
from setaria.trade.books.record import record
from setaria.trade.giftcards import spend as giftcards
from setaria.trade.giftcards.issue import issue
from setaria.trade.giftcards.models import Card
from setaria.trade.orders.models import Order, Settlement
from setaria.trade.orders.requests import Line, Placed
from setaria.trade.payments import refund
from setaria.trade.payments.ask import ask_due
from setaria.trade.payments.disputes import hear as hear_dispute
from setaria.trade.payments.models import Case, Dispute, Payment, Refund, Remittance
from setaria.trade.payments.sandbox.models import Charge, Reversal
from setaria.trade.payments.start import credited, start
from setaria.trade.payments.words import Quarrel, Stand
from setaria.trade.points import spend as points
from setaria.trade.preorders import deposits
from setaria.trade.preorders.money import hear, wanted
from setaria.trade.preorders.supply import call_all
from setaria.trade.promotions import spend as promotions
from setaria.trade.purchases.buy import Agreed, buy
from setaria.trade.quotes.queries import Choice, price
from setaria.trade.reconciliation.take_in import take_in

ROOT = Path(__file__).parents[2]
WISH = UUID(int=7 << 76)


def killed(world: World, step: str, order: Placed | UUID, customer: int = 0) -> None:
    """Let a process die there."""
    order_id = order if isinstance(order, UUID) else order.id
    customer = customer or Order.objects.get(pk=order_id).customer_id
    set = connection.settings_dict
    url = f"postgresql://{set['USER']}@/{set['NAME']}?host={set['HOST']}&port={set['PORT'] or 5432}"
    done = subprocess.run(
        [sys.executable, "-m", "tests.payments.dying", step, world.now.isoformat(), str(order_id), str(customer)],
        cwd=ROOT, env=os.environ | {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "tests.settings"},
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == -9, done.stdout + done.stderr


def heal(world: World) -> None:
    """What the worker does, for a while; then the bank's ledger is compared with ours."""
    for _ in range(4):
        world.later(2 * MINUTE)
        world.expire()
        ask_due(now=world.now, hear=hear, wanted=wanted)
        deposits.lapse(now=world.now)
        deposits.decide(now=world.now)
        call_all(now=world.now)
        refund.collect(now=world.now)
        deposits.collect(now=world.now)
        refund.send_due(now=world.now)
        giftcards.heal(now=world.now)
        promotions.heal(now=world.now)
        points.heal(now=world.now)
    record(now=world.now)
    agree(world)


def agree(world: World) -> None:
    """Take in what the bank says it took and sent back: nothing there differs from what we have."""
    rows = [(f"c{n}", "payment", each.pk, each.amount) for n, each in enumerate(Charge.objects.filter(succeeded=True))]
    rows += [(f"r{n}", "refund", each.pk, -each.amount) for n, each in enumerate(Reversal.objects.all())]
    if not rows:
        return  # a file without a line is none
    lines = [f"{name},{kind},{id},{amount / 100:.2f},0,CNY,{world.now.isoformat()}" for name, kind, id, amount in rows]
    with tempfile.TemporaryDirectory() as folder:
        file = write(Path(folder), *lines, name=f"{world.now:%H%M%S}.csv")
        taken = take_in(file, "sandbox", by="a@b.c", now=world.now)
    assert (taken.rows, taken.open, differences()) == (len(rows), 0, [])


def agreed(order_id: UUID, customer: int, now: datetime) -> Agreed:
    """What a member agrees to who orders one of the only thing there is."""
    market, channel = Market.objects.get(code="cn"), Channel.objects.get(code="web")
    variant = Variant.objects.get()
    lines = (Line(variant.pk, 1, prices_at([variant.pk], market.pk, now)[variant.pk]),)
    mark = price(lines, market, Choice(), customer_id=customer, now=now).mark
    return Agreed(order_id, customer, True, market, channel.pk, lines, Choice(), mark)


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


@pytest.mark.kills
def test_killed_before_a_refund_is_asked_for(world: World) -> None:
    order = paid_at_the_bank(world)
    assert isinstance(take_back(Wish(WISH, order.id, {0: 1}, "broken", "a@b.c"), now=world.now), Taken)
    killed(world, "before the refund is asked for", order)
    assert not Reversal.objects.exists()
    heal(world)
    assert Refund.objects.get().sent_at is not None
    assert Reversal.objects.get().amount == 10_000


@pytest.mark.kills
def test_killed_when_the_money_was_captured(world: World) -> None:
    order, _payment = begun(world)
    world.later(MINUTE)
    killed(world, "after the money was captured", order)
    assert (world.status(order), Charge.objects.count()) == ("placed", 1)
    heal(world)
    assert (world.status(order), Settlement.objects.count()) == ("paid", 1)


@pytest.mark.kills
def test_killed_when_the_provider_had_closed_it(world: World) -> None:
    order, _payment = begun(world)
    world.later(16 * MINUTE)
    world.expire()
    killed(world, "after the provider closed it", order)
    assert Payment.objects.get().status == "started"
    heal(world)
    assert (world.status(order), Payment.objects.get().status) == ("expired", "failed")


@pytest.mark.kills
@pytest.mark.parametrize("amount, state", [(30_000, "paid"), (5_000, "placed")])
def test_killed_when_a_card_was_taken_from(world: World, amount: int, state: str) -> None:
    order = world.placed((world.thing(price=10_000, stock=5), 2), by=world.member())
    issue(world.cn, amount, why="a gift", by="a@b.c", now=world.now)
    killed(world, "after the card was taken from", order)
    left = max(0, amount - 20_000)
    assert (world.status(order), Card.objects.get().balance) == ("placed", left)
    for _ in range(2):
        world.later(MINUTE)
        giftcards.heal(now=world.now)
    assert (world.status(order), Card.objects.get().balance) == (state, left)
    assert credited(order.id) == (0 if state == "paid" else amount)
    heal(world)


@pytest.mark.kills
@pytest.mark.parametrize("step", ["after the discount was set aside", "after the door placed it"])
def test_killed_while_buying(world: World, step: str) -> None:
    world.thing(price=10_000, stock=5)
    one, fan, order_id = promotion(world, needs_code=False), world.member(), new_id()
    wish = agreed(order_id, fan, world.now)
    killed(world, step, order_id, fan)
    assert (Order.objects.count(), used(one)[0]) == (1 if "placed" in step else 0, 1)
    # The buyer presses once more, and it is one order with one discount.
    answer = buy(wish, now=world.now)
    assert isinstance(answer, Placed)
    assert (Order.objects.count(), used(one)[0]) == (1, 1)
    heal(world)
    assert Order.objects.get().pk == order_id


@pytest.mark.kills
def test_killed_after_a_discount_was_set_aside_for_nothing(world: World) -> None:
    world.thing(price=10_000, stock=5)
    one = promotion(world, needs_code=False)
    killed(world, "after the discount was set aside", new_id(), world.member())
    assert used(one)[0] == 1
    for _ in range(6):
        heal(world)
    assert used(one)[0] == 0


@pytest.mark.kills
def test_killed_while_a_courier_hands_over(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SETARIA_CASH_MAX", "CNY:500")
    payment = promised(world)
    killed(world, "before what the courier brought is committed", payment.order_id)
    assert not Remittance.objects.exists()
    assert handed(world, payment) == "TAKEN"
    heal(world)


@pytest.mark.kills
def test_killed_when_a_dispute_was_noted_somebody_is_told_of_what_was_sent_before(world: World) -> None:
    order = paid_at_the_bank(world)
    Payment.objects.update(reference="pi_1")
    take_back(Wish(WISH, order.id, {0: 1}, "broken", "a@b.c"), now=world.now)
    heal(world)
    killed(world, "after the dispute was noted", order)
    assert Dispute.objects.get().held_at is not None
    assert not Case.objects.exists()
    told = [Quarrel("dp_1", "pi_1", 100, "CNY", Stand.HELD)]
    hear_dispute("sandbox", told, now=world.now)  # it got no answer, and tells again
    hear_dispute("sandbox", told, now=world.now)
    assert Case.objects.get().reference == "dp_1 after refund"


def begun(world: World) -> tuple[Placed, Payment]:
    order = world.placed((world.thing(price=10_000, stock=5), 2), by=world.member())
    payment = start(order.id, Order.objects.get().customer_id, "sandbox", world.now)
    assert isinstance(payment, Payment)
    return order, payment


def paid_at_the_bank(world: World) -> Placed:
    order, payment = begun(world)
    pay_at_the_bank(payment)
    heal(world)
    return order
