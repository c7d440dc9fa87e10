"""Gift cards pay once, with others or alone, and what comes to nothing is on the card again."""

import pytest

from setaria.kernel.ids import new_id
from setaria.trade.books.record import record
from setaria.trade.giftcards import spend as spending
from setaria.trade.giftcards.issue import card_of, credits_of, issue
from setaria.trade.giftcards.models import Card, Movement
from setaria.trade.giftcards.spend import STALE, Refusal, Spent, heal, spend
from setaria.trade.orders.credit import GIFT_CARD, Advance, credit, revoke
from setaria.trade.orders.models import Credit, Order, Settlement
from setaria.trade.orders.requests import Placed
from setaria.trade.payments import refund
from setaria.trade.payments.models import Payment
from setaria.trade.payments.start import Refusal as NotStarted
from setaria.trade.payments.start import credited, start
from tests.books.test_books import standing, story
from tests.world import SECOND, World


def carded(world: World, amount: int = 30, **how: object) -> Card:
    return issue(world.cn, amount, why="thanks", by="ada", now=world.now, **how)[0]  # type: ignore[arg-type]


def ordered(world: World) -> tuple[Placed, int]:
    fan = world.member()
    return world.placed(world.thing(price=100, stock=1), by=fan), fan


def left(card: Card) -> int:
    card.refresh_from_db()
    return card.balance


def rest(world: World, order: Placed) -> object:
    return world.settle(world.money(order, amount=order.total - credited(order.id)))[0]


def test_two_cards_and_a_payment_make_one_order_paid(world: World) -> None:
    one, other = carded(world), carded(world, 20, sold=True)
    order, fan = ordered(world)
    assert isinstance(spend(one, order.id, fan, now=world.now), Spent)
    assert isinstance(spend(other, order.id, fan, now=world.now), Spent)
    assert (credited(order.id), left(one), left(other), world.status(order)) == (50, 0, 0, "placed")
    assert world.settle(world.money(order)) == ["REFUND"]  # all of it is too much by now
    assert rest(world, order) == "PAID"
    record(now=world.now)
    assert standing()["BANK"] == 20
    assert standing()["GOODWILL"] == 30
    assert "GIFT_CARDS" not in standing()
    assert "CUSTOMERS" not in standing()


def test_a_card_that_covers_all_pays_alone(world: World) -> None:
    card = carded(world, 150)
    order, fan = ordered(world)
    spend(card, order.id, fan, now=world.now)
    assert (world.status(order), left(card)) == ("paid", 50)
    assert Settlement.objects.values_list("provider", "amount").get() == (GIFT_CARD, 100)
    record(now=world.now)
    assert standing()["GIFT_CARDS"] == -50
    assert "CLEARING" not in standing()
    assert [name for name, _ in story(order.id)] == ["PAYMENT", "SALE"]
    assert spend(card, order.id, fan, now=world.now) == Refusal.NOT_PAYABLE


def test_a_card_that_covers_the_rest_makes_it_paid(world: World) -> None:
    order, fan = ordered(world)
    for amount in (30, 70):
        spend(carded(world, amount), order.id, fan, now=world.now)
    assert world.status(order) == "paid"
    assert (Credit.objects.get().amount, Settlement.objects.get().amount) == (30, 70)


def test_what_cannot_be_paid_takes_nothing(world: World) -> None:
    card, empty = carded(world), carded(world)
    order, fan = ordered(world)
    other, _ = ordered(world)
    Card.objects.filter(pk=empty.pk).update(balance=0)
    Movement.objects.create(id=new_id(), kind=2, card=empty, amount=-30, order_id=order.id, at=world.now)
    Movement.objects.filter(card=empty, kind=2).update(at=world.now)
    assert spend(empty, order.id, fan, now=world.now) == Refusal.EMPTY
    assert spend(card, other.id, fan, now=world.now) == Refusal.UNKNOWN_ORDER
    assert spend(card, order.id, fan, now=order.pay_by) == Refusal.NOT_PAYABLE
    foreign = issue(world.us, 30, why="x", by="ada", now=world.now)[0]
    assert spend(foreign, order.id, fan, now=world.now) == Refusal.OTHER_MARKET
    start(order.id, fan, "sandbox", world.now)
    assert spend(card, order.id, fan, now=world.now) == Refusal.PAYING
    assert left(card) == left(foreign) == 30
    spending.give_back(Movement.objects.filter(card=empty, kind=2).values_list("id", flat=True), now=world.now)
    assert left(empty) == 30


@pytest.mark.parametrize("amount", [0, -1, 10**10])
def test_a_card_has_an_amount(world: World, amount: int) -> None:
    with pytest.raises(ValueError, match="amount"):
        issue(world.cn, amount, why="x", by="ada", now=world.now)


def test_a_code_is_found_however_it_is_typed_and_is_not_kept(world: World) -> None:
    card, code = issue(world.cn, 30, why="x", by="ada", now=world.now)
    assert card_of(f" {code.lower()} ") == card == card_of(code.replace("-", " "))
    assert card_of(code[:-1]) is None
    assert card_of("") is None
    assert code.replace("-", "") not in str(Card.objects.values().get())


def test_store_credit_is_a_members_own(world: World) -> None:
    fan = world.member()
    card = carded(world, member_id=fan)
    assert (credits_of(fan), credits_of(world.member()), card.lookup) == ([card], [], None)


# --- what comes to nothing ---


def test_a_cancelled_orders_card_is_filled_again_once(world: World) -> None:
    card = carded(world)
    order, fan = ordered(world)
    spend(card, order.id, fan, now=world.now)
    world.cancel(order, by=fan)
    assert (heal(now=world.now), left(card)) == (1, 30)
    assert (heal(now=world.now), left(card)) == (0, 30)
    record(now=world.now)
    assert standing() == {"GOODWILL": 30, "GIFT_CARDS": -30}


def test_an_expired_order_without_its_card_is_paid_in_full_or_not_at_all(world: World) -> None:
    card = carded(world)
    order, fan = ordered(world)
    spend(card, order.id, fan, now=world.now)
    world.now = order.pay_by
    world.expire()
    heal(now=world.now)
    assert left(card) == 30
    assert world.settle(world.money(order, amount=70)) == ["REFUND"]
    assert world.pay(order) == "PAID"


def test_a_crash_between_taking_and_counting_is_mended(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    card, all_of_it = carded(world), carded(world, 100)
    order, fan = ordered(world)
    whole, other_fan = ordered(world)
    with monkeypatch.context() as crash:
        crash.setattr(spending, "apply", lambda *_, **__: None)
        spend(card, order.id, fan, now=world.now)
        spend(all_of_it, whole.id, other_fan, now=world.now)
    assert not Credit.objects.exists()
    assert heal(now=world.now + STALE) == 0
    assert heal(now=world.now + STALE + SECOND) == 2
    assert (credited(order.id), world.status(whole)) == (30, "paid")
    assert heal(now=world.now + STALE + SECOND) == 0


def test_a_payment_asks_for_what_a_card_taken_in_this_moment_leaves(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    order, fan = ordered(world)
    whole, other_fan = ordered(world)
    with monkeypatch.context() as crash:
        crash.setattr(spending, "apply", lambda *_, **__: None)
        spend(carded(world), order.id, fan, now=world.now)
        spend(carded(world, 100), whole.id, other_fan, now=world.now)
    asked = start(order.id, fan, "sandbox", world.now)
    assert isinstance(asked, Payment)
    assert asked.amount == 70
    assert start(whole.id, other_fan, "sandbox", world.now) is NotStarted.NOT_PAYABLE
    heal(now=world.now + STALE + SECOND)
    assert world.settle(world.money(order, amount=70, payment=asked.pk)) == ["PAID"]


def test_a_card_taken_for_an_order_that_died_meanwhile_comes_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    card, all_of_it = carded(world), carded(world, 100)
    order, fan = ordered(world)
    whole, other_fan = ordered(world)
    with monkeypatch.context() as crash:
        crash.setattr(spending, "apply", lambda *_, **__: None)
        spend(card, order.id, fan, now=world.now)
        spend(all_of_it, whole.id, other_fan, now=world.now)
    world.cancel(order, by=fan)
    world.cancel(whole, by=other_fan)
    world.later(STALE + SECOND)
    heal(now=world.now)
    assert left(card) == 30  # was no credit any more
    refund.collect(now=world.now)
    refund.send_due(now=world.now)
    assert left(all_of_it) == 100  # was a payment of a cancelled order, and goes back as one
    record(now=world.now)
    assert standing() == {"GOODWILL": 130, "GIFT_CARDS": -130}


# --- credits, several an order ---


def test_credits_never_make_up_all_of_an_order(world: World) -> None:
    order, _ = ordered(world)
    card = carded(world, 1_000)
    ids = [new_id() for _ in range(4)]
    for n, amount in zip(ids, (60, 40, 39, 1), strict=True):
        Movement.objects.create(id=n, kind=2, card=card, amount=-amount, order_id=order.id, at=world.now)
    Card.objects.update(balance=860)
    advances = [Advance(order.id, n, amount, "CNY", GIFT_CARD) for n, amount in zip(ids, (60, 40, 39, 1), strict=True)]
    assert credit(advances[:2], now=world.now) == [True, False]
    assert credit([advances[2], advances[3], advances[0]], now=world.now) == [True, False, True]
    assert world.settle(world.money(order, amount=1)) == ["PAID"]
    assert revoke([order.id], now=world.now) == set()
    assert Order.objects.get().status == 2
    spending.give_back([ids[1], ids[3]], now=world.now)
