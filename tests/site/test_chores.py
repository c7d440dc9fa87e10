"""Chores take turns at their own pace, and one that fails keeps no other from its turn."""

import threading
import time
from itertools import pairwise

import psycopg
import pytest

from setaria.site import worker
from setaria.site.chores import LOOK_SECONDS, Chore, sweep

STILL = threading.Event()


def test_a_chore_comes_at_its_pace_whatever_the_looks():
    chore = Chore(lambda: None, 2.0)
    looks = [n * (LOOK_SECONDS + 0.01) for n in range(40)]  # a look takes a moment
    turns = [instant for instant in looks if chore.takes_turn(instant)]
    assert turns[0] == looks[0]
    gaps = [later - earlier for earlier, later in pairwise(turns)]
    assert all(1.75 <= gap <= 2.3 for gap in gaps), gaps


def test_nobody_looks_quicker_than_that():
    with pytest.raises(ValueError, match="at most"):
        Chore(lambda: None, LOOK_SECONDS / 2)


@pytest.mark.parametrize("error", [psycopg.OperationalError("gone"), RuntimeError("a bug")])
@pytest.mark.django_db
def test_one_that_fails_keeps_no_other_from_its_turn_and_comes_again(error):
    seen = []

    def fails():
        seen.append("fails")
        raise error

    def works():
        seen.append("works")

    chores = [Chore(fails), Chore(works)]
    sweep(chores, STILL)
    time.sleep(LOOK_SECONDS)
    sweep(chores, STILL)
    assert seen == ["fails", "works"] * 2


def test_told_to_stop_it_stops_between_two():
    stopped = threading.Event()
    seen = []
    sweep([Chore(stopped.set), Chore(lambda: seen.append(1))], stopped)
    assert seen == []


@pytest.mark.django_db(transaction=True)
def test_every_chore_of_the_worker_does_its_work_in_an_empty_shop():
    for chore in (*worker.CHORES, *worker.DEALINGS, *worker.NEWS):
        chore.do()  # raises if it calls something that is not there
