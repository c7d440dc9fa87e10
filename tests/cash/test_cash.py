"""Paid at the door: promised within limits, handed over by the courier, or brought back; every yuan in the books."""

from uuid import UUID

import pytest
from django.db import IntegrityError

from setaria.goods.inventory.models import Account
from setaria.kernel.ids import new_id
from setaria.trade.aftersales.take_back import Refusal, Taken, Wish, cancel_paid, take_back
from setaria.trade.books.record import record
from setaria.trade.orders.models import Line, Order
from setaria.trade.payments import refund
from setaria.trade.payments.ask import ask_due
from setaria.trade.payments.begin import begin
from setaria.trade.payments.cash.hand_over import Answer, Brought, hand_over, refuse
from setaria.trade.payments.cash.limits import limits
from setaria.trade.payments.cash.models import Promise
from setaria.trade.payments.cash.provider import Cash
from setaria.trade.payments.models import Case, Payment, Refund, Remittance
from setaria.trade.payments.refund import paid_by_bank
from setaria.trade.payments.start import start
from setaria.trade.payments.words import Refused, State
from setaria.trade.preorders.money import hear, wanted
from tests.books.test_books import standing
from tests.guards import Unguarded
from tests.races.together import MeetingPoint, together
from tests.world import HOUR, MINUTE, World

BY = "ada@example.org"


@pytest.fixture(autouse=True)
def cash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SETARIA_CASH_MAX", "CNY:500 INR:40000")
    monkeypatch.setenv("SETARIA_CASH_OPEN", "1")


def started(world: World, *, units: int = 2, by: int | None = None, price: int = 10_000) -> Payment:
    fan = by or world.member()
    order = world.placed((world.thing(price=price, stock=units), units), by=fan)
    payment = start(order.id, fan, "cash", world.now)
    assert isinstance(payment, Payment)
    return payment


def promised(world: World, **how: int) -> Payment:
    payment = started(world, **how)
    assert begin(payment).url == f"/payments/{payment.pk}/back"
    told(world)
    assert world.status(payment.order_id) == "paid"
    return payment


def told(world: World) -> None:
    world.later(MINUTE)
    ask_due(now=world.now, hear=hear, wanted=wanted)


def handed(world: World, payment: Payment, amount: int = 20_000) -> str:
    [answer] = hand_over([Brought(payment.order_id, amount, "SF-1")], by=BY, now=world.now)
    return answer.value


def back(world: World, payment: Payment, units: int) -> None:
    assert isinstance(take_back(Wish(new_id(), payment.order_id, {0: units}, "broken", BY), now=world.now), Taken)
    refund.send_due(now=world.now)


def books(world: World) -> dict[str, int]:
    record(now=world.now)
    return {name: amount for name, amount in standing().items() if name not in ("REVENUE", "TAX")}


def test_promised_sent_and_handed_over(world: World) -> None:
    payment = promised(world)
    assert books(world) == {"COURIERS": 20_000}
    assert [handed(world, payment) for _ in range(2)] == ["TAKEN", "TAKEN"]
    assert Remittance.objects.values_list("amount", "reference", "by").get() == (20_000, "SF-1", BY)
    assert books(world) == {"BANK": 20_000}


def test_refused_at_the_door_it_comes_back_and_nothing_is_owed(world: World) -> None:
    payment = promised(world)
    thing = Line.objects.get().variant_id
    for _ in range(2):
        answer = refuse(payment.order_id, reason="nobody opened", by=BY, now=world.now)
        assert isinstance(answer, Taken)
        assert answer.amount == 20_000
        refund.send_due(now=world.now)
    assert Account.objects.values_list("on_hand", "held").get(variant_id=thing) == (2, 0)
    assert Promise.objects.get().due == 0
    assert handed(world, payment) == "NOTHING_DUE"
    assert books(world) == {}
    assert not Case.objects.exists()


def test_what_is_taken_back_before_is_not_collected(world: World) -> None:
    payment = promised(world)
    back(world, payment, 1)
    assert Promise.objects.get().due == 10_000
    assert handed(world, payment, 10_000) == "TAKEN"
    assert books(world) == {"BANK": 10_000}
    assert refuse(payment.order_id, reason="late", by=BY, now=world.now) is Refusal.TOO_LATE


def test_another_amount_is_taken_and_somebody_is_told(world: World) -> None:
    payment = promised(world)
    assert handed(world, payment, 19_000) == "OTHER_AMOUNT"
    assert Case.objects.values_list("kind", "amount").get() == ("wrong", 19_000)
    assert books(world) == {"BANK": 19_000, "COURIERS": 1_000}


def test_what_was_paid_in_cash_goes_back_by_bank(world: World) -> None:
    payment = promised(world)
    handed(world, payment)
    back(world, payment, 2)
    due = Refund.objects.get()
    assert (due.sent_at, Case.objects.get().kind) == (None, "refused")
    note = {"note": "to the account she named", "by": BY, "now": world.now}
    assert paid_by_bank(due.pk, note="", by=BY, now=world.now).value == "UNSIGNED"
    assert [paid_by_bank(due.pk, **note).value for _ in range(2)] == ["NOTED", "UNKNOWN"]
    assert books(world) == {}
    assert Case.objects.get().resolved_by == BY


def test_a_refund_paid_by_bank_and_taken_by_its_provider_is_a_case(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment = promised(world)
    handed(world, payment)
    back(world, payment, 2)
    due = Refund.objects.get()

    def meanwhile(self: Cash, refund: Refund, payment: Payment | None) -> None:
        paid_by_bank(due.pk, note="paid", by=BY, now=world.now)

    monkeypatch.setattr(Cash, "refund", meanwhile)
    assert refund.send_due(now=world.now + 24 * HOUR) == 0
    assert Case.objects.get(kind="conflict").reference == f"{due.pk} twice"


def test_the_buyer_cancels_and_the_courier_collects_nothing(world: World) -> None:
    payment = promised(world)
    assert isinstance(cancel_paid(payment.order_id, payment.customer_id or 0, now=world.now), Taken)
    refund.send_due(now=world.now)
    assert Promise.objects.get().due == 0
    assert books(world) == {}


@pytest.mark.parametrize(("price", "takes"), [(25_000, True), (25_001, False)])
def test_so_much_an_order(world: World, price: int, takes: bool) -> None:
    payment = started(world, price=price)
    assert Cash().takes(payment.amount, "CNY") is takes
    assert not Cash().takes(1, "USD")
    if not takes:
        with pytest.raises(Refused):
            begin(payment)


def test_so_many_a_buyer_until_they_are_paid(world: World) -> None:
    fan = world.member()
    first = promised(world, by=fan)
    second = started(world, by=fan)
    with pytest.raises(Refused):
        begin(second)
    handed(world, first)
    assert begin(second).url
    third = started(world)
    assert begin(third).url  # another buyer's


def test_a_drops_order_is_not_held_by_a_promise(world: World) -> None:
    phone = world.thing(price=10_000, stock=1)
    fan = world.member()
    order = world.placed(phone, by=fan, drop=world.drop({phone: 1}))
    payment = start(order.id, fan, "cash", world.now)
    assert isinstance(payment, Payment)
    with pytest.raises(Refused):
        begin(payment)


def test_an_order_that_ended_before_anything_was_promised_stays_so(world: World) -> None:
    payment = started(world)
    world.now = Order.objects.get().pay_by
    world.expire()
    told(world)
    payment.refresh_from_db()
    assert payment.status == "failed"
    assert begin(payment).url  # a page that was slow
    assert Cash().ask(payment).state is State.FAILED
    assert handed(world, payment) == "NOTHING_DUE"


def test_a_promise_for_an_order_that_ended_meanwhile_is_waived(world: World) -> None:
    payment = started(world)
    begin(payment)
    thing = world.placed(world.thing(stock=1))
    world.now = Order.objects.get(pk=payment.order_id).pay_by
    world.cancel(thing)
    from setaria.trade.orders.release import Cancellation, cancel

    cancel([Cancellation(payment.order_id, payment.customer_id or 0)], now=world.now)
    told(world)
    refund.collect(now=world.now)
    refund.send_due(now=world.now)
    assert Promise.objects.get().due == 0
    assert books(world) == {}


def test_limits_are_amounts_of_currencies(monkeypatch: pytest.MonkeyPatch) -> None:
    assert limits().amounts == {"CNY": 50_000, "INR": 4_000_000}
    for nonsense in ("CNY", "CNY:x", "CNY:-1", "C:1", "JPY:1.5"):
        monkeypatch.setenv("SETARIA_CASH_MAX", nonsense)
        with pytest.raises(ValueError, match="SETARIA_CASH_MAX"):
            limits()
        assert [error.id for error in Cash().unsafe()] == [None]


# --- races ---


def test_two_orders_at_once_are_one_promise(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    fan = world.member()
    one, other = started(world, by=fan), started(world, by=fan)
    answers = together(lambda: begin(one), lambda: begin(other))
    assert sorted(type(answer).__name__ for answer in answers) == ["Refused", "Step"]
    assert Promise.objects.count() == 1


def test_twin_without_the_lock_both_are_promised(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from setaria.trade.payments.cash import provider

    fan = world.member()
    one, other = started(world, by=fan), started(world, by=fan)
    monkeypatch.setattr(provider, "_LOCK", "SELECT %s, %s")
    meet = MeetingPoint().after(monkeypatch, provider, "_open")
    together(lambda: begin(one), lambda: begin(other))
    assert meet.all_met
    assert Promise.objects.count() == 2


def both(world: World, payment: Payment) -> list[object]:
    now = world.now
    take_back(Wish(new_id(), payment.order_id, {0: 1}, "broken", BY), now=now)
    return together(lambda: refund.send_due(now=now), lambda: handed(world, payment))


def test_handed_over_while_it_is_taken_back_each_knows_of_the_other(world: World) -> None:
    payment = promised(world)
    _, said = both(world, payment)
    waived = Promise.objects.get().waived
    # First waived: too much came. First paid: it goes back by bank.
    assert (said, waived, Case.objects.get().kind) in (("OTHER_AMOUNT", 10_000, "wrong"), ("TAKEN", 0, "refused"))


def test_twin_without_the_lock_nobody_knows(broken_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    payment = promised(broken_world)
    from django.db.models import QuerySet

    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **_: self.all())
    from setaria.trade.payments.cash import hand_over as handing
    from setaria.trade.payments.cash import provider

    meet = MeetingPoint()
    meet.after(monkeypatch, handing, "_promised")
    meet.after(monkeypatch, provider, "_promised")
    _, said = both(broken_world, payment)
    assert meet.all_met
    assert (said, Promise.objects.get().waived, Case.objects.count()) == ("TAKEN", 10_000, 0)


def test_no_more_is_waived_than_was_promised(world: World, unguarded: Unguarded) -> None:
    payment = promised(world)
    with pytest.raises(IntegrityError):
        Promise.objects.filter(pk=payment.pk).update(waived=20_001)
    wrong = [Brought(UUID(int=1), 5, "x"), Brought(payment.order_id, 5, " "), Brought(payment.order_id, 0, "x")]
    assert hand_over(wrong, by=BY, now=world.now) == [Answer.NOTHING_DUE, Answer.UNSIGNED, Answer.UNSIGNED]
    assert hand_over([Brought(payment.order_id, None, "x")], by=" ", now=world.now) == [Answer.UNSIGNED]
