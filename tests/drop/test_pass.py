"""The pass door: who may ask, and what a pass is worth."""

import pytest
from django.conf import settings
from django.test import Client

from setaria.kernel import clock
from setaria.people.members.models import Member
from setaria.trade.drops import passes
from setaria.trade.drops.models import Drop
from setaria.trade.orders.place import place
from setaria.trade.orders.requests import Placed
from tests.world import DAY, HOUR, MINUTE, World


def ask(client: Client, drop: Drop | str, **how: object) -> object:
    slug = drop if isinstance(drop, str) else drop.slug
    return client.post(f"/drops/{slug}/pass", **how)


def member(world: World, client: Client) -> int:
    found = Member.objects.get(pk=world.member())
    client.force_login(found)
    return found.pk


def read(answer: object) -> passes.Pass:
    token = answer.json()["pass"]
    return passes.read(passes.key_from(settings.SECRET_KEY), token, clock.now().timestamp())


def test_a_member_gets_a_pass_that_makes_one_order(today: World, client: Client) -> None:
    band = today.thing(price=100, stock=5)
    drop = today.drop({band: 3}, limit=2)
    customer = member(today, client)
    leave = read(ask(client, drop))
    assert (leave.customer_id, leave.drop_id) == (customer, drop.id)
    request = today.ask(band, by=leave.customer_id, drop=drop, id=leave.order_id)
    first, again = place([request, request], now=clock.now())
    assert isinstance(first, Placed)
    assert first == again


def test_each_pass_is_for_another_order(today: World, client: Client) -> None:
    drop = today.drop({today.thing(stock=1): 1})
    member(today, client)
    ids = {read(ask(client, drop)).order_id for _ in range(3)}
    assert len(ids) == 3


def test_it_is_given_before_the_opening_too(today: World, client: Client) -> None:
    drop = today.drop({today.thing(stock=1): 1}, opens_at=today.now + HOUR)
    member(today, client)
    assert read(ask(client, drop)).drop_id == drop.id


def test_nobody_anonymous_gets_one(today: World, client: Client) -> None:
    drop = today.drop({today.thing(stock=1): 1})
    answer = ask(client, drop)
    assert (answer.status_code, answer.json()) == (401, {"code": "SIGN_IN"})


def test_asking_by_get_gives_none(today: World, client: Client) -> None:
    drop = today.drop({today.thing(stock=1): 1})
    member(today, client)
    assert client.get(f"/drops/{drop.slug}/pass").status_code == 405


def test_another_site_cannot_ask_in_a_members_name(today: World) -> None:
    drop = today.drop({today.thing(stock=1): 1})
    client = Client(enforce_csrf_checks=True)
    member(today, client)
    assert ask(client, drop).status_code == 403


@pytest.mark.parametrize("how", ["closed", "finished", "unknown"])
def test_there_is_none_for_a_sale_that_is_not_there(today: World, client: Client, how: str) -> None:
    drop = today.drop({today.thing(stock=1): 1}, opens_at=today.now - DAY, closes_at=today.now + MINUTE)
    if how == "closed":
        Drop.objects.filter(pk=drop.pk).update(closes_at=today.now - MINUTE)
    elif how == "finished":
        Drop.objects.filter(pk=drop.pk).update(finished_at=today.now)
    member(today, client)
    assert ask(client, "no-such-sale" if how == "unknown" else drop).status_code == 404


def test_it_must_not_be_kept_by_anybody_on_the_way(today: World, client: Client) -> None:
    drop = today.drop({today.thing(stock=1): 1})
    member(today, client)
    assert "no-store" in ask(client, drop).headers["cache-control"]
