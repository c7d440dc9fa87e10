"""The guard at the pass door: work, limits, the way back, what is told and what is forgotten."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from setaria.kernel import clock
from setaria.kernel.ids import new_id
from setaria.people.members.models import Member
from setaria.site import guard as command
from setaria.trade.drops import passes
from setaria.trade.drops.models import Drop
from setaria.trade.guard import grant, meet, queries
from setaria.trade.guard.forget import forget
from setaria.trade.guard.models import Count, Policy, Seen, Spent
from setaria.trade.orders.models import Order
from setaria.trade.orders.place import place
from setaria.trade.orders.requests import Placed
from tests.guard.test_rules import solve
from tests.races.together import together
from tests.world import DAY, HOUR, MINUTE, World

LITTLE = {"tries_min": 2, "tries_max": 4, "tries_hard": 8}


def rule(measure: str, then: str, **bound: int) -> dict[str, object]:
    return {"name": "the-rule", "measure": measure, "then": then, **bound}


class Door:
    """A guarded drop, and people who come to it."""

    def __init__(self, world: World, *rules: dict[str, object], **work: int) -> None:
        self.world = world
        self.thing = world.thing(price=100, stock=9)
        self.drop = world.drop({self.thing: 9}, limit=3)
        grant.guard(self.drop.pk, list(rules), **{**LITTLE, **work})

    def fan(self, **fields: object) -> "Fan":
        joined = {"joined_at": clock.now() - DAY, **fields}
        return Fan(self, Member.objects.get(pk=self.world.member(**joined)))

    def told(self) -> dict[tuple[str, str], int]:
        return {(told.outcome, told.rule): told.number for told in queries.outcomes(self.drop.pk)}


class Fan:
    def __init__(self, door: Door, member: Member) -> None:
        self.door, self.member, self.client = door, member, Client()
        self.client.force_login(member)

    def ask(self, proof: str | None = None, address: str = "203.0.113.1") -> Any:
        data = {} if proof is None else {"proof": proof}
        return self.client.post(f"/drops/{self.door.drop.slug}/pass", data, REMOTE_ADDR=address)

    def work(self) -> str:
        answer = self.ask()
        assert (answer.status_code, answer.json()["code"]) == (428, "WORK_NEEDED"), answer.content
        return solve(answer.json()["challenge"])

    def order_id(self, proof: str | None) -> Any:
        answer = self.ask(proof)
        assert answer.status_code == 200, answer.content
        return passes.read(passes.key_from(settings_key()), answer.json()["pass"], clock.now().timestamp()).order_id


def settings_key() -> str:
    from django.conf import settings

    return settings.SECRET_KEY


def test_a_pass_takes_some_work_and_the_work_is_taken_once(today: World) -> None:
    door = Door(today)
    fan = door.fan()
    proof = fan.work()
    fan.order_id(proof)
    again = fan.ask(proof)
    assert (again.status_code, again.json()["code"]) == (428, "WORK_NEEDED")
    assert door.told() == {("work", ""): 1, ("passed", ""): 1, ("used proof", ""): 1}


def test_somebody_elses_work_and_nonsense_are_counted_and_answered_with_a_challenge(today: World) -> None:
    door = Door(today)
    proof = door.fan().work()
    other = door.fan()
    for bad in (proof, "nonsense", "A" * 9_000):
        assert other.ask(bad).status_code == 428
    assert door.told() == {("work", ""): 1, ("bad proof", ""): 3}


def test_without_work_in_the_policy_people_pass(today: World) -> None:
    door = Door(today, tries_min=0)
    assert door.fan().ask().status_code == 200
    assert door.told() == {("passed", ""): 1}


def test_many_passes_are_one_order(today: World) -> None:
    door = Door(today, tries_min=0)
    fan = door.fan()
    ids = {fan.order_id(None) for _ in range(5)}
    assert len(ids) == 1
    asks = [today.ask(door.thing, by=fan.member.pk, drop=door.drop, id=ids.copy().pop()) for _ in range(5)]
    outcomes = [place([each], now=clock.now())[0] for each in asks]
    assert all(isinstance(outcome, Placed) for outcome in outcomes)
    assert Order.objects.filter(customer_id=fan.member.pk).count() == 1
    assert fan.order_id(None) not in ids  # a further order gets a further pass


@pytest.mark.parametrize(
    "limited", [rule("asks_of_account", "wait", above=2), rule("asks_of_address", "wait", above=2),
                rule("asks_of_network", "wait", above=2)],
)  # fmt: skip
def test_who_asks_too_often_waits(today: World, limited: dict[str, object], monkeypatch: pytest.MonkeyPatch) -> None:
    at = clock.now()
    monkeypatch.setattr("setaria.channels.storefront.drop.now", lambda: at)  # within one minute
    door = Door(today, limited, tries_min=0)
    fan = door.fan()
    answers = [fan.ask(address=f"203.0.113.{n if 'network' in str(limited) else 1}") for n in range(1, 4)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[-1].json() == {"code": "GUARD_WAIT", "rule": "the-rule"}
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 60
    assert door.told() == {("passed", ""): 2, ("wait", "the-rule"): 1}
    at += MINUTE
    monkeypatch.setattr("setaria.channels.storefront.drop.now", lambda: at)
    assert fan.ask().status_code == 200


def test_many_accounts_in_a_network_work_harder_and_get_in(today: World) -> None:
    door = Door(today, rule("accounts_of_network", "harder", above=1), tries_min=0)
    first, second = door.fan(), door.fan()
    assert first.ask(address="203.0.113.1").status_code == 200
    assert first.ask(address="203.0.113.2").status_code == 200  # the same account is one
    asked = second.ask(address="203.0.113.3")
    assert (asked.status_code, asked.json()["hard"], asked.json()["rule"]) == (428, True, "the-rule")
    assert second.ask(solve(asked.json()["challenge"]), address="203.0.113.3").status_code == 200  # the way back
    assert door.fan().ask(address="198.51.100.3").status_code == 200  # elsewhere nobody is concerned


def test_easy_work_does_not_do_where_hard_is_asked(today: World) -> None:
    door = Door(today, rule("addresses_of_account", "harder", above=1))
    fan = door.fan()
    easy = fan.work()
    asked = fan.ask(easy, address="198.51.100.1")
    assert (asked.status_code, asked.json()["hard"]) == (428, True)
    assert fan.ask(solve(asked.json()["challenge"]), address="198.51.100.1").status_code == 200


def test_a_person_taken_for_a_robot_is_told_and_can_be_pardoned(today: World) -> None:
    door = Door(today, rule("account_age_seconds", "refuse", below=3_600), tries_min=0)
    fan, other = door.fan(joined_at=clock.now()), door.fan(joined_at=clock.now())
    refused = fan.ask()
    assert (refused.status_code, refused.json()) == (403, {"code": "GUARD_REFUSED", "rule": "the-rule"})
    assert grant.pardon(door.drop.pk, fan.member.pk, now=clock.now())
    assert not grant.pardon(door.drop.pk, fan.member.pk, now=clock.now())
    assert fan.ask().status_code == 200
    assert other.ask().status_code == 403  # nobody else
    assert queries.pardons(door.drop.pk) == 1


def test_a_strangers_header_does_not_move_him(today: World, settings: Any) -> None:
    door = Door(today, rule("addresses_of_account", "refuse", above=1), tries_min=0)
    fan = door.fan()
    said = [
        fan.client.post(f"/drops/{door.drop.slug}/pass", REMOTE_ADDR="203.0.113.1", HTTP_X_FORWARDED_FOR=f"192.0.2.{n}")
        for n in range(3)
    ]
    assert [answer.status_code for answer in said] == [200, 200, 200]
    assert Seen.objects.filter(measure=7).count() == 1


def test_no_address_is_kept_and_all_is_forgotten_after_the_drop(today: World) -> None:
    door = Door(today)
    fan = door.fan()
    fan.ask(fan.work())
    with connection.cursor() as cursor:
        for table in ("guard_count", "guard_seen"):
            cursor.execute(f"SELECT count(*) FROM {table} AS t WHERE t::text LIKE '%%203.0.113%%'")
            assert cursor.fetchone() == (0,)
    forget(clock.now())
    assert Count.objects.exists()
    assert Spent.objects.exists()
    Drop.objects.filter(pk=door.drop.pk).update(opens_at=clock.now() - 3 * DAY, closes_at=clock.now() - 2 * DAY)
    forget(clock.now() + HOUR)
    assert [model.objects.count() for model in (Count, Seen, Spent)] == [0, 0, 0]
    assert door.told()  # which holds nobody's


def test_a_drop_without_a_guard_asks_for_nothing(today: World, client: Client) -> None:
    drop = today.drop({today.thing(stock=1): 1})
    client.force_login(Member.objects.get(pk=today.member()))
    assert client.post(f"/drops/{drop.slug}/pass").status_code == 200
    assert json.loads(json.dumps(queries.outcomes(drop.pk))) == []


# --- races ---


def test_a_challenge_is_used_once_by_whoever_comes_together(today: World) -> None:
    door = Door(today)
    id, until = new_id(), clock.now() + HOUR
    found = together(*[lambda: meet.spend(id, door.drop.pk, until)] * 4)
    assert sorted(found) == [False, False, False, True]


def test_twin_without_the_key_a_challenge_is_used_as_often_as_it_is_shown(today: World) -> None:
    door = Door(today)
    id, until = new_id(), clock.now() + HOUR
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE guard_spent DROP CONSTRAINT guard_spent_pkey")
    try:
        assert together(*[lambda: meet.spend(id, door.drop.pk, until)] * 4) == [True] * 4
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM guard_spent")
            cursor.execute("ALTER TABLE guard_spent ADD PRIMARY KEY (id)")


def asked_together(door: Door, fan: Fan, times: int) -> list[object]:
    policy, at = door.drop.guard_policy, clock.now()
    where = meet.origin({"REMOTE_ADDR": "203.0.113.1"}, door.drop.pk)
    return together(*[lambda: meet.meet(policy, fan.member, where, "", now=at)] * times)


def test_a_limit_holds_for_those_who_ask_together(today: World) -> None:
    door = Door(today, rule("asks_of_account", "wait", above=2), tries_min=0)
    found = asked_together(door, door.fan(), 6)
    assert found.count(None) == 2
    assert all(isinstance(each, meet.TurnedAway) for each in found if each is not None)


def test_twin_that_reads_first_lets_more_in(today: World, monkeypatch: pytest.MonkeyPatch) -> None:
    door = Door(today, rule("asks_of_account", "wait", above=2), tries_min=0)
    fan = door.fan()
    where = meet.origin({"REMOTE_ADDR": "203.0.113.1"}, door.drop.pk)
    meet.meet(door.drop.guard_policy, fan.member, where, "", now=clock.now())
    once = "RETURNING measure, number\n"
    assert once in meet._COUNT
    monkeypatch.setattr(
        meet, "_COUNT", meet._COUNT.replace(once, "RETURNING measure, 1 AS number\n")
    )  # as all found it
    found = asked_together(door, fan, 6)
    assert found.count(None) > 2


def test_one_account_has_one_pass_however_many_ask_together(today: World) -> None:
    door = Door(today)
    customer = door.fan().member.pk
    assert len(set(together(*[lambda: grant.order_of(door.drop.pk, customer)] * 6))) == 1


# --- the command ---


def test_the_command_guards_reports_and_forgives(
    today: World, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    drop = today.drop({today.thing(stock=1): 1})
    rules = tmp_path / "rules.json"
    rules.write_text(json.dumps([rule("account_age_seconds", "refuse", below=3_600)]))
    fan = Member.objects.get(pk=today.member())
    client = Client()
    client.force_login(fan)
    assert command.forgive(drop.slug, fan.email) == 1  # it is not guarded yet
    assert command.guard(drop.slug, rules, 0, 4, 8) == 0
    assert client.post(f"/drops/{drop.slug}/pass").status_code == 403
    assert command.report(drop.slug) == 0
    printed = capsys.readouterr().out
    assert "refused" in printed
    assert "the-rule" in printed
    assert command.forgive(drop.slug, fan.email) == 0
    assert client.post(f"/drops/{drop.slug}/pass").status_code == 200


@pytest.mark.parametrize("text", ["{", "{}", '[{"name": "a", "measure": "b", "then": "wait", "above": 1}]'])
def test_the_command_changes_nothing_by_mistake(today: World, tmp_path: Path, text: str) -> None:
    drop = today.drop({today.thing(stock=1): 1})
    file = tmp_path / "rules.json"
    file.write_text(text)
    assert command.guard(drop.slug, file, 0, 4, 8) == 1
    assert command.guard(drop.slug, tmp_path / "none.json", 0, 4, 8) == 1
    assert command.guard(drop.slug, None, 9, 4, 8) == 1
    assert not Policy.objects.exists()
    assert command.guard("no-such-drop", None, 0, 4, 8) == 1
    assert command.report("no-such-drop") == 1
    assert command.forgive("no-such-drop", "x@example.org") == 1
    assert command.guard(drop.slug, None, 0, 4, 8) == 0
    assert command.forgive(drop.slug, "nobody@example.org") == 1
