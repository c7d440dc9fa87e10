"""Rates, promotions and programmes kept in memory are those of the database: a change counts in the next quote."""

from collections.abc import Callable
from datetime import timedelta
from subprocess import run
from sys import executable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from setaria.goods.catalog.models import Variant
from setaria.kernel.ids import new_id
from setaria.trade.orders.requests import Line
from setaria.trade.points.correct import correct
from setaria.trade.points.models import Programme
from setaria.trade.promotions.models import Code, Promotion
from setaria.trade.promotions.plan import end
from setaria.trade.promotions.spend import Wish, reserve
from setaria.trade.quotes.models import DeliveryTaxRule, Exemption, MarketRules, ShippingRate, TaxRate
from setaria.trade.quotes.queries import Choice, Priced, price
from setaria.trade.quotes.rates import set_delivery, set_tax
from tests.promotions.test_spend import promotion
from tests.world import DAY, HOUR, MICROSECOND, SECOND, World

pytestmark = pytest.mark.django_db(transaction=True)

CHOICE = Choice(delivery="post", codes=("TEN",), points=True)


def laid_out(world: World) -> Variant:
    ShippingRate.objects.create(market=world.cn, code="post", name={"en": "Post"}, amount=1_000)
    Code.objects.create(promotion=promotion(world, since=world.now - HOUR, budget_uses=9, per_customer=2), text="TEN")
    Programme.objects.create(market=world.cn, earned_bp=100, share_max_bp=5_000, since=world.now)
    return world.thing(price=11_300, stock=9)


def with_points(world: World) -> int:
    member = world.member()
    correct(new_id(), member, world.cn.pk, 500, note="for a test", by="ada@example.org", now=world.now)
    return member


@pytest.fixture
def thing(world: World) -> Variant:
    """Something that is quoted by a rule of each sort."""
    return laid_out(world)


@pytest.fixture
def fan(world: World, thing: Variant) -> int:
    """A member with points to spend."""
    return with_points(world)


def quoted(world: World, thing: Variant, by: int | None = None, choice: Choice = CHOICE) -> Priced:
    return price([Line(thing.pk, 1, 11_300)], world.cn, choice, customer_id=by, now=world.now)


CHANGES: dict[str, Callable[[World], object]] = {
    "delivery": lambda w: ShippingRate.objects.update(amount=2_000),
    "another way": lambda w: ShippingRate.objects.create(market=w.cn, code="a", name={}, amount=1, position=0),
    "no way": lambda w: ShippingRate.objects.all().delete(),
    "tax": lambda w: TaxRate.objects.create(market=w.cn, kind=w.kind, rate_bp=900),
    "market's tax": lambda w: type(w.cn).objects.filter(pk=w.cn.pk).update(tax_rate_bp=800),
    "rounding": lambda w: MarketRules.objects.create(market=w.cn, rounding="order_half_up"),
    "delivery's tax": lambda w: DeliveryTaxRule.objects.create(market=w.cn, rule="none"),
    "promotion": lambda w: Promotion.objects.update(percent_bp=2_000),
    "promotion ended": lambda w: end(Promotion.objects.get().pk, by="ada@example.org", now=w.now),
    "promotion for all": lambda w: promotion(w, needs_code=False, percent_bp=3_000),
    "programme": lambda w: Programme.objects.update(share_max_bp=100),
    "no programme": lambda w: Programme.objects.all().delete(),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_counts_in_the_next_quote(world: World, thing: Variant, fan: int, what: str) -> None:
    before = quoted(world, thing, fan)
    assert quoted(world, thing, fan) == before
    CHANGES[what](world)
    after = quoted(world, thing, fan)
    assert (after.quote, after.ways) != (before.quote, before.ways) or what == "rounding"
    with connection.cursor() as cursor:
        cursor.execute("UPDATE quotes_version SET number = number + 1")
    assert quoted(world, thing, fan) == after  # as read afresh


@pytest.mark.parametrize("what", [what for what in CHANGES if what != "rounding"])
def test_without_the_version_it_would_not(broken_world: World, what: str) -> None:
    """The twin: it is the version that proves what is remembered."""
    world = broken_world
    phone, member = laid_out(world), with_points(world)
    before = quoted(world, phone, member)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE quotes_version RENAME TO quotes_version_kept")
        cursor.execute("CREATE TABLE quotes_version AS SELECT * FROM quotes_version_kept")
        cursor.execute("CREATE RULE stays AS ON UPDATE TO quotes_version DO INSTEAD NOTHING")
        try:
            CHANGES[what](world)
            assert quoted(world, phone, member).quote == before.quote
        finally:
            cursor.execute("DROP TABLE quotes_version")
            cursor.execute("ALTER TABLE quotes_version_kept RENAME TO quotes_version")
            cursor.execute("UPDATE quotes_version SET number = number + 1")
    assert quoted(world, phone, member) != before


def test_a_change_in_another_process_counts_in_the_next_quote(world: World, thing: Variant) -> None:
    assert quoted(world, thing).quote.total == 11_300 - 1_130 + 1_000
    url = connection.get_connection_params()
    told = " ".join(f"{key}='{url[key]}'" for key in ("host", "port", "user", "password", "dbname") if url.get(key))
    change = f"import psycopg; psycopg.connect({told!r}, autocommit=True).execute('UPDATE quotes_shippingrate SET amount = 7')"
    run([executable, "-c", change], check=True)
    assert quoted(world, thing).quote.total == 11_300 - 1_130 + 7


def test_a_rate_counts_from_its_instant_on(world: World, thing: Variant) -> None:
    at = world.now + HOUR
    post = ShippingRate(market=world.cn, code="post", name={"en": "Post"}, amount=3_000, since=at)
    set_delivery(post, by="ada@example.org", now=world.now)
    set_tax(TaxRate(market=world.cn, kind=world.kind, rate_bp=0, since=at), by="ada@example.org", now=world.now)
    promotion(world, needs_code=False, percent_bp=0, amount=50, since=at, until=at + DAY)

    def parts(choice: Choice) -> list[tuple[str, int]]:
        return [
            (part.source.partition(":")[0], part.amount) for part in quoted(world, thing, choice=choice).quote.parts
        ]

    before = [("shipping", 1_000), ("tax", 1_415)]
    assert parts(Choice()) == before
    world.later(HOUR - MICROSECOND)
    assert parts(Choice()) == before
    world.later(MICROSECOND)
    assert parts(Choice()) == [("promotion", -50), ("shipping", 3_000), ("tax", 345)]
    world.later(-SECOND)  # and a quote as of before is as it was
    assert parts(Choice()) == before


def test_what_is_the_buyers_own_is_never_remembered(world: World, thing: Variant, fan: int) -> None:
    first = quoted(world, thing, fan)
    assert (first.points, first.points_spent, len(first.wishes)) == (500, 500, 1)
    correct(new_id(), fan, world.cn.pk, -497, note="for a test", by="ada@example.org", now=world.now)
    assert quoted(world, thing, fan).points_spent == 3
    one = Promotion.objects.get()
    for _ in range(2):
        assert reserve(new_id(), fan, [Wish(one.pk, 10, Code.objects.get().pk)], now=world.now) is None
    assert quoted(world, thing, fan).problems == {"TEN": "OVER_LIMIT"}
    assert quoted(world, thing, world.member()).problems == {}
    Promotion.objects.filter(pk=one.pk).update(budget_uses=2)
    assert quoted(world, thing, world.member()).problems == {"TEN": "USED_UP"}
    Exemption.objects.create(member_id=fan, market=world.cn, certificate="X 1", valid=(world.now, world.now + DAY))
    assert "tax-exempt:1300" in [part.source for part in quoted(world, thing, fan).quote.parts]


def test_using_a_promotion_is_no_change_of_its_terms(world: World, thing: Variant) -> None:
    def number() -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT number FROM quotes_version")
            return int(cursor.fetchone()[0])

    before = number()
    assert reserve(new_id(), world.member(), [Wish(Promotion.objects.get().pk, 10)], now=world.now) is None
    assert number() == before
    Promotion.objects.update(priority=1)
    assert number() > before


@pytest.mark.parametrize("many", [1, 9])
def test_a_quote_is_one_trip_whatever_is_in_it(world: World, thing: Variant, fan: int, many: int) -> None:
    for n in range(many):
        promotion(world, needs_code=False)
        ShippingRate.objects.create(market=world.cn, code=f"way-{n}", name={}, amount=n)
    lines = [Line(world.thing(stock=1).pk, 1, 100) for _ in range(many)]
    price(lines, world.cn, CHOICE, customer_id=fan, now=world.now)
    with CaptureQueriesContext(connection) as queries:
        price(lines, world.cn, CHOICE, customer_id=fan, now=world.now + timedelta(seconds=1))
    assert len(queries) == 1, [q["sql"][:90] for q in queries]
