"""Pulses, silences that are entered once, and lamps."""

from datetime import timedelta

import hypothesis.strategies as st
import pytest
from django.db import IntegrityError
from hypothesis import given

from setaria.markets.events.plan import Period, plan_event
from setaria.sight.command import rules
from setaria.sight.command.incidents import note_incident
from setaria.sight.command.models import Incident, Pulse
from setaria.sight.command.pulse import FORGOTTEN_AFTER, SILENT_AFTER, beat, rest
from setaria.sight.command.rota import watched_event
from setaria.sight.command.rules import Lamp, grade
from setaria.sight.command.state import Watch
from setaria.trade.guard import grant
from setaria.trade.guard.models import Tally
from tests.races.together import together
from tests.world import DAY, HOUR, SECOND, World


def web(placed: int, refused: int = 0, waiting: int = 0, page_errors: int = 0) -> dict[str, object]:
    counters = {"order PLACED": placed, "refused SOLD_OUT": refused, "page 2xx": 100, "page 5xx": page_errors}
    return {"counters": counters, "waiting": waiting, "room": 100, "batch_seconds": 0.01, "screens": 2}


def test_the_state_is_all_processes_together(world: World) -> None:
    watch = Watch()
    for seconds, placed in ((0, (100, 200)), (2, (120, 260))):
        world.now += seconds * SECOND
        for number, n in enumerate(placed):
            beat("web", web(n, refused=n), now=world.now, process=f"vm {number}")
        beat("worker", {}, now=world.now, process="vm 9")
        state = watch.read(world.now)
    assert (state.orders_per_second, state.refusals_per_second, state.screens) == (40.0, 40.0, 4)
    assert state.refusals == [("SOLD_OUT", 380, 40.0)]
    assert [(p.part, p.process, p.lamp) for p in state.parts] == [
        ("web", "vm 0", "good"), ("web", "vm 1", "good"), ("worker", "vm 9", "good")
    ]  # fmt: skip
    assert state.lamp == Lamp.GOOD


def test_a_full_door_and_a_missing_worker_are_seen(world: World) -> None:
    beat("web", web(0, waiting=100), now=world.now, process="vm 0")
    state = Watch().read(world.now)
    assert {g.name: g.lamp for g in state.gauges}["waiting at the door"] == Lamp.BAD
    beat("web", web(0), now=world.now, process="vm 0")
    assert Watch().read(world.now).lamp == Lamp.BAD  # no worker


def test_a_silence_is_entered_once_by_whoever_sees_it_first(world: World) -> None:
    beat("worker", {}, now=world.now, process="vm 9")
    later = world.now + SILENT_AFTER + SECOND
    together(*[lambda n=n: beat("web", {}, now=later, process=f"vm {n}") for n in range(4)])
    assert [(i.part, i.level, i.by) for i in Incident.objects.all()] == [("worker", "failure", None)]
    assert "vm 9 fell silent at" in Incident.objects.get().text
    assert {p.part: p.lamp for p in Watch().read(later).parts}["worker"] == Lamp.BAD
    beat("worker", {}, now=later, process="vm 9")  # it was only slow
    assert {p.part: p.lamp for p in Watch().read(later).parts}["worker"] == Lamp.GOOD
    beat("web", {}, now=later + FORGOTTEN_AFTER + SILENT_AFTER, process="vm 0")
    beat("web", {}, now=later + 2 * FORGOTTEN_AFTER, process="vm 0")
    assert [p.process for p in Pulse.objects.all()] == ["vm 0"]


def test_who_says_goodbye_is_not_missed(world: World) -> None:
    beat("web", {}, now=world.now, process="vm 0")
    rest("web", process="vm 0")
    beat("worker", {}, now=world.now + SILENT_AFTER + SECOND, process="vm 9")
    assert not Incident.objects.exists()


@pytest.mark.parametrize(("text", "level"), [("", "note"), ("  ", "note"), ("x", "doom")])
def test_an_empty_entry_is_refused(world: World, text: str, level: str) -> None:
    with pytest.raises(ValueError, match="incident"):
        note_incident(text, level=level, now=world.now)


def test_what_a_dying_part_says_is_cut_not_lost(world: World) -> None:
    note_incident("x\n" * 900, part="p" * 90, level="failure", now=world.now)
    entry = Incident.objects.get()
    assert (len(entry.text), len(entry.part)) == (400, 40)


def test_the_database_refuses_an_entry_that_says_nothing(world: World) -> None:
    with pytest.raises(IntegrityError):
        Incident.objects.create(at=world.now, level="note", text="")


@given(st.floats(0, 100), st.floats(0, 100))
def test_more_is_never_better(one: float, other: float) -> None:
    order = list(Lamp)
    low, high = sorted((one, other))
    assert order.index(grade(low, 30, 60)) <= order.index(grade(high, 30, 60))
    assert rules.worst() == Lamp.GOOD


def test_the_event_that_is_on_is_watched_then_the_one_just_over_then_the_next(world: World) -> None:
    def plan(slug: str, begins: timedelta, ends: timedelta) -> None:
        period = Period(world.cn.id, world.now + begins, world.now + ends)
        plan_event(slug, name={"en": slug}, periods=[period], now=world.now - DAY)

    assert watched_event(world.now) is None
    plan("next", HOUR, DAY)
    assert watched_event(world.now).slug == "next"
    plan("over", -3 * HOUR, -HOUR)
    assert watched_event(world.now).slug == "over"
    plan("on", -HOUR, HOUR)
    assert watched_event(world.now).slug == "on"


def test_what_a_guard_decides_is_among_the_refusals(world: World) -> None:
    watch, drop = Watch(), world.drop({world.thing(stock=1): 1}, slug="night")
    grant.guard(drop.pk)
    for outcome, rule in (("passed", ""), ("work", ""), ("later", "new-account"), ("bad proof", "")):
        Tally.objects.create(drop_id=drop.pk, outcome=outcome, rule=rule, slot=0, number=4 + len(rule))
    assert watch.read(world.now).refusals == [("night: later new-account", 15, 0.0), ("night: bad proof", 4, 0.0)]
    Tally.objects.filter(outcome="later").update(number=35)
    world.now += 2 * SECOND
    assert watch.read(world.now).refusals[0] == ("night: later new-account", 35, 10.0)
    assert watch.read(drop.closes_at).refusals == []  # over
