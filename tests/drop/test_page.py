"""The drop's page as the server makes it: its state, whose orders it shows, who may buy."""

import json
import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from setaria.people.members.models import Member
from setaria.trade.drops.models import Drop
from tests.world import DAY, HOUR, MINUTE, World


def page(client: Client, drop: Drop, language: str = "en") -> str:
    answer = client.get(f"/drops/{drop.slug}/", headers={"accept-language": language})
    assert answer.status_code == 200
    return answer.content.decode()


def start(html: str) -> dict[str, object]:
    (found,) = re.findall(r'<script id="start" type="application/json">(.*?)</script>', html)
    return json.loads(found)


def sign_in(world: World, client: Client) -> int:
    customer = world.member()
    client.force_login(Member.objects.get(pk=customer))
    return customer


@pytest.mark.parametrize(
    ("opens", "closes", "units", "state"),
    [
        (HOUR, DAY, 1, "before"),
        (-HOUR, DAY, 1, "open"),
        (-HOUR, DAY, 0, "sold_out"),
        (-DAY, -HOUR, 1, "closed"),
    ],
)
def test_it_says_how_the_sale_stands(
    today: World, client: Client, opens: timedelta, closes: timedelta, units: int, state: str
) -> None:
    band = today.thing(stock=2)
    drop = today.drop({band: 1}, opens_at=today.now + opens, closes_at=today.now + DAY)
    Drop.objects.filter(pk=drop.pk).update(closes_at=today.now + closes)
    if not units:
        today.placed(band, drop=drop)
    begin = start(page(client, drop))
    assert begin["state"] == state
    assert begin["opensAt"] == drop.opens_at.isoformat()


def test_before_the_opening_it_shows_the_price_of_the_sale(today: World, client: Client) -> None:
    band = today.thing(price=200, stock=2)
    drop = today.drop({band: 1}, price=150, opens_at=today.now + HOUR)
    assert start(page(client, drop))["items"][0]["price"] == 150


def test_a_stranger_is_asked_to_sign_in_and_comes_back(today: World, client: Client) -> None:
    drop = today.drop({today.thing(stock=1): 1})
    html = page(client, drop)
    assert f'href="/accounts/login/?next=/drops/{drop.slug}/"' in html
    assert 'id="buy"' not in html
    assert start(html)["customer"] is None


def test_a_member_sees_their_own_orders_and_nobody_elses(today: World, client: Client) -> None:
    band = today.thing(price=100, stock=9)
    drop = today.drop({band: 9}, limit=3)
    other = today.placed(band, drop=drop)
    mine = sign_in(today, client)
    order = today.placed((band, 2), by=mine, drop=drop)
    elsewhere = today.placed(today.thing(stock=1), by=mine)
    html = page(client, drop)
    assert f'data-order="{order.id}"' in html
    assert f"/orders/{order.id}/pay" in html
    assert str(other.id) not in html
    assert str(elsewhere.id) not in html
    assert start(html)["items"][0]["left"] == 1


def test_an_order_that_is_paid_is_not_offered_for_payment_again(today: World, client: Client) -> None:
    band = today.thing(price=100, stock=9)
    drop = today.drop({band: 9})
    order = today.placed(band, by=sign_in(today, client), drop=drop)
    today.pay(order)
    html = page(client, drop)
    assert f'data-order="{order.id}"' in html
    assert f"/orders/{order.id}/pay" not in html


def test_where_nothing_is_sold_it_says_so(today: World, client: Client) -> None:
    drop = today.drop({today.thing(stock=1): 1})
    Drop.objects.filter(pk=drop.pk).update(channel=today.us_web)
    sign_in(today, client)
    html = page(client, drop)
    assert "sell nothing ourselves" in html
    assert "At our friends" in html
    assert 'id="buy"' not in html


def test_to_a_visitor_of_another_market_it_says_so(today: World, client: Client) -> None:
    drop = today.drop({today.thing(stock=1): 1})
    sign_in(today, client)
    client.cookies["market"] = "us"
    html = page(client, drop)
    assert "This sale is for China" in html
    assert 'name="market" value="cn"' in html
    assert 'id="buy"' not in html


def test_no_script_or_style_stands_in_the_page(today: World, client: Client) -> None:
    html = page(client, today.drop({today.thing(stock=1): 1}))
    inline = [tag for tag in re.findall(r"<script[^>]*>", html) if "src=" not in tag and "application/json" not in tag]
    assert inline == []
    assert " style=" not in html
    assert "<style" not in html


@pytest.mark.parametrize("absurd", ["</script><script>alert(1)</script>", "x" * 90, "名" * 90, '"&<>'])
def test_absurd_names_do_no_harm(today: World, client: Client, absurd: str) -> None:
    band = today.thing(stock=1)
    band.product.name = {"en": absurd}
    band.product.save()
    html = page(client, today.drop({band: 1}))
    assert absurd in start(html)["items"][0]["name"]
    assert "<script>alert" not in html


def test_as_many_queries_for_twelve_items_as_for_one(today: World, client: Client) -> None:
    sign_in(today, client)
    small = today.drop({today.thing(stock=1): 1})
    large = today.drop({today.thing(stock=1): 1 for _ in range(12)})
    page(client, small)
    with CaptureQueriesContext(connection) as few:
        page(client, small)
    with CaptureQueriesContext(connection) as many:
        page(client, large)
    assert len(many) == len(few)


def test_a_drop_that_is_not_there_is_not_found(today: World, client: Client) -> None:
    assert client.get("/drops/no-such-sale/").status_code == 404


def test_opening_times_are_the_markets_own(today: World, client: Client) -> None:
    drop = today.drop({today.thing(stock=1): 1}, opens_at=today.now + MINUTE)
    assert start(page(client, drop))["timeZone"] == "Asia/Shanghai"
