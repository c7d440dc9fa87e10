"""Who sees the wall's page, and gets tickets from it."""

import pytest
from django.test import Client

from setaria.kernel import clock
from setaria.people.members.models import Member
from setaria.sight.wall.ticket import check
from tests.world import World

PATHS = ["/wall/", "/wall/cn/", "/wall/cn/ticket"]


def sign_in(world: World, client: Client, **fields: object) -> None:
    client.force_login(Member.objects.get(pk=world.member(**fields)))


@pytest.mark.parametrize("path", PATHS)
def test_strangers_are_asked_to_sign_in(today: World, client: Client, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.headers["location"]) == (302, f"/accounts/login/?next={path}")


@pytest.mark.parametrize("path", PATHS)
def test_to_customers_it_is_not_there(today: World, client: Client, path: str) -> None:
    sign_in(today, client)
    assert client.get(path).status_code == 404


def test_staff_see_it_and_get_tickets(today: World, client: Client) -> None:
    sign_in(today, client, is_staff=True)
    assert client.get("/wall/").headers["location"] == "/wall/cn/"
    page = client.get("/wall/cn/")
    assert page.status_code == 200
    assert check("cn", page.context["start"]["ticket"], clock.now())
    assert check("cn", client.get("/wall/cn/ticket").json()["ticket"], clock.now())


def test_a_member_of_staff_who_left_gets_no_more_tickets(today: World, client: Client) -> None:
    sign_in(today, client, is_staff=True)
    Member.objects.update(is_staff=False)
    assert client.get("/wall/cn/ticket").status_code == 404


def test_there_is_no_wall_of_no_market(today: World, client: Client) -> None:
    sign_in(today, client, is_staff=True)
    assert client.get("/wall/nowhere/").status_code == 404
    assert client.post("/wall/cn/").status_code == 405


def test_from_a_market_that_sells_nothing_one_goes_to_one_that_does(today: World, client: Client) -> None:
    sign_in(today, client, is_staff=True)
    client.cookies["market"] = "us"
    assert client.get("/wall/").headers["location"] == "/wall/cn/"
