"""A campaign called off: nothing of it opens, and everything is where it was."""

from datetime import timedelta

import pytest
from django.db import IntegrityError
from django.db.models import QuerySet
from django.test import Client

from setaria.goods.pricing.models import Price
from setaria.goods.pricing.price import LEAD, set_price
from setaria.goods.pricing.queries import prices_at
from setaria.kernel import clock
from setaria.markets.events.models import Event
from setaria.site.campaigns import cli
from setaria.trade.campaigns import approve
from setaria.trade.campaigns.answers import Done, Refused
from setaria.trade.campaigns.call_off import call_off
from setaria.trade.campaigns.models import Campaign, Status
from setaria.trade.campaigns.queries import live_in
from setaria.trade.campaigns.turn import turn
from setaria.trade.drops.models import Drop
from setaria.trade.orders.place import place
from setaria.trade.orders.requests import Refused as NotPlaced
from tests.campaigns.conftest import Bureau
from tests.races.together import together
from tests.world import DAY, World

PATH = "/campaigns/singles-day/call-off"


def off(bureau: Bureau) -> object:
    return call_off("singles-day", by=bureau.writer, now=bureau.world.now)


def code(answer: object) -> str:
    assert isinstance(answer, Refused), answer
    return answer.code


def prices(bureau: Bureau) -> list[tuple[int, int]]:
    """Every variant's price on the campaign's day."""
    things = [bureau.band.pk, bureau.phone.pk, bureau.pen.pk]
    return sorted(prices_at(things, bureau.world.cn.id, bureau.world.now + 8 * DAY).items())


def test_an_approved_campaign_leaves_nothing_behind(bureau: Bureau) -> None:
    world = bureau.world
    before = (prices(bureau), world.stock(bureau.band), world.stock(bureau.phone))
    campaign = bureau.all_the_way()
    assert (prices(bureau), world.stock(bureau.band)) != before[:2]
    assert isinstance(off(bureau), Done)
    assert (prices(bureau), world.stock(bureau.band), world.stock(bureau.phone)) == before
    drop = Drop.objects.get()
    assert drop.finished_at == world.now
    assert live_in(world.cn, campaign.opens_at - DAY) is None
    assert not Event.objects.exists()
    world.now = drop.opens_at
    (answer,) = place([world.ask((bureau.band, 1, 8000), drop=drop)], now=world.now)
    assert isinstance(answer, NotPlaced)
    assert turn(campaign.closes_at + DAY) == []
    assert Campaign.objects.get().status == Status.APPROVED


def test_one_that_is_only_planned_goes_no_further(bureau: Bureau) -> None:
    bureau.planned()
    bureau.pledge()
    bureau.checked()
    bureau.rehearsed()
    off(bureau)
    assert code(bureau.approved()) == "CALLED_OFF"
    assert code(off(bureau)) == "CALLED_OFF"
    assert not Drop.objects.exists()


def test_what_has_begun_goes_on(bureau: Bureau) -> None:
    campaign = bureau.all_the_way()
    bureau.world.now = campaign.opens_at - LEAD
    assert code(off(bureau)) == "BEGAN"
    bureau.world.now = campaign.opens_at
    turn(bureau.world.now)
    assert code(off(bureau)) == "BEGAN"
    assert Drop.objects.get().finished_at is None
    with pytest.raises(IntegrityError, match="campaign_called_off_before_it_opens"):
        Campaign.objects.update(called_off_at=bureau.world.now, called_off_by=bureau.writer)


def test_only_staff_calls_off_what_there_is(bureau: Bureau) -> None:
    bureau.all_the_way()
    assert code(call_off("singles-day", by=bureau.fan, now=bureau.world.now)) == "NOT_STAFF"
    assert code(call_off("never", by=bureau.writer, now=bureau.world.now)) == "NO_CAMPAIGN"
    assert Campaign.objects.get().called_off_at is None


def test_a_price_that_staff_set_since_stays(bureau: Bureau) -> None:
    campaign = bureau.all_the_way()
    noon = campaign.opens_at + timedelta(hours=12)
    set_price(bureau.band.pk, bureau.world.cn.id, 7000, since=noon, until=noon + DAY, now=bureau.world.now)
    off(bureau)
    assert Price.objects.filter(variant=bureau.band, amount=8000).count() == 0
    assert prices_at([bureau.band.pk], bureau.world.cn.id, noon) == {bureau.band.pk: 7000}


def test_approved_and_called_off_at_once_it_is_off(bureau: Bureau) -> None:
    bureau.planned()
    bureau.pledge()
    bureau.checked()
    bureau.rehearsed()
    approved, called = together(bureau.approved, lambda: off(bureau))
    assert isinstance(called, Done)
    assert isinstance(approved, Done) or code(approved) == "CALLED_OFF"
    assert Campaign.objects.get().called_off_at is not None
    assert not Drop.objects.filter(finished_at=None).exists()


def test_twin_without_the_locks_it_is_off_and_its_drops_open_all_the_same(
    broken_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    bureau = Bureau(broken_world)
    bureau.planned()
    bureau.pledge()
    bureau.checked()
    bureau.rehearsed()
    called: list[object] = []

    def make(*given: object) -> object:
        called.extend(together(lambda: off(bureau)))  # whoever calls it off comes between the look and the deed
        return made(*given)

    made = approve.make
    monkeypatch.setattr(approve, "make", make)
    monkeypatch.setattr(QuerySet, "select_for_update", lambda rows, **_how: rows)
    assert isinstance(bureau.approved(), Done)
    assert [type(answer) for answer in called] == [Done]
    assert Campaign.objects.get().called_off_at is not None
    assert Drop.objects.filter(finished_at=None).exists()


# --- its doors ---


@pytest.fixture
def today(transactional_db: None) -> Bureau:
    made = Bureau(World(clock.now()))
    made.world.now = clock.now()
    made.planned()
    return made


@pytest.mark.parametrize("who", ["nobody", "fan", "elsewhere", "reader"])
def test_the_wrong_person_calls_nothing_off(today: Bureau, client: Client, who: str) -> None:
    if who == "nobody":
        assert client.post(PATH).status_code == 302
    elif who == "fan":
        client.force_login(today.fan)
        assert client.post(PATH).status_code == 404
    elif who == "elsewhere":
        strict = Client(enforce_csrf_checks=True)
        strict.force_login(today.second)
        assert strict.post(PATH).status_code == 403
    else:
        client.force_login(today.second)
        assert client.get(PATH).status_code == 405
    assert today.campaign.called_off_at is None


def test_staff_calls_off_on_the_page_and_it_says_so(today: Bureau, client: Client) -> None:
    client.force_login(today.second)
    client.cookies["django_language"] = "en"
    english = {"accept-language": "en"}
    assert "Call it off for good" in client.get("/campaigns/singles-day/", headers=english).content.decode()
    assert client.post(PATH).headers["location"] == "/campaigns/singles-day/"
    page = client.get("/campaigns/singles-day/", headers=english).content.decode()
    assert "Called off by" in page
    assert "Call it off for good" not in page
    assert "Called off" in client.get("/campaigns/", headers=english).content.decode()
    assert client.post("/campaigns/never/call-off").status_code == 404


def test_the_command_calls_off(today: Bureau, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.call_off("singles-day", "nobody@example.org") == 1
    assert cli.call_off("singles-day", today.writer.email) == 0
    assert "is called off" in capsys.readouterr().out
    assert cli.call_off("singles-day", today.writer.email) == 1
