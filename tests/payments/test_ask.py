"""Nobody told us: the provider is asked, in time and not for ever, by one worker at a time."""

import pytest
from tests.preorders.conftest import Queue
from tests.races.together import together
from tests.world import HOUR, MINUTE, SECOND, World

from setaria.trade.payments.ask import ASKS_MAX, ask_due
from setaria.trade.payments.begin import hurry
from setaria.trade.payments.cases import Answer, open_cases, resolve
from setaria.trade.payments.models import Case, Payment
from setaria.trade.payments.sandbox.bank import Sandbox
from setaria.trade.payments.sandbox.models import Charge
from setaria.trade.payments.start import start
from setaria.trade.preorders import deposits
from setaria.trade.preorders.models import Place
from setaria.trade.preorders.money import hear, wanted


def started(world: World) -> Payment:
    member = world.member()
    order = world.placed(world.thing(price=100, stock=5), by=member)
    payment = start(order.id, member, "sandbox", world.now)
    assert isinstance(payment, Payment)
    return payment


def take(payment: Payment, *, succeeded: bool = True) -> None:
    """The bank takes the money and tells nobody."""
    Charge.objects.create(
        payment_id=payment.pk, order_id=payment.order_id, amount=payment.amount, currency="CNY", succeeded=succeeded,
        at=payment.started_at,
    )  # fmt: skip


def ask(world: World) -> int:
    return ask_due(now=world.now, hear=hear, wanted=wanted)


def test_a_lost_notification_costs_half_a_minute(world: World) -> None:
    paid, failed = started(world), started(world)
    take(paid)
    take(failed, succeeded=False)
    world.later(29 * SECOND)
    assert ask(world) == 0
    world.later(SECOND)
    assert ask(world) == 2
    assert [world.status(each.order_id) for each in (paid, failed)] == ["paid", "placed"]
    assert set(Payment.objects.values_list("status", flat=True)) == {"succeeded", "failed"}


def test_the_pauses_double(world: World) -> None:
    payment = started(world)
    Payment.objects.update(started_at=world.now)
    world.later(30 * SECOND)
    pauses = []
    for _ in range(4):
        ask(world)
        payment.refresh_from_db()
        pauses.append((payment.ask_at - world.now).total_seconds())
        world.now = payment.ask_at
    assert pauses == [30, 60, 120, 240]


def test_who_is_back_does_not_wait(world: World) -> None:
    payment = started(world)
    take(payment)
    hurry(payment, now=world.now)
    assert (ask(world), world.status(payment.order_id)) == (1, "paid")


def test_two_workers_ask_once(world: World) -> None:
    for _ in range(6):
        take(started(world))
    world.later(MINUTE)
    assert sum(together(*[lambda: ask(world)] * 3)) == 6


def test_a_worker_that_dies_after_taking_loses_nothing(world: World) -> None:
    payment = started(world)
    take(payment)
    world.later(30 * SECOND)

    class Killed(Exception):
        pass

    def dies(news: object, *, now: object) -> None:
        raise Killed

    with pytest.raises(Killed):
        ask_due(now=world.now, hear=dies, wanted=wanted)
    assert ask(world) == 0
    world.later(30 * SECOND)
    assert (ask(world), world.status(payment.order_id)) == (1, "paid")


def test_what_is_gone_is_closed_so_that_nobody_pays_for_it(world: World) -> None:
    payment = started(world)
    world.later(HOUR)
    world.expire()
    ask(world)
    payment.refresh_from_db()
    assert (payment.status, Charge.objects.get().succeeded) == ("failed", False)
    assert Sandbox().ask(payment).state == "failed"


def test_asked_for_days_it_is_a_case(world: World) -> None:
    payment = started(world)
    Payment.objects.update(provider="gone", asked=ASKS_MAX - 1)  # uninstalled meanwhile
    world.later(MINUTE)
    assert (ask(world), ask(world)) == (1, 0)
    case = Case.objects.get()
    assert (case.kind, case.payment_id, case.order_id) == ("stuck", payment.pk, payment.order_id)
    payment.refresh_from_db()
    assert payment.ask_at is None


def test_a_deposit_is_asked_about_too(world: World) -> None:
    queue = Queue(world, deposit_amount=10_000)
    (came,) = queue.come(1)
    place = Place.objects.get(pk=came.id)
    payment = deposits.start(place.pk, place.customer_id, "sandbox", world.now)
    assert isinstance(payment, Payment)
    take(payment)
    world.later(30 * SECOND)
    assert ask(world) == 1
    place.refresh_from_db()
    assert place.state == 2


# --- cases ---


def test_a_case_is_resolved_once_and_signed(world: World) -> None:
    payment = started(world)
    Payment.objects.update(asked=ASKS_MAX - 1, provider="gone")
    world.later(MINUTE)
    ask(world)
    case = Case.objects.get()
    assert resolve(case.pk, note=" ", by="a@b.c", now=world.now) is Answer.UNSIGNED
    assert resolve(case.pk, note="Called them.", by="", now=world.now) is Answer.UNSIGNED
    answers = together(*[lambda: resolve(case.pk, note="Called them.", by="a@b.c", now=world.now)] * 2)
    assert sorted(answers) == ["RESOLVED", "UNKNOWN_CASE"]
    from setaria.trade.payments.ask import _stuck

    assert open_cases([_stuck(payment)], now=world.now) == 1  # of another provider by name: sandbox
