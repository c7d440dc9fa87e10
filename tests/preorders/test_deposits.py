"""Deposits: every payment has one fate, and two payments make one paid order, to the minor unit."""

from datetime import date, timedelta
from uuid import uuid4

import pytest

from setaria.kernel.ids import new_id
from setaria.trade.orders.models import Credit, Order
from setaria.trade.payments import refund
from setaria.trade.payments.models import Payment, Refund
from setaria.trade.payments.sandbox.models import Reversal
from setaria.trade.payments.start import credited
from setaria.trade.payments.start import start as start_order
from setaria.trade.preorders import deposits, supply
from setaria.trade.preorders.deposits import Refusal, is_deposit, number_of, place_of
from setaria.trade.preorders.rules import RefundRules
from setaria.trade.preorders.weeks import slip
from tests.preorders.conftest import Queue
from tests.world import DAY, World

WINDOW = timedelta(days=3)
DUE = timedelta(seconds=1800)


@pytest.fixture
def queue(world: World) -> Queue:
    """Ten places with a deposit of ¥100 on ¥1,999."""
    return Queue(world, deposit_amount=10_000, weeks=[(1, 10, date(2031, 12, 1))])


def refunds(queue: Queue) -> list[tuple[int, str]]:
    """Decide, collect and send whatever goes back; everything sent so far."""
    deposits.decide(now=queue.world.now)
    deposits.collect(now=queue.world.now)
    refund.collect(now=queue.world.now)
    refund.send_due(now=queue.world.now)
    assert not Refund.objects.filter(sent_at=None).exists()
    assert Reversal.objects.count() == Refund.objects.count()
    return sorted(Refund.objects.values_list("amount", "reason"))


def test_a_deposits_number_is_the_places_and_never_an_orders() -> None:
    place = new_id()
    assert place_of(number_of(place)) == place != number_of(place)
    assert is_deposit(number_of(place))
    assert not is_deposit(place)
    assert not is_deposit(uuid4())


def test_two_payments_make_one_paid_order(queue: Queue) -> None:
    (place,) = queue.come(1)
    assert queue.states() == "H"
    assert queue.supply(1) == 0  # nobody stands before their deposit is paid
    assert queue.deposit(place) == "PAID"
    assert queue.states() == "S"
    assert (queue.call(), queue.states()) == (1, "O")
    assert (Order.objects.get().total, credited(place.id)) == (199_900, 10_000)
    assert queue.pay(place, 199_900) == "REFUND"  # the full price is a wrong amount: only the rest is due
    assert queue.pay(place, 189_900) == "PAID"
    assert queue.fates(place) == [(10_000, "counts towards the order")]
    assert refunds(queue) == [(199_900, "wrong amount")]


def test_every_manner_of_a_bank(queue: Queue) -> None:
    place, other = queue.come(2)
    payment = new_id()
    events = [
        queue.deposit(place, 9_999),
        queue.deposit(place, currency="USD"),
        queue.deposit(place, payment=payment),
        queue.deposit(place, payment=payment),
        queue.deposit(place, 10_001, payment=payment),
        queue.deposit(other, payment=payment),
        queue.deposit(place),
        queue.deposit(queue.ask()),
        queue.deposit(place, 0),
    ]
    assert events == [
        "REFUND", "REFUND", "PAID", "PAID", "CONFLICT", "CONFLICT", "REFUND", "UNKNOWN_ORDER", "MALFORMED",
    ]  # fmt: skip
    assert queue.states() == "SH"
    assert refunds(queue) == [(9_999, "wrong amount"), (10_000, "not payable"), (10_000, "wrong amount")]
    assert refunds(queue) == refunds(queue)  # once each


def test_without_its_deposit_a_place_ends_and_its_room_is_free(queue: Queue) -> None:
    takes = queue.come(10)
    queue.deposit(takes[0])
    assert queue.codes(queue.ask()) == ["FULL"]
    queue.world.later(DUE)
    assert deposits.lapse(now=queue.world.now) == 9
    assert queue.codes(queue.ask()) == ["11"]
    assert queue.deposit(takes[1]) == "REFUND"  # late
    assert refunds(queue) == [(10_000, "not payable")]


@pytest.mark.parametrize(
    "rules, slips, fates",
    [
        (RefundRules(), 0, ["goes back in full", "kept: its holder let the order lapse", "kept: its holder let the order lapse"]),
        (RefundRules(withdrawn=False), 0, ["kept: its holder let the order lapse"] * 3),
        (RefundRules(cancelled=True, lapsed=True), 0, ["goes back in full"] * 3),
        (RefundRules(withdrawn=False, slip_days_max=28), 28, ["kept: its holder let the order lapse"] * 3),
        (RefundRules(withdrawn=False, slip_days_max=27), 28, ["goes back in full"] * 3),
    ],
)  # fmt: skip
def test_the_rules_decide_what_goes_back(world: World, rules: RefundRules, slips: int, fates: list[str]) -> None:
    queue = Queue(world, deposit_amount=10_000, weeks=[(1, 10, date(2031, 12, 1))], refund_rules=rules)
    withdrawn, cancelled, lapsed = queue.come(3)
    for place in (withdrawn, cancelled, lapsed):
        queue.deposit(place)
    if slips:
        slip(queue.programme, 1, date(2031, 12, 1) + slips * DAY, {"en": "Late."}, now=world.now)
    queue.withdraw(withdrawn)
    queue.supply(2)
    queue.withdraw(cancelled)
    world.later(WINDOW)
    world.expire()
    assert queue.states() == "WXE"
    back = refunds(queue)
    assert [queue.fates(place)[0][1] for place in (withdrawn, cancelled, lapsed)] == fates
    assert len(back) == fates.count("goes back in full")
    # From now on the rest is of no use to a dead order: it goes back, whatever became of the deposit.
    assert queue.pay(lapsed, 189_900) == "REFUND"
    assert not Credit.objects.filter(revoked_at=None).exists()
    refunds(queue)


def test_a_rest_that_comes_late_while_the_unit_is_free_still_pays(queue: Queue) -> None:
    (place,) = queue.come(1)
    queue.deposit(place)
    queue.supply(1)
    queue.world.later(WINDOW)
    queue.world.expire()
    assert queue.pay(place, 189_900) == "PAID"  # nobody has decided its deposit's fate yet
    assert refunds(queue) == []
    assert queue.fates(place) == [(10_000, "counts towards the order")]


@pytest.mark.parametrize("where", ["revoke", "_note"])
def test_deciding_that_is_killed_is_finished_by_the_next(
    queue: Queue, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    (place,) = queue.come(1)
    queue.deposit(place)
    queue.supply(1)
    queue.withdraw(place)

    def die(*args: object, **how: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(deposits, where, die)
        with pytest.raises(KeyboardInterrupt):
            deposits.decide(now=queue.world.now)
    assert queue.world.breaches() == {}
    assert refunds(queue) == []
    assert queue.fates(place) == [(10_000, "kept: its holder let the order lapse")]


def test_an_order_whose_deposit_was_not_credited_yet_is_credited_by_the_next_run(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    (place,) = queue.come(1)
    queue.deposit(place)

    def die(*args: object, **how: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(supply.deposits, "credit", die)
        with pytest.raises(KeyboardInterrupt):
            queue.supply(1)
    assert (Order.objects.count(), credited(place.id), queue.states()) == (1, 0, "C")
    assert queue.world.breaches() == {}
    assert (queue.call(), credited(place.id), queue.states()) == (1, 10_000, "O")


def test_paying_is_started_once_by_its_holder_only(queue: Queue) -> None:
    (place,) = queue.come(1)
    world, stranger = queue.world, queue.world.member()
    first, again = (deposits.start(place.id, place.customer_id, "sandbox", world.now) for _ in range(2))
    assert isinstance(first, Payment)
    assert (first.amount, first.order_id, first.purpose, again) == (10_000, number_of(place.id), "deposit", first)
    assert deposits.start(place.id, stranger, "sandbox", world.now) is Refusal.UNKNOWN_PLACE
    assert deposits.start(place.id, place.customer_id, "sandbox", world.now + DUE) is Refusal.TOO_LATE
    queue.deposit(place)
    assert deposits.start(place.id, place.customer_id, "sandbox", world.now) is Refusal.NOT_PAYABLE
    with pytest.raises(KeyError):
        deposits.start(place.id, place.customer_id, "no-such-bank", world.now)
    queue.supply(1)
    rest = start_order(place.id, place.customer_id, "sandbox", world.now)
    assert isinstance(rest, Payment)
    assert rest.amount == 189_900


def test_who_looks_often_looks_no_more_than_a_share_of_the_time(queue: Queue) -> None:
    took = iter([100.0, 100.5] * 2)
    looks = deposits.Looks(clock=lambda: next(took))
    assert looks.decide(0.0, now=queue.world.now) == 0  # nothing yet
    (place,) = queue.come(1)
    queue.deposit(place)
    queue.withdraw(place)
    # Half a second of looking is paid for by ten of not looking.
    assert [looks.decide(seconds, now=queue.world.now) for seconds in (0.5, 9.9, 10.0, 19.9)] == [0, 0, 1, 0]
