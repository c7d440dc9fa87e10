"""Money that came from cards goes back to them: by the named rule, in parts, never more than each had paid."""

import pytest
from django.db import IntegrityError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from setaria.kernel.ids import new_id
from setaria.trade.aftersales import take_back as taking
from setaria.trade.aftersales.rules import Turn
from setaria.trade.aftersales.take_back import Taken, Wish, cancel_paid, take_back
from setaria.trade.books.record import record
from setaria.trade.giftcards.means import GiftCards
from setaria.trade.giftcards.models import Card, Movement
from setaria.trade.giftcards.spend import Spent, spend
from setaria.trade.orders.requests import Placed
from setaria.trade.payments import refund
from setaria.trade.payments.models import Refund
from setaria.trade.payments.start import credited
from setaria.trade.quotes.models import MarketRules
from tests.books.test_books import standing
from tests.giftcards.test_spend import carded, left
from tests.guards import Unguarded
from tests.races.together import MeetingPoint, together
from tests.world import SECOND, World


def paid(world: World, *cards: int, units: int = 4, price: int = 25) -> tuple[Placed, int, list[Card]]:
    """An order that cards and, if they do not cover it, a payment have paid."""
    fan = world.member()
    order = world.placed((world.thing(price=price, stock=units), units), by=fan)
    made = [carded(world, amount) for amount in cards]
    for card in made:
        spend(card, order.id, fan, now=world.now)
    if world.status(order) == "placed":
        assert world.settle(world.money(order, amount=order.total - credited(order.id))) == ["PAID"]
    return order, fan, made


def back(world: World, order: Placed, units: int) -> list[tuple[str, int]]:
    """Take units back and send the money; return where it went."""
    world.later(SECOND)
    taken = take_back(Wish(new_id(), order.id, {0: units}, "broken", "ada@example.org"), now=world.now)
    assert isinstance(taken, Taken), taken
    rows = Refund.objects.filter(return_id=taken.id).values_list("provider", "amount")
    refund.send_due(now=world.now)
    return sorted(rows)


def test_cards_are_filled_up_last_unless_the_market_says_first(world: World) -> None:
    order, _, (card,) = paid(world, 60)
    assert back(world, order, 1) == [("sandbox", 25)]
    assert back(world, order, 1) == [("giftcard", 10), ("sandbox", 15)]
    assert back(world, order, 2) == [("giftcard", 50)]
    assert left(card) == 60
    MarketRules.objects.create(market=world.cn, refunds=Turn.CARDS_FIRST)
    order, _, (card,) = paid(world, 60)
    assert back(world, order, 3) == [("giftcard", 60), ("sandbox", 15)]
    assert back(world, order, 1) == [("sandbox", 25)]
    assert left(card) == 60


def test_two_cards_that_paid_all_get_back_what_each_paid(world: World) -> None:
    order, _, cards = paid(world, 30, 500)
    assert [left(card) for card in cards] == [0, 430]
    for _ in range(4):
        back(world, order, 1)
    assert [left(card) for card in cards] == [30, 500]
    record(now=world.now)
    assert standing() == {"GOODWILL": 530, "GIFT_CARDS": -530}


def test_a_buyer_who_cancels_has_the_card_as_it_was(world: World) -> None:
    order, fan, (card,) = paid(world, 60)
    for _ in range(2):
        assert isinstance(cancel_paid(order.id, fan, now=world.now), Taken)
        refund.send_due(now=world.now)
    assert left(card) == 60
    assert sorted(Refund.objects.values_list("provider", "amount")) == [("giftcard", 60), ("sandbox", 40)]
    record(now=world.now)
    assert standing() == {"GOODWILL": 60, "GIFT_CARDS": -60}


def test_a_refund_that_is_sent_again_fills_a_card_once(world: World) -> None:
    order, _, (card,) = paid(world, 100)
    take_back(Wish(new_id(), order.id, {0: 1}, "broken", "ada@example.org"), now=world.now)
    due = Refund.objects.get()
    for _ in range(3):  # killed before it was noted, and sent again
        GiftCards().refund(due, None)
    refund.send_due(now=world.now)
    assert left(card) == 25
    assert Movement.objects.filter(kind=3).count() == 1


def test_two_processes_that_send_at_once_fill_a_card_once(world: World) -> None:
    order, _, (card,) = paid(world, 100)
    take_back(Wish(new_id(), order.id, {0: 3}, "broken", "ada@example.org"), now=world.now)
    now = world.now
    together(*[lambda: refund.send_due(now=now)] * 3)
    assert left(card) == 75
    assert Movement.objects.filter(kind=3).count() == 1


@given(
    cards=st.lists(st.integers(1, 400), max_size=3), units=st.integers(1, 6), price=st.integers(1, 150),
    cuts=st.lists(st.integers(1, 3), max_size=5), turn=st.sampled_from(Turn),
)  # fmt: skip
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_however_it_was_paid_and_comes_back_each_means_has_its_own(
    world: World, cards: list[int], units: int, price: int, cuts: list[int], turn: Turn
) -> None:
    MarketRules.objects.update_or_create(market=world.cn, defaults={"refunds": turn})
    order, _, made = paid(world, *cards, units=units, price=price)
    rest, gone = units, 0
    for cut in [*cuts, units]:
        if cut := min(cut, rest):
            gone += sum(amount for _, amount in back(world, order, cut))
            rest -= cut
            assert all(left(card) <= amount for card, amount in zip(made, cards, strict=True))
    assert gone == order.total
    assert [left(card) for card in made] == cards


# --- races ---


def twice(world: World, order: Placed) -> list[object]:
    now = world.now
    wishes = [Wish(new_id(), order.id, {0: 3}, "broken", "ada@example.org", restock=False) for _ in range(2)]
    return together(*[lambda wish=wish: take_back(wish, now=now) for wish in wishes])


def test_two_of_the_staff_at_once_send_a_card_no_more_than_it_paid(world: World) -> None:
    order, _, (card,) = paid(world, 100)
    assert sum(isinstance(answer, Taken) for answer in twice(world, order)) == 1
    refund.send_due(now=world.now)
    assert left(card) == 75


def test_twin_without_lock_and_triggers_a_card_gets_more_than_it_paid(
    broken_world: World, monkeypatch: pytest.MonkeyPatch, unguarded: Unguarded
) -> None:
    order, _, (card,) = paid(broken_world, 100)
    monkeypatch.setattr(taking, "_ORDER", taking._ORDER.replace("FOR NO KEY UPDATE OF o", ""))
    meet = MeetingPoint().before(monkeypatch, (taking, "_write"))
    unguarded("returned_within_sold", "refunded_within_paid")
    assert [type(answer) for answer in twice(broken_world, order)] == [Taken, Taken]
    assert meet.all_met
    refund.send_due(now=broken_world.now)
    assert left(card) == 150
    assert {"cards_get_back_what_is_sent_to_them", "refunds_are_owed"} <= broken_world.breaches().keys()


def test_the_database_refuses_a_refund_over_what_a_card_paid(world: World) -> None:
    order, _, (_card,) = paid(world, 60)
    spent = Movement.objects.get(kind=2)
    with pytest.raises(IntegrityError):
        Refund.objects.create(
            id=new_id(), payment_id=spent.id, order_id=order.id, provider="giftcard", amount=61, currency="CNY",
            reason="x", due_at=world.now,
        )  # fmt: skip


def test_a_card_spent_again_meanwhile_keeps_both(world: World) -> None:
    order, _, (card,) = paid(world, 100)
    back(world, order, 2)
    other, fan, _ = paid(world)
    next_order = world.placed(world.thing(price=50, stock=1), by=fan)
    assert isinstance(spend(card, next_order.id, fan, now=world.now), Spent)
    back(world, order, 2)
    assert (left(card), other.total) == (50, 100)
