"""kill -9 while a place's deposit or the rest of its price is paid, and while the books are kept."""

import pytest
from tests.books.test_books import standing
from tests.payments.test_kills import begun, heal, killed, pay_at_the_bank
from tests.preorders.conftest import Queue
from tests.world import DAY, MINUTE, World

from setaria.kernel.ids import new_id
from setaria.trade.books.accounts import Source
from setaria.trade.books.models import Entry, Posting
from setaria.trade.books.record import record
from setaria.trade.orders.models import Credit, Order, Settlement
from setaria.trade.payments.ask import ask_due
from setaria.trade.payments.models import Payment, Refund
from setaria.trade.payments.sandbox.models import Reversal
from setaria.trade.payments.start import start
from setaria.trade.preorders import deposits
from setaria.trade.preorders.models import Programme, Receipt
from setaria.trade.preorders.money import hear, wanted
from setaria.trade.preorders.requests import Take
from setaria.trade.preorders.supply import supply

pytestmark = pytest.mark.kills
DEPOSIT, PRICE = 10_000, 199_900


def holding(world: World) -> tuple[Queue, Take]:
    """Somebody has a place, and their deposit is at the bank; nobody has told us."""
    queue = Queue(world, deposit_amount=DEPOSIT)
    (place,) = queue.come(1)
    payment = deposits.start(place.id, place.customer_id, "sandbox", world.now)
    assert isinstance(payment, Payment)
    pay_at_the_bank(payment)
    world.later(MINUTE)
    return queue, place


def ordered(world: World) -> tuple[Queue, Take]:
    """Their deposit came, their turn came, and what is left to pay is at the bank."""
    queue, place = holding(world)
    heal(world)
    assert queue.supply(1) == 1
    payment = start(place.id, place.customer_id, "sandbox", world.now)
    assert isinstance(payment, Payment)
    assert payment.amount == PRICE - DEPOSIT
    pay_at_the_bank(payment)
    world.later(MINUTE)
    return queue, place


@pytest.mark.parametrize("step", ["before the deposit is committed", "after the deposit was settled"])
def test_killed_while_hearing_of_a_deposit(world: World, step: str) -> None:
    queue, place = holding(world)
    killed(world, step, place.id, place.customer_id)
    assert (queue.states(), Receipt.objects.count()) == (("H", 0) if step.startswith("before") else ("S", 1))
    assert Payment.objects.get().status == "started"
    heal(world)
    assert (queue.states(), Receipt.objects.count(), Payment.objects.get().status) == ("S", 1, "succeeded")
    assert standing() == {"CLEARING": DEPOSIT, "DEPOSITS": -DEPOSIT}


@pytest.mark.parametrize(
    "step", ["before the order is made", "after the order was made", "after the deposit was credited"]
)
def test_killed_while_a_place_becomes_an_order(world: World, step: str) -> None:
    queue, place = holding(world)
    heal(world)
    supply(new_id(), queue.programme, 1, now=world.now)
    killed(world, step, place.id, place.customer_id)
    assert (Order.objects.count(), Credit.objects.count()) == {
        "before the order is made": (0, 0), "after the order was made": (1, 0), "after the deposit was credited": (1, 1)
    }[step]  # fmt: skip
    heal(world)
    assert (queue.states(), Order.objects.count(), Credit.objects.count()) == ("O", 1, 1)
    assert queue.fates(place) == [(DEPOSIT, "counts towards the order")]
    assert not Refund.objects.exists()


@pytest.mark.parametrize("step", ["before the balance is committed", "after the balance was settled"])
def test_killed_while_hearing_of_the_balance(world: World, step: str) -> None:
    queue, place = ordered(world)
    killed(world, step, place.id, place.customer_id)
    assert queue.states() == ("O" if step.startswith("before") else "P")
    heal(world)
    assert (queue.states(), Settlement.objects.count(), Credit.objects.count()) == ("P", 1, 1)
    assert set(Payment.objects.values_list("status", flat=True)) == {"succeeded"}
    assert not Refund.objects.exists()
    assert standing()["CLEARING"] == PRICE
    assert "DEPOSITS" not in standing()


@pytest.mark.parametrize("step", ["after the deposit was taken back", "before the deposit's refund is noted"])
def test_killed_while_the_deposit_of_a_dead_order_goes_back(world: World, step: str) -> None:
    queue, place = holding(world)
    heal(world)
    queue.supply(1)
    if step.startswith("after"):  # kept: its holder let the order lapse
        world.later(4 * DAY)
        world.expire()
    else:
        Programme.objects.update(refund_rules=queue.programme.refund_rules | {"cancelled": True})
        queue.withdraw(place)
    killed(world, step, place.id, place.customer_id)
    assert not Refund.objects.exists()
    heal(world)
    assert not Credit.objects.filter(revoked_at=None).exists()
    if step.startswith("after"):
        assert standing() == {"CLEARING": DEPOSIT, "FORFEITED": -DEPOSIT}
    else:
        assert (Reversal.objects.get().amount, Refund.objects.filter(sent_at=None).count()) == (DEPOSIT, 0)
        assert standing() == {}


@pytest.mark.parametrize(
    "step", ["before the lines of entries", "before entries are committed", "after the first kind of entries"]
)
def test_killed_while_the_books_are_kept(world: World, step: str) -> None:
    order, payment = begun(world)
    pay_at_the_bank(payment)
    world.later(MINUTE)
    ask_due(now=world.now, hear=hear, wanted=wanted)
    killed(world, step, order)
    entered = set(Entry.objects.values_list("source", flat=True))
    assert (entered, Posting.objects.exists()) == (
        (set(), False) if step.startswith("before") else ({Source.PAYMENT}, True)
    )
    heal(world)
    assert standing()["CLEARING"] == 20_000
    assert "CUSTOMERS" not in standing()
    assert record(now=world.now, everything=True) == 0
