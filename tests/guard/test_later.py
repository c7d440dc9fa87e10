"""Who comes later: told at the pass door, looked at again before the opening, kept to by the gate."""

from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError

from setaria.kernel import clock
from setaria.site import worker
from setaria.trade.drops.models import Drop
from setaria.trade.guard import grant
from setaria.trade.guard.judge import AHEAD, due, judge, late
from setaria.trade.guard.models import Late, Policy
from tests.gate.client import running, until
from tests.guard.test_meet import Door, rule
from tests.races.together import together
from tests.world import World

CROWD = rule("accounts_of_network", "later", above=2)
FARM, HOME = "203.0.113.{}", "198.51.100.{}"


def opening_in(door: Door, seconds: float) -> datetime:
    """Move the drop's opening, as if it had been announced for then."""
    door.drop.opens_at = clock.now() + timedelta(seconds=seconds)
    Drop.objects.filter(pk=door.drop.pk).update(opens_at=door.drop.opens_at)
    return door.drop.opens_at


def farm(door: Door, size: int) -> list[int]:
    """So many accounts of one network that ask one after another; the first ones are given their passes."""
    robots = [door.fan() for _ in range(size)]
    statuses = [robot.ask(address=FARM.format(n)).status_code for n, robot in enumerate(robots)]
    assert statuses == [200, 200, *[429] * (size - 2)]
    return [robot.member.pk for robot in robots]


def test_one_of_many_is_told_when_to_come_and_comes_in_then(today: World) -> None:
    door = Door(today, CROWD, tries_min=0)
    opening_in(door, 30)
    farm(door, 2)
    third = door.fan()
    told = third.ask(address=FARM.format(9))
    assert (told.status_code, told.json()) == (429, {"code": "GUARD_LATER", "rule": "the-rule"})
    assert 85 <= int(told.headers["Retry-After"]) <= 90  # a minute after the opening
    opening_in(door, -60)
    assert third.ask(address=FARM.format(9)).status_code == 428  # work as for whoever behaves strangely
    assert door.told()[("later", "the-rule")] == 1


@pytest.mark.parametrize("admission", [Drop.Admission.QUEUE, Drop.Admission.DRAW, Drop.Admission.CODE])
def test_where_coming_first_is_no_gain_nobody_comes_later(today: World, admission: str) -> None:
    door = Door(today, CROWD, tries_min=0)
    Drop.objects.filter(pk=door.drop.pk).update(admission=admission)
    opening_in(door, 3)
    for n in range(3):
        assert door.fan().ask(address=FARM.format(n)).status_code != 429
    assert due(clock.now()) == []
    Drop.objects.filter(pk=door.drop.pk).update(admission=Drop.Admission.OPEN)  # for the books: there is no room


def test_the_first_of_many_are_found_before_the_opening(today: World) -> None:
    door = Door(today, CROWD, tries_min=0)
    opening_in(door, 3)
    robots = farm(door, 4)
    for n in range(2):
        door.fan().ask(address=HOME.format(n))
    (policy,) = due(clock.now())
    assert judge(policy, now=clock.now()) == 4
    assert late(door.drop.pk) == set(robots)
    assert judge(policy, now=clock.now()) == 0  # once
    assert due(clock.now()) == []


def test_a_pardoned_person_and_who_has_ordered_come_with_the_others(today: World) -> None:
    door = Door(today, CROWD, rule("addresses_of_account", "refuse", above=1) | {"name": "hops"}, tries_min=0)
    opening_in(door, 3)
    robots = farm(door, 4)
    hopper = door.fan()
    for n in range(2):
        hopper.ask(address=HOME.format(n))
    grant.pardon(door.drop.pk, robots[0], now=clock.now())
    judge(due(clock.now())[0], now=clock.now())
    assert late(door.drop.pk) == {*robots[1:], hopper.member.pk}
    grant.pardon(door.drop.pk, robots[1], now=clock.now())
    opening_in(door, -1)
    today.now = clock.now()
    today.placed(door.thing, by=robots[2], drop=door.drop)
    assert late(door.drop.pk) == {robots[3], hopper.member.pk}


@pytest.mark.parametrize("seconds", [-1, AHEAD.total_seconds() + 2])
def test_nobody_is_judged_too_early_nor_after_the_opening(today: World, seconds: float) -> None:
    door = Door(today, CROWD, tries_min=0)
    opening_in(door, 3)
    farm(door, 4)
    policy = due(clock.now())[0]
    opening_in(door, seconds)
    assert due(clock.now()) == []
    assert seconds > 0 or judge(policy, now=clock.now()) == 0
    assert not Late.objects.exists()


def test_two_workers_judge_once(today: World) -> None:
    door = Door(today, CROWD, tries_min=0)
    opening_in(door, 4)
    farm(door, 4)
    policy = due(clock.now())[0]
    assert sorted(together(*[lambda: judge(policy, now=clock.now())] * 4)) == [0, 0, 0, 4]


def test_the_gate_keeps_to_it_and_takes_the_same_pass_later(today: World) -> None:
    door = Door(today, CROWD, tries_min=0, later_seconds=3_000)
    opening_in(door, 4)
    robots = farm(door, 4)
    person = door.fan()
    person.ask(address=HOME.format(1))
    worker._judge()
    opening_in(door, -1)
    today.now = clock.now()
    line = (door.thing.sku, 1, 100)
    with running() as gate:
        until(lambda: len(gate.gate.memory.drops[door.drop.slug].late) == 4)
        passes = {who: gate.token(door.drop, who) for who in (robots[0], person.member.pk)}

        def order(who: int) -> tuple[int, str]:
            answer = gate.order(door.drop, line, token=passes[who])
            return answer.status, answer.json.get("code", "")

        assert order(person.member.pk) == (201, "")
        assert order(robots[0]) == (429, "GUARD_LATER")
        Policy.objects.filter(drop=door.drop).update(later_seconds=0)
        until(lambda: not gate.gate.memory.drops[door.drop.slug].late)
        assert order(robots[0]) == (201, "")


def test_twin_without_a_second_look_the_first_of_many_come_first(today: World) -> None:
    door = Door(today, CROWD, tries_min=0, later_seconds=3_000)
    opening_in(door, 4)
    robots = farm(door, 4)
    opening_in(door, -1)
    today.now = clock.now()
    with running() as gate:
        order = gate.order(door.drop, (door.thing.sku, 1, 100), token=gate.token(door.drop, robots[0]))
        assert order.status == 201


def test_the_database_bounds_how_late_that_is(today: World) -> None:
    door = Door(today, CROWD)
    with pytest.raises(IntegrityError, match="guard_later_is_within_an_hour"):
        Policy.objects.filter(drop=door.drop).update(later_seconds=3_601)
