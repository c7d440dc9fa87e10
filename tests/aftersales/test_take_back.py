"""Part of a sale comes back: money, stock, books; never more than was paid, whoever asks at once."""

import pytest
from django.db import IntegrityError

from setaria.kernel.ids import new_id
from setaria.trade.aftersales import take_back as taking
from setaria.trade.aftersales.models import Return, ReturnedLine
from setaria.trade.aftersales.take_back import Refusal, Taken, Wish, cancel_paid, take_back
from setaria.trade.books.queries import trial_balance
from setaria.trade.books.record import record
from setaria.trade.orders.models import Order
from setaria.trade.orders.place import place
from setaria.trade.orders.requests import Charge, ChargeKind, Placed
from setaria.trade.payments import refund
from setaria.trade.payments.models import Refund
from setaria.trade.preorders import deposits, supply  # noqa: F401
from tests.guards import Unguarded
from tests.races.together import MeetingPoint, together
from tests.world import HOUR, MINUTE, World


def paid(world: World, quantity: int = 3, price: int = 10_000) -> Placed:
    order = world.placed((world.thing(price=price, stock=10), quantity), by=world.member())
    world.pay(order)
    return order


def wish(order: Placed, units: dict[int, int], **how: object) -> Wish:
    return Wish(new_id(), order.id, units, "broken glass", "staff@example.org", **how)  # type: ignore[arg-type]


def back(world: World, order: Placed, units: dict[int, int], **how: object) -> int | str:
    answer = take_back(wish(order, units, **how), now=world.now)
    return answer.amount if isinstance(answer, Taken) else answer.value


def standing() -> dict[str, int]:
    return {s.account.name: s.balance for s in trial_balance() if s.balance}


def test_by_line_and_quantity_until_nothing_is_left(world: World) -> None:
    order = paid(world)
    assert [back(world, order, {0: 1}), back(world, order, {0: 2}), back(world, order, {0: 1})] == [
        10_000,
        20_000,
        "TOO_MANY",
    ]
    assert sorted(Refund.objects.values_list("amount", flat=True)) == [10_000, 20_000]
    assert set(Refund.objects.values_list("reason", flat=True)) == {"broken glass"}
    assert refund.send_due(now=world.now) == 2
    assert world.status(order) == "paid"


@pytest.mark.parametrize(
    ("units", "said"), [({}, "NOTHING"), ({0: 0}, "NOTHING"), ({7: 1}, "NOTHING"), ({0: -1}, "NOTHING"), ({0: 4}, "TOO_MANY")]
)  # fmt: skip
def test_nonsense_changes_nothing(world: World, units: dict[int, int], said: str) -> None:
    assert back(world, paid(world), units) == said
    assert Return.objects.count() == Refund.objects.count() == 0


def test_only_what_was_paid_and_signed(world: World) -> None:
    order = world.placed(world.thing(stock=1))
    assert back(world, order, {0: 1}) == "NOT_PAID"
    world.pay(order)
    nameless = Wish(new_id(), order.id, {0: 1}, "  ")
    assert take_back(nameless, now=world.now) is Refusal.UNSIGNED
    assert take_back(Wish(new_id(), new_id(), {0: 1}, "x"), now=world.now) is Refusal.UNKNOWN_ORDER


def test_the_same_wish_again_is_the_same_return(world: World) -> None:
    order, other = paid(world), paid(world)
    asked = wish(order, {0: 1})
    assert take_back(asked, now=world.now) == take_back(asked, now=world.now)
    assert Return.objects.count() == 1
    assert take_back(Wish(asked.id, other.id, {0: 1}, "x"), now=world.now) is Refusal.ID_CONFLICT


def test_stock_is_for_sale_again_or_not_by_choice(world: World) -> None:
    thing = world.thing(price=100, stock=5)
    order = world.placed((thing, 3))
    world.pay(order)
    assert world.stock(thing) == (5, 3)
    back(world, order, {0: 1}, restock=False)
    assert world.stock(thing) == (5, 3)
    back(world, order, {0: 1})
    assert world.stock(thing) == (5, 2)
    back(world, order, {0: 1})
    assert world.stock(thing) == (5, 1)  # the one kept by its buyer stays theirs


def test_discounts_tax_and_shipping_come_back_by_their_shares(world: World) -> None:
    asked = world.ask((world.thing(price=1_000, stock=5), 3), world.thing(price=500, stock=5))
    charges = (
        Charge(ChargeKind.DISCOUNT, -100, "rebate:1", 0),
        Charge(ChargeKind.TAX_WITHIN, 334, "tax:1300", 0),
        Charge(ChargeKind.SHIPPING, 600, "shipping:standard"),
        Charge(ChargeKind.TAX_WITHIN, 69, "tax:1300"),
    )
    import msgspec

    (order,) = place([msgspec.structs.replace(asked, charges=charges)], now=world.now)
    assert isinstance(order, Placed)
    world.pay(order)
    assert [back(world, order, {0: 1}) for _ in range(2)] == [967, 967]  # 2,900 by three: 967, 967, 966
    assert back(world, order, {0: 1, 1: 1}, shipping=True) == 966 + 500 + 600
    assert back(world, order, {}, shipping=True) == "TOO_MANY"
    record(now=world.now)
    assert standing() == {"CLEARING": order.total, "RETURNING": -order.total}  # nothing was sold after all
    refund.send_due(now=world.now)
    record(now=world.now)
    assert standing() == {}


def test_the_books_reverse_revenue_and_tax(world: World) -> None:
    order = paid(world, quantity=3, price=9_999)
    record(now=world.now)
    whole = standing()
    for _ in range(3):
        world.later(MINUTE)
        back(world, order, {0: 1})
    record(now=world.now)
    assert standing() == {"CLEARING": whole["CLEARING"], "RETURNING": -whole["CLEARING"]}
    refund.send_due(now=world.now)
    record(now=world.now)
    assert standing() == {}


def test_the_buyer_cancels_soon_after_paying_and_not_later(world: World) -> None:
    order = paid(world)
    customer = Order.objects.get().customer_id
    assert cancel_paid(order.id, world.member(), now=world.now) is Refusal.UNKNOWN_ORDER
    answers = together(*[lambda: cancel_paid(order.id, customer, now=world.now)] * 2)
    assert [answer.amount for answer in answers] == [30_000, 30_000]
    assert Return.objects.count() == 1
    late = paid(world)
    world.later(HOUR)
    customer = Order.objects.get(pk=late.id).customer_id
    assert cancel_paid(late.id, customer, now=world.now) is Refusal.TOO_LATE


# --- races ---


def test_two_of_the_staff_at_once_take_back_what_is_there(world: World) -> None:
    order = paid(world, quantity=3)
    answers = together(*[lambda: back(world, order, {0: 2})] * 2)
    assert sorted(answers, key=str) == [20_000, "TOO_MANY"]
    assert sum(Refund.objects.values_list("amount", flat=True)) == 20_000


def without_lock(monkeypatch: pytest.MonkeyPatch) -> MeetingPoint:
    monkeypatch.setattr(taking, "_ORDER", taking._ORDER.replace("FOR NO KEY UPDATE OF o", ""))
    return MeetingPoint().before(monkeypatch, (taking, "_write"))


def test_twin_without_the_lock_the_database_refuses(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    order = paid(world, quantity=3)
    meet = without_lock(monkeypatch)
    answers = together(*[lambda: back(world, order, {0: 2})] * 2)
    assert meet.all_met
    assert sorted(answers, key=str) == [20_000, "TOO_MANY"]  # the second looked again
    assert ReturnedLine.objects.count() == 1


def test_twin_without_lock_and_triggers_more_goes_back_than_was_paid(
    broken_world: World, monkeypatch: pytest.MonkeyPatch, unguarded: Unguarded
) -> None:
    order = paid(broken_world, quantity=3)
    unguarded("returned_within_sold", "refunded_within_paid")
    meet = without_lock(monkeypatch)
    together(*[lambda: back(broken_world, order, {0: 2}, restock=False)] * 2)
    assert meet.all_met
    assert sum(Refund.objects.values_list("amount", flat=True)) == 40_000
    assert {"returns_are_within_sales", "refunds_are_owed"} <= broken_world.breaches().keys()


def test_the_database_refuses_a_refund_over_what_was_paid(broken_world: World) -> None:
    order = paid(broken_world)
    back(broken_world, order, {0: 1})
    payment = Refund.objects.get().payment_id
    for amount, payment_id in ((20_001, payment), (1, new_id())):
        with pytest.raises(IntegrityError):
            Refund.objects.create(
                id=new_id(), payment_id=payment_id, order_id=order.id, provider="sandbox", amount=amount, currency="CNY",
                reason="x", due_at=broken_world.now,
            )  # fmt: skip
