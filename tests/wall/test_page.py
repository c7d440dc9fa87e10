"""Who sees the wall's and the command centre's pages, what they cost, and what one may do there."""

from datetime import timedelta

import pytest
from django.contrib.messages import get_messages
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from setaria.kernel import clock
from setaria.markets.events.plan import Period, plan_event
from setaria.people.members.models import Member
from setaria.sight.command.models import Incident, Shift
from setaria.sight.command.ticket import CENTRE
from setaria.sight.wall.ticket import lapses_at
from tests.world import DAY, HOUR, World

PATHS = [
    "/wall/", "/wall/cn/", "/wall/cn/parts/", "/wall/cn/ticket", "/wall/cn/events/", "/wall/cn/events/night/",
    "/wall/cn/events/night/parts/", "/wall/cn/events/night/recording", "/command/", "/command/ticket",
]  # fmt: skip
POSTS = ["/command/incidents", "/command/shifts", "/command/shifts/1/remove"]
# However many events, products and entries there are. The session, the reader and the market are three of them.
QUERIES_MAX = 16


@pytest.fixture
def tonight(today: World) -> World:
    opened = today.now.replace(second=0, microsecond=0) - HOUR
    plan_event("night", name={"en": "The night"}, now=opened, periods=[Period(today.cn.id, opened, opened + DAY)])
    return today


def sign_in(world: World, client: Client, **fields: object) -> None:
    client.force_login(Member.objects.get(pk=world.member(**fields)))


def ask(client: Client, path: str) -> object:
    return client.post(path) if path in POSTS else client.get(path)


@pytest.mark.parametrize("path", PATHS + POSTS)
def test_strangers_are_asked_to_sign_in(tonight: World, client: Client, path: str) -> None:
    answer = ask(client, path)
    assert (answer.status_code, answer.headers["location"]) == (302, f"/accounts/login/?next={path}")


@pytest.mark.parametrize("path", PATHS + POSTS)
def test_to_customers_it_is_not_there(tonight: World, client: Client, path: str) -> None:
    sign_in(tonight, client)
    assert ask(client, path).status_code == 404


@pytest.mark.parametrize("path", PATHS[1:])
def test_staff_see_it_for_a_bound_number_of_queries(tonight: World, client: Client, path: str) -> None:
    band = tonight.thing(stock=9)
    for _ in range(3):
        tonight.pay(tonight.placed(band, drop=tonight.drop({band: 1})))
    sign_in(tonight, client, is_staff=True)
    client.get(path)  # what a process looks up once
    with CaptureQueriesContext(connection) as queries:
        assert client.get(path).status_code == 200
    assert len(queries) <= QUERIES_MAX


def test_staff_get_tickets(tonight: World, client: Client) -> None:
    sign_in(tonight, client, is_staff=True)
    assert client.get("/wall/").headers["location"] == "/wall/cn/"
    page = client.get("/wall/cn/")
    assert lapses_at("cn", page.context["start"]["ticket"], clock.now())
    assert lapses_at("cn", client.get("/wall/cn/ticket").json()["ticket"], clock.now())
    assert lapses_at(CENTRE, client.get("/command/ticket").json()["ticket"], clock.now())
    assert not lapses_at(CENTRE, client.get("/wall/cn/ticket").json()["ticket"], clock.now())


@pytest.mark.parametrize("path", ["/wall/cn/ticket", "/command/ticket"])
def test_a_member_of_staff_who_left_gets_no_more_tickets(today: World, client: Client, path: str) -> None:
    sign_in(today, client, is_staff=True)
    Member.objects.update(is_staff=False)
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("path", ["/wall/nowhere/", "/wall/cn/events/never/", "/wall/cn/events/ahead/recording"])
def test_there_is_no_wall_of_what_is_not(tonight: World, client: Client, path: str) -> None:
    ahead = tonight.now.replace(second=0, microsecond=0) + DAY
    plan_event("ahead", name={"en": "-"}, now=tonight.now, periods=[Period(tonight.cn.id, ahead, ahead + DAY)])
    sign_in(tonight, client, is_staff=True)
    assert client.get(path).status_code == 404
    assert client.post("/wall/cn/").status_code == 405


def test_from_a_market_that_sells_nothing_one_goes_to_one_that_does(today: World, client: Client) -> None:
    sign_in(today, client, is_staff=True)
    client.cookies["market"] = "us"
    assert client.get("/wall/").headers["location"] == "/wall/cn/"


def test_staff_write_the_log(tonight: World, client: Client) -> None:
    sign_in(tonight, client, is_staff=True, name="Mi")
    assert client.post("/command/incidents", {"text": "Opened", "level": "note"}).status_code == 302
    for bad in ({"text": "", "level": "note"}, {"text": "x", "level": "doom"}, {"text": "x" * 401, "level": "note"}):
        assert client.post("/command/incidents", bad).status_code == 422
    assert [(i.text, i.level, i.by.name) for i in Incident.objects.all()] == [("Opened", "note", "Mi")]


def test_staff_keep_the_rota(tonight: World, client: Client) -> None:
    sign_in(tonight, client, is_staff=True)
    begins = clock.now() + timedelta(hours=1)
    form = {"who": "Mi", "duty": "Gate", "begins_at": f"{begins:%Y-%m-%dT%H:%M}"}
    assert client.post("/command/shifts", form | {"ends_at": form["begins_at"]}).status_code == 422
    answer = client.post("/command/shifts", form | {"ends_at": f"{begins + HOUR:%Y-%m-%dT%H:%M}"})
    assert answer.status_code == 302
    assert len(list(get_messages(answer.wsgi_request))) == 1
    shift = Shift.objects.get()
    assert (shift.event.slug, shift.who, shift.ends_at - shift.begins_at) == ("night", "Mi", HOUR)
    assert client.post(f"/command/shifts/{shift.pk}/remove").status_code == 302
    assert client.post(f"/command/shifts/{shift.pk}/remove").status_code == 404
