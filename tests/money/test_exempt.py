"""Who pays no tax: noted by the staff, seen by the next quote, ended, and never two at once."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from psycopg.types.range import TimestamptzRange

from setaria.markets.models import Market
from setaria.people.members.models import Member
from setaria.trade.orders.requests import Line
from setaria.trade.quotes import exempt
from setaria.trade.quotes.exempt import Answer
from setaria.trade.quotes.models import Exemption
from setaria.trade.quotes.queries import Choice, price
from tests.guards import Unguarded
from tests.money.test_doors import local, text
from tests.races.together import together
from tests.world import DAY, HOUR, SECOND, World

BY = "ada@example.org"


@pytest.fixture
def boss(store: World, staff: Client) -> Client:
    Member.objects.get(is_staff=True).user_permissions.set(Permission.objects.filter(codename="add_exemption"))
    return staff


@pytest.fixture
def embassy(store: World) -> Member:
    member = Member.objects.get(pk=store.member())
    member.email = "embassy@example.org"
    member.save()
    return member


def noted(store: World, **fields: object) -> dict[str, object]:
    return {"market": store.cn.pk, "email": "Embassy@example.org", "certificate": "D-2031-17", "until": ""} | fields


def spared(store: World, member: Member, now: datetime) -> bool:
    thing = store.thing(price=11_300, stock=5)
    found = price([Line(thing.pk, 1, 11_300)], store.cn, Choice(), customer_id=member.pk, now=now)
    return any(part.source.startswith("tax-exempt") for part in found.quote.parts)


def test_noted_by_the_staff_seen_by_the_next_quote_and_ended(store: World, boss: Client, embassy: Member) -> None:
    Market.objects.update(tax_rate_bp=1300, tax_inclusive=True)
    store.cn.refresh_from_db()
    assert "Everybody pays tax." in boss.get("/money/exempt/").content.decode()
    page = text(boss, "/money/exempt/note", noted(store))
    assert "from now on" in page
    assert "embassy@example.org · " in page
    assert "already" in text(boss, "/money/exempt/note", noted(store), status=422)
    one = Exemption.objects.get()
    assert (one.certificate, one.valid.upper, "@" in one.by) == ("D-2031-17", None, True)
    assert spared(store, embassy, one.valid.lower + HOUR)
    assert not spared(store, embassy, one.valid.lower - HOUR)
    assert not spared(store, Member.objects.get(pk=store.member()), one.valid.lower + HOUR)
    store.later(HOUR)
    assert "pay tax again" in text(boss, f"/money/exempt/{one.pk}/end", {})
    assert "That is over" in text(boss, f"/money/exempt/{one.pk}/end", {})
    one.refresh_from_db()
    assert "@" in one.ended_by
    assert not spared(store, embassy, one.valid.upper + SECOND)
    store.later(HOUR)
    page = text(boss, "/money/exempt/note", noted(store, until=local(store, DAY)))
    assert "from now on" in page
    assert " Nov 2031, " in page.partition("· until ")[2]
    assert Exemption.objects.count() == 2


@pytest.mark.parametrize(
    ("wrong", "said"),
    [({"email": "no@body.zz"}, "No member"), ({"email": "x"}, "valid"), ({"certificate": " "}, "required"),
     ({"certificate": "x" * 61}, "60"), ({"certificate": "a\0b"}, "ull characters"), ({"market": "99"}, "valid choice"),
     ({"until": "2020-01-01T00:00"}, "is over"), ({"until": "soon"}, "valid")],
)  # fmt: skip
def test_what_is_wrong_is_said_and_nothing_noted(
    store: World, boss: Client, embassy: Member, wrong: dict[str, object], said: str
) -> None:
    assert said in text(boss, "/money/exempt/note", noted(store, **wrong), status=422)
    assert not Exemption.objects.exists()


def both(store: World, member: Member) -> list[object]:
    def note(late: timedelta) -> Answer:
        return exempt.note(member, store.cn, "D-1", until=None, by=BY, now=store.now + late)

    return together(lambda: note(SECOND), lambda: note(2 * SECOND))


def test_noted_by_two_at_once_it_counts_once(store: World, embassy: Member) -> None:
    assert sorted(both(store, embassy)) == [Answer.EXEMPT_ALREADY, Answer.NOTED]
    assert Exemption.objects.count() == 1


def test_twin_without_the_constraint_it_is_there_twice(store: World, embassy: Member, unguarded: Unguarded) -> None:
    unguarded("exemption_one_at_a_time")
    assert both(store, embassy) == [Answer.NOTED, Answer.NOTED]
    assert Exemption.objects.count() == 2


def test_as_many_queries_however_many_are_exempt(
    store: World, boss: Client, queries_of: Callable[[Client, str], int]
) -> None:
    def more() -> None:
        for _ in range(3):
            Exemption.objects.create(
                member_id=store.member(), market=store.cn, certificate="x", valid=TimestamptzRange(store.now, None)
            )

    more()
    few = queries_of(boss, "/money/exempt/")
    more()
    assert queries_of(boss, "/money/exempt/") == few <= 12
