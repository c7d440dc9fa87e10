"""Two cards on one order, one card on two, and the sweep beside them: each amount counts once."""

import pytest
from django.db import IntegrityError

from setaria.trade.giftcards import spend as spending
from setaria.trade.giftcards.models import Card, Movement
from setaria.trade.giftcards.spend import STALE, Spent, heal, spend
from setaria.trade.orders.release import Cancellation, cancel
from setaria.trade.payments.start import credited
from tests.giftcards.test_spend import carded, left, ordered
from tests.guards import Unguarded
from tests.races.together import MeetingPoint, together
from tests.world import SECOND, World

ROW_LOCK = "FOR NO KEY UPDATE"


@pytest.fixture
def meet(monkeypatch: pytest.MonkeyPatch) -> MeetingPoint:
    """Where each has read the order and the card, and has yet to take anything."""
    return MeetingPoint().before(monkeypatch, (spending, "new_id"))


@pytest.fixture
def without_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_ORDER", "_CARD"):
        assert ROW_LOCK in getattr(spending, name)
        monkeypatch.setattr(spending, name, getattr(spending, name).replace(ROW_LOCK, ""))


def test_a_card_typed_twice_at_once_pays_once(world: World, meet: MeetingPoint) -> None:
    card = carded(world)
    order, fan = ordered(world)
    now = world.now
    answers = together(*[lambda: spend(card, order.id, fan, now=now)] * 2)
    assert (meet.all_met, sum(isinstance(a, Spent) for a in answers), left(card)) == (False, 1, 0)
    assert credited(order.id) == 30


def test_one_card_on_two_orders_at_once_is_spent_once(world: World) -> None:
    card = carded(world)
    (one, fan), (other, friend) = ordered(world), ordered(world)
    now = world.now
    together(lambda: spend(card, one.id, fan, now=now), lambda: spend(card, other.id, friend, now=now))
    assert (left(card), credited(one.id) + credited(other.id)) == (0, 30)


def test_twin_without_the_locks_the_constraint_still_refuses(
    world: World, without_locks: None, meet: MeetingPoint
) -> None:
    card = carded(world)
    order, fan = ordered(world)
    now = world.now
    answers = together(*[lambda: spend(card, order.id, fan, now=now)] * 2)
    assert meet.all_met
    assert [type(a) for a in answers if not isinstance(a, Spent)] == [IntegrityError]


def test_twin_without_locks_and_constraint_it_is_spent_twice(
    broken_world: World, without_locks: None, meet: MeetingPoint, unguarded: Unguarded
) -> None:
    unguarded("card_never_overspent")
    card = carded(broken_world)
    order, fan = ordered(broken_world)
    now = broken_world.now
    answers = together(*[lambda: spend(card, order.id, fan, now=now)] * 2)
    assert [type(a) for a in answers] == [Spent, Spent]
    assert left(card) == -30
    assert "cards_are_their_movements" in broken_world.breaches()


def test_two_cards_that_each_cover_all_never_both_pay(world: World, meet: MeetingPoint) -> None:
    cards = [carded(world, 100), carded(world, 100)]
    order, fan = ordered(world)
    now = world.now
    together(*[lambda card=card: spend(card, order.id, fan, now=now) for card in cards])
    assert world.status(order) == "paid"
    assert sum(map(left, cards)) == 100


def test_the_sweep_beside_a_slow_spending_counts_it_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    card = carded(world)
    order, fan = ordered(world)
    with monkeypatch.context() as slow:
        slow.setattr(spending, "apply", lambda *_, **__: None)
        spent = spend(card, order.id, fan, now=world.now)
    assert isinstance(spent, Spent)
    now, later = world.now, world.now + STALE + SECOND
    together(
        lambda: spending.apply([spent], now=now), lambda: heal(now=later),
        lambda: cancel([Cancellation(order.id, fan)], now=now), lambda: heal(now=later),
    )  # fmt: skip
    heal(now=later)
    assert (world.status(order), left(card)) == ("cancelled", 30)
    assert Movement.objects.filter(kind=3).count() == 1
    assert Card.objects.get().balance == 30
