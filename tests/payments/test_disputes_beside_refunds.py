"""Disputes beside refunds: a lost one has paid back what it reaches, in part too; what happens at once is one or a case."""

import threading
from pathlib import Path

import pytest
from django.db.models import QuerySet
from tests.payments.test_disputes import BY, back, books, paid, tell
from tests.races.together import MeetingPoint, together
from tests.reconciliation.test_files import differences, write
from tests.world import HOUR, World

from setaria.trade.payments import disputes, refund
from setaria.trade.payments.disputes import Answer, end, hear
from setaria.trade.payments.models import Case, Dispute, Payment, Refund
from setaria.trade.payments.sandbox.bank import Sandbox
from setaria.trade.payments.sandbox.models import Charge, Reversal
from setaria.trade.payments.words import Quarrel, Refused, Stand
from setaria.trade.reconciliation.formats import DISPUTE, DISPUTE_BACK, read
from setaria.trade.reconciliation.take_in import take_in


def parts() -> list[tuple[int, str]]:
    return list(Refund.objects.order_by("due_at", "sent_at").values_list("amount", "sent_by"))


def test_a_lost_one_sends_part_of_a_refund_and_the_provider_the_rest(world: World) -> None:
    payment = paid(world)
    tell(world, payment, Stand.HELD, amount=30)
    back(world, payment, 1)
    back(world, payment, 1)
    tell(world, payment, Stand.LOST, amount=30)
    assert parts() == [(25, "dispute"), (5, "dispute"), (20, "")]
    assert len(set(Refund.objects.values_list("return_id", flat=True))) == 2
    tell(world, payment, Stand.LOST, amount=30)  # told again: it gave no more
    world.later(HOUR)
    assert refund.send_due(now=world.now) == 1
    assert Reversal.objects.values_list("amount", flat=True).get() == 20
    assert books(world) == {"CLEARING": 50}  # 100 in, 30 taken by the bank, 20 sent; all 50 were to go back
    assert not Case.objects.exists()


def test_what_is_taken_back_after_it_was_lost_is_not_sent_again(world: World) -> None:
    payment = paid(world)
    tell(world, payment, Stand.LOST, amount=40)
    world.later(HOUR)
    back(world, payment, 2)
    assert refund.send_due(now=world.now) == 1
    assert parts() == [(40, "dispute"), (10, "")]
    assert not Case.objects.exists()


def test_two_disputes_of_a_payment_cover_each_its_part(world: World) -> None:
    payment = paid(world)
    back(world, payment, 2)
    for name in ("dp_1", "dp_2"):
        hear("sandbox", [Quarrel(name, payment.reference, 20, "CNY", Stand.LOST)], now=world.now)
    assert parts() == [(20, "dispute"), (20, "dispute"), (10, "")]


def test_a_refund_whose_part_is_covered_while_it_is_sent_is_a_case(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment = paid(world)
    back(world, payment, 1)
    send = Sandbox.refund

    def slow(self: Sandbox, due: Refund, about: Payment | None) -> None:
        send(self, due, about)
        tell(world, payment, Stand.LOST, amount=5)

    monkeypatch.setattr(Sandbox, "refund", slow)
    assert refund.send_due(now=world.now) == 0
    assert Case.objects.filter(kind="conflict").count() == 1
    assert refund.send_due(now=world.now + HOUR) == 0  # the provider took all of it: nothing is left to send
    assert Reversal.objects.values_list("amount", flat=True).get() == 25


# --- at once ---


def disputed_while_sent(world: World, payment: Payment, monkeypatch: pytest.MonkeyPatch) -> None:
    """The dispute is told after the provider took the refund, and before that is noted."""
    now, send = world.now, Sandbox.refund
    quarrel = Quarrel("dp_1", payment.reference, 100, "CNY", Stand.HELD)
    taken, told = threading.Event(), threading.Event()

    def slow(self: Sandbox, due: Refund, about: Payment | None) -> None:
        send(self, due, about)
        taken.set()
        assert told.wait(20)

    def dispute() -> None:
        assert taken.wait(20)
        hear("sandbox", [quarrel], now=now)
        told.set()

    monkeypatch.setattr(Sandbox, "refund", slow)
    assert together(lambda: refund.send_due(now=now), dispute) == [1, None]


def test_disputed_while_it_is_sent_somebody_is_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    payment = paid(world)
    back(world, payment, 1)
    disputed_while_sent(world, payment, monkeypatch)
    assert Case.objects.get().reference == "dp_1 after refund"


def test_twin_who_sends_does_not_look_and_nobody_is_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    payment = paid(world)
    back(world, payment, 1)
    monkeypatch.setattr(refund, "tell_if_disputed", lambda sent, *, now: None)
    disputed_while_sent(world, payment, monkeypatch)
    assert Refund.objects.get().sent_at is not None
    assert not Case.objects.exists()


def ended_twice(world: World) -> list[object]:
    dispute, now = Dispute.objects.get(), world.now
    lost = Quarrel("dp_1", Payment.objects.get().reference, 100, "CNY", Stand.LOST)
    how = {"won": True, "fee": 0, "note": "the bank said so", "by": BY, "now": now}
    return together(lambda: end(dispute.pk, **how), lambda: hear("sandbox", [lost], now=now))  # type: ignore[arg-type]


def test_won_and_lost_at_once_have_one_end_and_the_books_agree(world: World) -> None:
    payment = paid(world)
    tell(world, payment, Stand.HELD)
    said, _ = ended_twice(world)
    assert (said, Dispute.objects.get().outcome) in ((Answer.ENDED, "won"), (Answer.UNKNOWN, "lost"))
    assert books(world) == ({"CLEARING": 100} if said is Answer.ENDED else {"LOST": 100})


def test_twin_without_the_lock_what_was_lost_is_called_won(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    payment = paid(world)
    tell(world, payment, Stand.HELD)
    monkeypatch.setattr(disputes, "_open", lambda id: Dispute.objects.filter(pk=id, ended_at=None).first())
    read_both = MeetingPoint(seconds=10).after(monkeypatch, disputes, "_open").after(monkeypatch, disputes, "cover")
    said, _ = ended_twice(world)
    assert read_both.all_met
    assert (said, Dispute.objects.get().outcome) == (Answer.ENDED, "won")  # over a loss that was told before


def covered_twice(world: World, payment: Payment) -> None:
    now = world.now
    together(*[lambda: disputes.cover(payment.pk, now=now)] * 2)


def a_loss_and_refunds(world: World) -> Payment:
    payment = paid(world)
    tell(world, payment, Stand.LOST, amount=30)
    back(world, payment, 1)
    back(world, payment, 1)
    return payment


def test_covered_twice_at_once_it_covers_once(world: World) -> None:
    covered_twice(world, a_loss_and_refunds(world))
    assert parts() == [(25, "dispute"), (5, "dispute"), (20, "")]


def test_twin_without_the_lock_both_split_the_same_refund(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    payment = a_loss_and_refunds(world)
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **_: self.all())
    meet = MeetingPoint(seconds=10).after(monkeypatch, disputes, "_waiting")
    now = world.now
    answers = together(*[lambda: disputes.cover(payment.pk, now=now)] * 2)
    assert meet.all_met
    assert "IntegrityError" in [type(each).__name__ for each in answers]


# --- files ---

HEADING = "balance_transaction_id,created_utc,currency,gross,fee,reporting_category,source_id,payment_metadata[payment]"


def test_stripes_lines_about_a_dispute_name_it() -> None:
    lines = [HEADING, "txn_1,2031-11-11 00:00:00,eur,-10.00,15.00,dispute,dp_1,",
             "txn_2,2031-11-12 00:00:00,eur,10.00,0.00,dispute_reversal,dp_1,"]  # fmt: skip
    id = disputes.dispute_id("stripe", "dp_1")
    assert [row[:5] for row in read("stripe", lines)] == [
        (DISPUTE, "txn_1", id, -1_000, 1_500), (DISPUTE_BACK, "txn_2", id, 1_000, 0)
    ]  # fmt: skip


def test_what_was_held_back_and_came_again_is_no_difference(world: World, tmp_path: Path) -> None:
    payment = paid(world)
    tell(world, payment, Stand.HELD)
    at = world.now.isoformat()
    came, held = f"a,payment,{payment.pk},1.00,0,CNY,{at}", f"b,dispute,dp_1,-1.00,0.15,CNY,{at}"
    assert take_in(write(tmp_path, came, name="1.csv"), "sandbox", by=BY, now=world.now).open == 1
    assert differences() == [("ours", 5, None, -100)]
    assert take_in(write(tmp_path, held, name="2.csv"), "sandbox", by=BY, now=world.now).open == 0
    tell(world, payment, Stand.WON)
    again = f"c,dispute_reversal,dp_1,0.90,0,CNY,{at}"
    assert take_in(write(tmp_path, again, name="3.csv"), "sandbox", by=BY, now=world.now).open == 1
    assert differences() == [("amount", 6, 90, 100)]
    assert books(world) == {"CLEARING": 85, "FEES": 15}


def test_what_the_provider_did_not_send_is_not_looked_for_in_its_file(world: World, tmp_path: Path) -> None:
    payment = paid(world)
    tell(world, payment, Stand.HELD, amount=25)
    back(world, payment, 1)
    tell(world, payment, Stand.LOST, amount=25)
    at = world.now.isoformat()
    rows = [f"a,payment,{payment.pk},1.00,0,CNY,{at}", f"b,dispute,dp_1,-0.25,0,CNY,{at}"]
    assert take_in(write(tmp_path, *rows), "sandbox", by=BY, now=world.now).open == 0


# --- the bank ---


def test_the_bank_sends_each_part_once_and_never_more_than_it_took(world: World) -> None:
    payment = paid(world)
    Charge.objects.create(
        payment_id=payment.pk, order_id=payment.order_id, amount=100, currency="CNY", succeeded=True, at=world.now
    )
    back(world, payment, 1)
    back(world, payment, 2)
    assert refund.send_due(now=world.now) == 2
    for each in Refund.objects.all():
        Sandbox().refund(each, payment)  # asked again
    assert sorted(Reversal.objects.values_list("amount", flat=True)) == [25, 50]
    much = Refund(id=payment.pk, payment_id=payment.pk, order_id=payment.order_id, amount=26, currency="CNY")
    with pytest.raises(Refused):
        Sandbox().refund(much, payment)
