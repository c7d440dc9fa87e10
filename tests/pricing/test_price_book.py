"""The price book's times: nothing begins before it is committed, nothing that has begun is changed."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from tests.world import DAY, World

from setaria.goods.catalog.models import Variant
from setaria.goods.pricing.models import Price
from setaria.goods.pricing.price import LEAD, TooSoon, set_price
from setaria.kernel import clock

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def today() -> World:
    return World(now=clock.now())


def test_a_price_gives_way_a_moment_ahead(today: World) -> None:
    band = today.thing(price=100)
    since = today.now + DAY
    set_price(band.id, today.cn.id, 90, since=since, now=since - LEAD)
    assert Price.objects.get(variant=band, valid__contains=since).amount == 90


def test_too_soon_is_refused_and_changes_nothing(today: World) -> None:
    band = today.thing(price=100)
    with pytest.raises(TooSoon, match="begin at"):
        set_price(band.id, today.cn.id, 90, since=today.now, now=today.now)
    assert [price.amount for price in Price.objects.filter(variant=band)] == [100]


def test_a_first_price_may_begin_at_once(today: World) -> None:
    band = today.thing(price=None)
    set_price(band.id, today.cn.id, 100, since=today.now, now=today.now)
    assert Price.objects.get(variant=band).amount == 100


def slow_change(today: World, variant: Variant) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        since = clock.now() + timedelta(seconds=0.2)
        set_price(variant.id, today.cn.id, 90, since=since, now=since - LEAD)
        cursor.execute("SELECT pg_sleep(0.3)")


def test_a_commit_that_comes_after_the_beginning_is_refused_by_the_database(today: World) -> None:
    band = today.thing(price=100)
    with pytest.raises(DatabaseError, match="begins before it is committed"):
        slow_change(today, band)
    assert [price.amount for price in Price.objects.filter(variant=band)] == [100]
