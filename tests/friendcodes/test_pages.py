"""Codes on the drop's page, behind their links and in the account, as fans, friends and strangers see them."""

from ipaddress import ip_network
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from setaria.people.members.models import Member
from setaria.trade.friendcodes.models import Code, Guess
from tests.drop.conftest import today  # noqa: F401
from tests.friendcodes.night import Night
from tests.friendcodes.test_codes import another, mistyped
from tests.world import World


@pytest.fixture
def night(today: World) -> Night:  # noqa: F811
    return Night(today)


@pytest.fixture
def path(night: Night) -> str:
    return f"/drops/{night.drop.slug}/"


def sign_in(client: Client, customer: int) -> int:
    client.force_login(Member.objects.get(pk=customer))
    return customer


def read(client: Client, path: str) -> str:
    answer = client.get(path, headers={"accept-language": "en"})
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_code_typed_on_the_drops_page_lets_its_member_in(night: Night, client: Client, path: str) -> None:
    _, text = night.code()
    friend = sign_in(client, night.world.member())
    assert client.post(f"{path}pass").json() == {"code": "CODE_NEEDED"}
    assert 'id="typed-code"' in read(client, path)
    assert client.post(f"{path}code", {"code": text.lower()}).headers["location"] == path
    html = read(client, path)
    assert 'id="typed-code"' not in html
    assert "is good for one order" in html
    assert client.post(f"{path}pass").status_code == 200
    night.order(friend)
    assert "used for the order above" in read(client, path)


def test_a_fan_uses_a_code_of_their_own_by_one_button(night: Night, client: Client, path: str) -> None:
    fan = sign_in(client, night.world.member())
    _, text = night.code(fan)
    assert "Use a code of mine" in read(client, path)
    client.post(f"{path}code", {"code": text})
    assert Code.objects.get().spent_by == fan


@pytest.mark.parametrize("what", ["mistyped", "unknown", "empty", "endless", "nul"])
def test_a_code_that_is_none_changes_nothing_and_says_why(night: Night, client: Client, path: str, what: str) -> None:
    _, text = night.code()
    sign_in(client, night.world.member())
    typed = {"mistyped": mistyped(text), "unknown": another(text), "empty": "", "endless": "x" * 5000, "nul": "\0" * 18}
    client.post(f"{path}code", {"code": typed[what]}, headers={"accept-language": "en"})
    said = read(client, path)
    assert ("There is no such code" if what == "unknown" else "a character is missing or wrong") in said
    assert Guess.objects.exists() == (what == "unknown")
    assert Code.objects.get().spent_by is None


def test_a_stranger_learns_nothing_by_trying_links(night: Night, client: Client) -> None:
    _, text = night.code()
    good, wrong = (read(client, f"/codes/{typed}/") for typed in (text, another(text)))
    for html in (good, wrong):
        assert "Sign in, then it is yours" in html
        assert night.drop.slug not in html
    assert client.get(f"/codes/{mistyped(text)}/").status_code == 404
    for what in ("use", "keep"):
        answer = client.post(f"/codes/{text}/{what}")
        assert answer.headers["location"].startswith("/accounts/login/")
    assert Code.objects.get().spent_by is None


def test_a_link_is_used(night: Night, client: Client, path: str) -> None:
    _, text = night.code()
    friend = sign_in(client, night.world.member())
    assert "Use it now" in read(client, f"/codes/{text}/")
    assert client.post(f"/codes/{text}/use").headers["location"] == path
    assert Code.objects.get().spent_by == friend
    assert "You have used this code" in read(client, f"/codes/{text}/")


def test_a_link_is_kept_and_stops_working(night: Night, client: Client) -> None:
    giver, friend = night.world.member(name="Lei Jun"), night.world.member(name="Lin Bin")
    _, text = night.code(giver)
    sign_in(client, friend)
    assert client.post(f"/codes/{text}/keep").headers["location"] == "/account/"
    fresh = night.seen(friend)
    html = read(client, "/account/")
    assert fresh in html
    assert f"/codes/{fresh}/" in html
    sign_in(client, giver)
    html = read(client, "/account/")
    assert "Kept by Lin" in html
    assert "Bin" not in html
    assert fresh not in html
    assert text not in html
    assert "There is no such code" in read(client, f"/codes/{text}/")


@pytest.mark.parametrize("what", ["use", "keep"])
def test_another_site_cannot_spend_in_a_members_name(night: Night, path: str, what: str) -> None:
    _, text = night.code()
    client = Client(enforce_csrf_checks=True)
    sign_in(client, night.world.member())
    assert client.post(f"/codes/{text}/{what}").status_code == 403
    assert client.get(f"/codes/{text}/{what}").status_code == 405
    assert client.post(f"{path}code", {"code": text}).status_code == 403
    assert Code.objects.get().spent_by is None


def test_nobody_sees_somebody_elses_codes(night: Night, client: Client, path: str) -> None:
    _, text = night.code()
    sign_in(client, night.world.member())
    assert text not in read(client, "/account/") + read(client, path)


def test_as_many_queries_for_ten_codes_as_for_one(today: World, client: Client) -> None:  # noqa: F811
    night = Night(today, codes_per_member_max=10)
    fan = sign_in(client, today.member())
    night.give(fan)
    read(client, "/account/")
    with CaptureQueriesContext(connection) as few:
        read(client, "/account/")
    night.give(fan, codes=10)
    with CaptureQueriesContext(connection) as many:
        read(client, "/account/")
    assert len(many) == len(few) <= 20


def test_guesses_are_counted_for_the_address_behind_our_proxy(
    night: Night, client: Client, path: str, settings: Any
) -> None:
    settings.TRUSTED_PROXIES = [ip_network("10.0.0.0/8")]
    _, text = night.code()
    sign_in(client, night.world.member())
    for asker in ("198.51.100.1", "198.51.100.2", "198.51.100.2"):
        came: Any = {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": asker}
        client.post(f"{path}code", {"code": another(text)}, **came)
    by_address = Guess.objects.filter(subject__startswith="address").values_list("wrong", flat=True)
    assert sorted(by_address) == [1, 2]
