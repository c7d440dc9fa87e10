"""The waiting room's panel on the drop's page as the server makes it, and the public proof."""

import re

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from setaria.kernel import clock
from setaria.people.members.models import Member
from setaria.trade.drops.models import Drop
from setaria.trade.queues import tickets
from setaria.trade.queues.models import Queue
from setaria.trade.queues.proof import faults, read
from tests.queues.room import buy, enter, in_order, opened, people, queued
from tests.world import HOUR, MINUTE, SECOND, World

QUERIES_MAX = 16


@pytest.fixture
def today(transactional_db: None) -> World:
    """The clock of pages is the real one."""
    return World(clock.now() - MINUTE)


def panel(client: Client, drop: Drop) -> dict[str, str]:
    answer = client.get(f"/drops/{drop.slug}/", headers={"accept-language": "en"})
    assert answer.status_code == 200
    html = answer.content.decode()
    (tag,) = re.findall(r'<section class="panel room".*?</section>', html, re.S)
    return {"state": re.findall(r'data-state="(\w+)"', tag)[0], "ticket": re.findall(r'data-ticket="(.*?)"', tag)[0],
            "html": tag, "page": html}  # fmt: skip


def sign_in(client: Client, customer: int) -> None:
    client.force_login(Member.objects.get(pk=customer))


def test_it_says_how_one_stands(today: World, client: Client) -> None:
    band = today.thing(stock=2)
    drop = queued(today, {band: 2}, limit=2, opens_at=today.now + SECOND)
    enter(today, drop, *people(today, 3))
    opened(today, drop)
    first, second, third = in_order(drop)
    assert panel(client, drop)["state"] == "out"
    for customer, state in ((today.member(), "out"), (first, "turn"), (second, "in"), (third, "in")):
        sign_in(client, customer)
        assert panel(client, drop)["state"] == state
    buy(today, drop, first, band)
    sign_in(client, first)
    assert panel(client, drop)["state"] == "used"


def test_an_order_that_came_to_nothing_leaves_a_new_place_to_take(today: World, client: Client) -> None:
    band = today.thing(stock=1)
    drop = queued(today, {band: 1}, opens_at=today.now)
    fan = today.member()
    enter(today, drop, fan)
    opened(today, drop)
    today.cancel(buy(today, drop, fan, band))
    sign_in(client, fan)
    assert panel(client, drop)["state"] == "over"


def test_the_ticket_is_the_visitors_own_and_a_stranger_gets_none(today: World, client: Client) -> None:
    drop = queued(today, {today.thing(stock=1): 1})
    assert panel(client, drop)["ticket"] == ""
    assert f"/accounts/login/?next=/drops/{drop.slug}/" in panel(client, drop)["html"]
    fan = today.member()
    sign_in(client, fan)
    shown = panel(client, drop)
    ticket = tickets.read(tickets.key_from(settings.SECRET_KEY), shown["ticket"], clock.now().timestamp())
    assert (ticket.customer_id, ticket.drop_id) == (fan, drop.pk)
    assert str(tickets.pseudonym(tickets.key_from(settings.SECRET_KEY), fan, drop.pk)) in shown["html"]


def test_the_seed_is_secret_until_the_opening(today: World, client: Client) -> None:
    drop = queued(today, {today.thing(stock=1): 1}, opens_at=today.now + SECOND)
    queue = Queue.objects.get()
    before = panel(client, drop)["html"]
    assert queue.seed_hash in before
    assert bytes(queue.seed).hex() not in panel(client, drop)["page"]
    opened(today, drop)
    assert bytes(queue.seed).hex() in panel(client, drop)["html"]


def test_a_panel_costs_a_few_queries_however_many_wait(today: World, client: Client) -> None:
    drop = queued(today, {today.thing(stock=1): 1}, opens_at=today.now)
    fans = people(today, 30)
    enter(today, drop, *fans)
    opened(today, drop)
    sign_in(client, fans[0])
    panel(client, drop)
    with CaptureQueriesContext(connection) as queries:
        panel(client, drop)
    assert len(queries) <= QUERIES_MAX


def test_a_queued_drop_without_a_room_lets_nobody_in_and_still_has_a_page(today: World, client: Client) -> None:
    drop = queued(today, {today.thing(stock=1): 1}, opens_at=today.now)
    Queue.objects.all().delete()
    sign_in(client, today.member())
    assert client.get(f"/drops/{drop.slug}/").status_code == 200
    assert client.post(f"/drops/{drop.slug}/pass").json() == {"code": "NOT_IN_ROOM"}


# --- the proof ---


def test_the_proof_is_public_once_the_sale_is_over(today: World, client: Client) -> None:
    drop = queued(today, {today.thing(stock=1): 1}, opens_at=today.now + SECOND)
    fans = people(today, 12)
    enter(today, drop, *fans)
    address = f"/drops/{drop.slug}/queue.json"
    assert client.get(address).status_code == 404
    opened(today, drop)
    assert client.get(address).status_code == 404
    Drop.objects.filter(pk=drop.pk).update(closes_at=clock.now())
    answer = client.get(address)
    proof = read(answer.content)
    assert faults(proof) == []
    key = tickets.key_from(settings.SECRET_KEY)
    assert proof.early == [tickets.pseudonym(key, customer, drop.pk) for customer in in_order(drop)]
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers.get("set-cookie") is None
    assert f'href="{address}"' in panel(client, drop)["html"]


def test_there_is_none_of_a_drop_without_a_room(today: World, client: Client) -> None:
    drop = today.drop({today.thing(stock=1): 1}, opens_at=today.now - HOUR, closes_at=today.now)
    assert client.get(f"/drops/{drop.slug}/queue.json").status_code == 404
    assert client.get("/drops/no-such/queue.json").status_code == 404
