"""A programme ends: nobody comes in, nobody's deposit stays behind, and what is an order stays one."""

from datetime import timedelta

import pytest

from setaria.site import preorders as command
from setaria.trade.preorders import deposits, take
from setaria.trade.preorders import end as ending
from setaria.trade.preorders.end import GRACE, end, end_over
from tests.preorders.conftest import Queue
from tests.races.together import MeetingPoint, together
from tests.world import DAY, MINUTE, SECOND, World


@pytest.fixture
def paid(world: World) -> Queue:
    """Ten places with a deposit of ¥100 on ¥1,999; a deposit lost to its holder is kept."""
    return Queue(world, deposit_amount=10_000)


def test_who_waits_is_let_go_and_what_is_an_order_stays(paid: Queue) -> None:
    first, second, third, fourth = paid.come(4)
    for place in (first, second, third):
        paid.deposit(place)
    paid.supply(1)
    assert paid.states() == "OSSH"
    paid.world.later(MINUTE)
    assert end(paid.programme.pk, now=paid.world.now) == 3
    assert paid.states() == "OLLL"
    assert paid.codes(paid.ask()) == ["CLOSED"]
    assert end(paid.programme.pk, now=paid.world.now) == 0
    assert paid.deposit(fourth) == "REFUND"  # it was under way
    deposits.decide(now=paid.world.now)
    assert [paid.fates(place)[0][1] for place in (second, third, fourth)] == ["goes back in full"] * 3
    assert paid.pay(first, 189_900) == "PAID"
    assert paid.supply(1) == 0  # nobody waits any more


def test_a_programme_that_is_over_ends_by_itself(paid: Queue) -> None:
    place, *_ = paid.come(2)
    paid.deposit(place)
    closes = paid.programme.drop.closes_at
    paid.world.now = closes + GRACE - timedelta(seconds=1)
    assert end_over(now=paid.world.now) == 0
    paid.world.now = closes + GRACE
    assert end_over(now=paid.world.now) == 2
    assert end_over(now=paid.world.now + DAY) == 0
    deposits.decide(now=paid.world.now)
    assert paid.fates(place) == [(10_000, "goes back in full")]


def test_one_that_never_opened_can_be_ended(world: World) -> None:
    queue = Queue(world)
    queue.world.now = queue.programme.opens_at - DAY
    assert end(queue.programme.pk, now=queue.world.now) == 0
    queue.world.now = queue.programme.opens_at + DAY
    assert queue.codes(queue.ask()) == ["CLOSED"]
    assert end(999_999, now=queue.world.now) == 0


def taken_while_ending(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> tuple[list[str], str]:
    queue.world.later(SECOND)  # it is open, and not since this very instant
    wish = queue.ask()
    MeetingPoint().before(monkeypatch, (take, "decide"))
    said, _ = together(lambda: queue.codes(wish), lambda: end(queue.programme.pk, now=queue.world.now))
    return said, queue.states()


def test_a_place_taken_while_it_ends_is_refused_or_let_go(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    assert taken_while_ending(Queue(world), monkeypatch) in ((["1"], "L"), (["CLOSED"], ""))


def test_twin_without_the_lock_somebody_waits_for_ever(broken_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    # The ending must be over between another's reading and writing.
    queue = Queue(broken_world)
    wish, decide = queue.ask(), take.decide
    assert "FOR NO KEY UPDATE" in take._LOCK
    monkeypatch.setattr(take, "_LOCK", take._LOCK.replace("FOR NO KEY UPDATE", ""))

    def after_the_end(*args: object) -> object:
        (ended,) = together(lambda: end(queue.programme.pk, now=queue.world.now))
        assert ended == 0
        return decide(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(take, "decide", after_the_end)
    assert queue.codes(wish) == ["1"]
    assert queue.states() == "S"


def test_the_command_ends_one(paid: Queue, capsys: pytest.CaptureFixture[str]) -> None:
    paid.come(2)
    assert command.end(paid.programme.slug) == 0
    assert "2 places" in capsys.readouterr().out
    assert command.end("no-such-programme") == 1
    assert ending.end(paid.programme.pk, now=paid.world.now) == 0
