"""The draw's panel, page and file, as members and strangers see them."""

import json
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from setaria.channels.storefront import draw as view
from setaria.people.members.models import Member
from setaria.trade.admission.lanes import Lane
from setaria.trade.draws import draw as drawing
from setaria.trade.draws.models import Entry
from setaria.trade.draws.verify import verify
from setaria.trade.drops.models import Drop
from tests.draws.night import Night
from tests.drop.conftest import today  # noqa: F401
from tests.world import DAY, HOUR, MINUTE, SECOND, World


def sign_in(client: Client, customer: int) -> int:
    client.force_login(Member.objects.get(pk=customer))
    return customer


def read(client: Client, path: str, language: str = "en") -> str:
    answer = client.get(path, headers={"accept-language": language})
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.fixture
def night(today: World) -> Night:  # noqa: F811
    return Night(today)


@pytest.fixture
def path(night: Night) -> str:
    return f"/drops/{night.drop.slug}/"


def drawn(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw, and let the pages believe it is after the drop's opening."""
    night.run()
    night.open()
    for module in (view, __import__("setaria.channels.storefront.drop", fromlist=["drop"])):
        monkeypatch.setattr(module, "now", lambda: night.world.now)


def test_a_member_enters_and_withdraws(night: Night, client: Client, path: str) -> None:
    fan = sign_in(client, night.world.member())
    assert "Enter the draw" in read(client, path)
    answer = client.post(f"{path}draw/enter", {"sku": night.phone.sku})
    assert (answer.status_code, answer.headers["location"]) == (302, path)
    html = read(client, path)
    assert Entry.objects.get(customer_id=fan).pseudonym in html
    assert "Withdraw from the draw" in html
    client.post(f"{path}draw/withdraw")
    assert not Entry.objects.exists()
    assert "Enter the draw" in read(client, path)


def test_where_there_are_several_one_chooses(today: World, client: Client) -> None:  # noqa: F811
    night = Night(today, also=1)
    sign_in(client, today.member())
    html = read(client, f"/drops/{night.drop.slug}/")
    assert html.count('type="radio" name="sku"') == 2
    client.post(f"/drops/{night.drop.slug}/draw/enter", {"sku": night.band.sku})
    assert Entry.objects.get().variant_id == night.band.id


def test_a_stranger_is_asked_to_sign_in_and_cannot_enter(night: Night, client: Client, path: str) -> None:
    html = read(client, path)
    assert f"/accounts/login/?next={path}" in html
    assert 'id="buy"' not in html
    answer = client.post(f"{path}draw/enter", {"sku": night.phone.sku})
    assert answer.status_code == 302
    assert answer.headers["location"].startswith("/accounts/login/")
    assert not Entry.objects.exists()


@pytest.mark.parametrize("what", ["enter", "withdraw"])
def test_another_site_cannot_act_in_a_members_name(night: Night, path: str, what: str) -> None:
    client = Client(enforce_csrf_checks=True)
    sign_in(client, night.world.member())
    assert client.post(f"{path}draw/{what}", {"sku": night.phone.sku}).status_code == 403
    assert client.get(f"{path}draw/{what}").status_code == 405


@pytest.mark.parametrize("sku", ["", "NO-SUCH", "x" * 9999, "\0"])
def test_what_is_not_there_cannot_be_entered_for(night: Night, client: Client, path: str, sku: str) -> None:
    sign_in(client, night.world.member())
    assert client.post(f"{path}draw/enter", {"sku": sku}).status_code in (400, 404)
    assert not Entry.objects.exists()


def test_who_may_not_enter_is_told_so(today: World, client: Client) -> None:  # noqa: F811
    night = Night(today, lanes=[Lane("fans", today.now + 10 * MINUTE, points_min=5)])
    path = f"/drops/{night.drop.slug}/"
    sign_in(client, today.member(fan_points=5))
    assert "You may enter from" in read(client, path)
    client.post(f"{path}draw/enter", {"sku": night.phone.sku}, headers={"accept-language": "en"})
    assert "does not take your entry yet" in read(client, path)
    sign_in(client, today.member())
    assert "not open to your account" in read(client, path)
    assert not Entry.objects.exists()


def test_everybody_is_told_what_the_draw_means_for_them(
    night: Night, client: Client, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    night.fans(5)
    drawn(night, monkeypatch)
    first, second, third, fourth, _ = night.ranks()

    def seen(customer: int | None, what: str = "") -> str:
        client.logout()
        if customer is not None:
            sign_in(client, customer)
        return read(client, path + what)

    html = seen(first)
    assert "You won a place" in html
    assert 'id="buy"' in html
    assert "number 1 of the reserve" in seen(third)
    assert "number 2 of the reserve" in seen(fourth, "draw/")
    assert 'id="buy"' not in seen(third)
    assert "You did not enter" in seen(night.world.member())
    assert "Sign in to see" in seen(None)
    night.order(first)
    html = seen(first)
    assert "You have ordered with it" in html
    assert 'id="buy"' not in html
    night.pass_on(HOUR + MINUTE)
    assert "has passed on" in seen(second)
    assert "You won a place" in seen(third)
    assert "number 1 of the reserve" in seen(fourth)
    night.world.now = night.drop.closes_at
    assert "Not this time" in seen(fourth)


def test_a_place_is_announced_in_the_account(night: Night, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    from setaria.channels.storefront import account

    night.fans(3)
    drawn(night, monkeypatch)
    monkeypatch.setattr(account, "now", lambda: night.world.now)
    first, _, third = night.ranks()
    sign_in(client, first)
    assert "Places offered to you" in read(client, "/account/")
    night.order(first)
    assert "Places offered to you" not in read(client, "/account/")
    sign_in(client, third)
    assert "Places offered to you" not in read(client, "/account/")


def test_the_pass_is_for_winners(night: Night, client: Client, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    night.fans(3)
    sign_in(client, night.ranks()[0])
    answer = client.post(f"{path}pass")
    assert (answer.status_code, answer.json()) == (403, {"code": "NOT_DRAWN"})
    drawn(night, monkeypatch)
    first, _, third = night.ranks()
    sign_in(client, third)
    assert client.post(f"{path}pass").status_code == 403
    sign_in(client, first)
    assert client.post(f"{path}pass").status_code == 200


def test_a_draw_not_announced_yet_lets_nobody_in(today: World, client: Client) -> None:  # noqa: F811
    drop = today.drop({today.thing(stock=1): 1}, admission=Drop.Admission.DRAW)
    sign_in(client, today.member())
    html = read(client, f"/drops/{drop.slug}/")
    assert "not been announced" in html
    assert 'id="buy"' not in html
    assert client.post(f"/drops/{drop.slug}/pass").json() == {"code": "NOT_DRAWN"}
    assert client.get(f"/drops/{drop.slug}/draw/").status_code == 404
    assert client.get(f"/drops/{drop.slug}/draw.json").status_code == 404


def test_the_file_tells_at_each_time_what_may_be_known(night: Night, client: Client, path: str) -> None:
    def file() -> dict[str, object]:
        answer = client.get(f"{path}draw.json")
        assert answer.status_code == 200
        return json.loads(b"".join(answer.streaming_content))

    fans = night.fans(7)
    before = file()
    assert (before["entries"], before["seed"], before["winners"]) == ([], "", {})
    assert before["places"] == {night.phone.sku: 2}
    night.close()
    drawing.seal(night.id, now=night.world.now)
    sealed = file()
    assert (len(sealed["entries"]), sealed["seed"], sealed["winners"]) == (7, "", {})
    drawing.draw(night.id, now=night.world.now)
    after = file()
    assert verify(after, before["seed_sha256"]) == []
    assert len(after["winners"][night.phone.sku]) == 2
    text = json.dumps(after)
    assert not any(f'"{fan}"' in text or f" {fan}," in text for fan in fans)


def test_the_page_shows_the_same_as_the_file(night: Night, client: Client, path: str) -> None:
    night.fans(3)
    night.run()
    file = json.loads(b"".join(client.get(f"{path}draw.json").streaming_content))
    for language in ("en", "zh"):
        html = read(client, f"{path}draw/", language)
        assert all(file[name] in html for name in ("seed", "seed_sha256", "entries_sha256"))


def test_as_many_queries_for_many_entries_as_for_few(today: World, client: Client) -> None:  # noqa: F811
    counts = []
    for fans in (1, 30):
        night = Night(today, closes_in=HOUR + SECOND, opens_in=DAY)
        night.fans(fans)
        path = f"/drops/{night.drop.slug}/"
        sign_in(client, night.ranks()[0])
        read(client, path)
        for what in ("", "draw/"):
            with CaptureQueriesContext(connection) as queries:
                read(client, path + what)
            counts.append(len(queries))
    assert counts[:2] == counts[2:]
    assert max(counts) <= 25


def test_no_script_or_style_stands_in_the_pages() -> None:
    templates = Path(view.__file__).parent / "templates" / "storefront"
    for name in ("draw.html", "code.html", "parts/draw.html", "parts/draw_form.html", "parts/draw_luck.html",
                 "parts/code.html", "parts/account_codes.html", "parts/account_drawn.html"):  # fmt: skip
        text = (templates / name).read_text()
        assert " style=" not in text
        assert "<script>" not in text
