"""Many codes at once, promotions of kinds and groups, and rates withdrawn before they begin."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from setaria.goods.catalog.models import Kind
from setaria.people.members.models import Member
from setaria.trade.orders.requests import Line
from setaria.trade.promotions import plan
from setaria.trade.promotions.models import CODE, Code, Promotion
from setaria.trade.promotions.plan import Answer, add_codes
from setaria.trade.quotes.models import DeliveryTaxRule, ShippingRate, TaxRate
from setaria.trade.quotes.queries import Choice, price
from setaria.trade.quotes.rulebook import rules_of
from tests.money.test_doors import local, promotion, text
from tests.races.together import MeetingPoint, together
from tests.world import DAY, HOUR, SECOND, World

BY = "ada@example.org"


@pytest.fixture
def boss(store: World, staff: Client) -> Client:
    member = Member.objects.get(is_staff=True)
    names = ("add_promotion", "add_taxrate", "add_shippingrate")
    member.user_permissions.set(Permission.objects.filter(codename__in=names))
    return staff


def made(boss: Client, store: World, **fields: object) -> Promotion:
    text(boss, "/money/promotions/make", promotion(store, **fields))
    return Promotion.objects.latest("pk")


def test_many_codes_are_handed_out_once_and_each_works_once(store: World, boss: Client) -> None:
    found = made(boss, store, code="", many="on")
    assert (found.needs_code, Code.objects.count()) == (True, 0)
    assert "none yet" in boss.get("/money/promotions/").content.decode()
    file = boss.post(f"/money/promotions/{found.pk}/codes", {"count": "25"})
    heading, *codes = file.content.decode().split()
    assert (heading, len(set(codes)), file["Content-Type"]) == ("code", 25, "text/csv; charset=utf-8")
    assert f"codes-{found.pk}.csv" in file["Content-Disposition"]
    assert set(Code.objects.filter(text__regex=CODE, uses_max=1).values_list("text", flat=True)) == set(codes)
    page = boss.get("/money/promotions/").content.decode()
    assert "and 22 more" in page
    assert sum(code in page for code in codes) == 3
    thing = store.thing(price=10_000, stock=1)
    choice = Choice(codes=(codes[0],))
    quoted = price([Line(thing.pk, 1, 10_000)], store.cn, choice, customer_id=store.member(), now=store.now + HOUR)
    assert quoted.quote.total == 9_000


@pytest.mark.parametrize("count", ["0", "-1", "x", "100001", "99999999999", "¹"])
def test_so_many_codes_and_no_more(store: World, boss: Client, count: str) -> None:
    found = made(boss, store, code="", many="on")
    assert "none was made" in text(boss, f"/money/promotions/{found.pk}/codes", {"count": count})
    assert not Code.objects.exists()


def test_what_works_by_itself_or_is_over_has_no_codes(store: World, boss: Client) -> None:
    alone = made(boss, store, code="")
    assert add_codes(alone.pk, 1, by=BY, now=store.now) is Answer.NO_CODES
    found = made(boss, store, code="", many="on")
    assert add_codes(found.pk, 1, by=" ", now=store.now) is Answer.UNSIGNED
    assert add_codes(found.pk, 1, by=BY, now=found.until) is Answer.OVER
    assert "one of the two" in text(boss, "/money/promotions/make", promotion(store, many="on"), status=422)


def asked_twice(world: World, found: Promotion) -> list[object]:
    now = world.now
    return together(*[lambda: add_codes(found.pk, 3, by=BY, now=now)] * 2)


@pytest.fixture
def few(store: World, boss: Client, monkeypatch: pytest.MonkeyPatch) -> Promotion:
    monkeypatch.setattr(plan, "CODES_MAX", 5)
    return made(boss, store, code="", many="on")


def test_asked_for_twice_at_once_both_stay_within(store: World, few: Promotion) -> None:
    assert sorted(type(each).__name__ for each in asked_twice(store, few)) == ["Answer", "list"]
    assert few.codes.count() == 3


def test_twin_without_the_lock_there_are_too_many(
    store: World, few: Promotion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan, "_locked", lambda id, now: Promotion.objects.get(pk=id))
    meet = MeetingPoint().before(monkeypatch, (plan, "make_codes"))
    assert [type(each) for each in asked_twice(store, few)] == [list, list]
    assert meet.all_met
    assert few.codes.count() == 6


def test_kinds_and_groups_are_kept_and_shown(store: World, boss: Client) -> None:
    books = Kind.objects.create(slug="books", name={"en": "Books"})
    found = made(boss, store, kinds=[books.pk], group="spring", priority="2")
    assert (found.kind_ids, found.group, found.alone, found.priority) == ([books.pk], "spring", False, 2)
    page = boss.get("/money/promotions/").content.decode()
    assert "the best of “spring”" in page
    assert "<dd>Books</dd>" in page
    assert made(boss, store, code="", alone="on").alone


def test_a_page_of_promotions_takes_as_many_queries_however_many_codes(
    store: World, boss: Client, queries_of: Callable[[Client, str], int]
) -> None:
    found = made(boss, store, code="", many="on")
    before = queries_of(boss, "/money/promotions/")
    for _ in range(3):
        add_codes(found.pk, 50, by=BY, now=store.now)
        made(boss, store, code="", many="on")
    assert queries_of(boss, "/money/promotions/") == before


# --- rates ---


def test_a_rate_is_withdrawn_before_it_begins_and_not_after(store: World, boss: Client) -> None:
    form = {"market": store.cn.pk, "kind": Kind.objects.get().pk, "percent": "9", "since": local(store, DAY)}
    text(boss, "/money/rates/tax", form)
    rate = TaxRate.objects.get()
    assert f"/money/rates/tax/{rate.pk}/withdraw" in boss.get("/money/rates/").content.decode()
    assert "will not begin" in text(boss, f"/money/rates/tax/{rate.pk}/withdraw", {})
    assert "is gone" in text(boss, f"/money/rates/tax/{rate.pk}/withdraw", {})
    assert not TaxRate.objects.exists()
    begun = ShippingRate.objects.create(market=store.cn, code="std", name={"en": "x"}, amount=1, since=store.now)
    later = ShippingRate.objects.create(market=store.cn, code="std", name={"en": "x"}, amount=2, since=store.now + DAY)
    assert "has begun" in text(boss, f"/money/rates/delivery/{begun.pk}/withdraw", {})
    assert "will not begin" in text(boss, f"/money/rates/delivery/{later.pk}/withdraw", {})
    assert ShippingRate.objects.get() == begun


# --- an order is looked for ---


def test_without_a_number_one_is_asked_for(store: World, boss: Client) -> None:
    page = boss.get("/money/orders/")
    assert page.status_code == 200
    assert 'name="number"' in page.content.decode()


def test_delivery_is_taxed_by_another_rule_from_an_instant_on(store: World, boss: Client) -> None:
    assert "at the standard rate" in boss.get("/money/rates/").content.decode()
    form = {"market": store.cn.pk, "rule": "goods", "since": local(store)}
    assert "is set" in text(boss, "/money/rates/delivery-tax", form)
    text(boss, "/money/rates/delivery-tax", form | {"rule": "x"}, status=422)
    text(boss, "/money/rates/delivery-tax", form | {"since": local(store, DAY), "rule": "none"})
    page = boss.get("/money/rates/").content.decode()
    assert "as the goods it brings" in page
    first, later = DeliveryTaxRule.objects.order_by("since")
    assert ("@" in first.by, f"/money/rates/delivery-tax/{later.pk}/withdraw" in page) == (True, True)
    assert f"/money/rates/delivery-tax/{first.pk}/withdraw" not in page
    rules = rules_of(store.cn.pk)
    at = [first.since - SECOND, first.since, later.since]
    assert [rules.tax_at(each, exempt=False).delivery for each in at] == ["standard", "goods", "none"]
    assert "is over" in text(boss, "/money/rates/delivery-tax", form | {"since": local(store, -DAY)}, status=422)
    assert "from then on" in text(boss, "/money/rates/delivery-tax", form | {"since": local(store, DAY)}, status=422)
    assert "will not begin" in text(boss, f"/money/rates/delivery-tax/{later.pk}/withdraw", {})
    assert "has begun" in text(boss, f"/money/rates/delivery-tax/{first.pk}/withdraw", {})
    assert DeliveryTaxRule.objects.get() == first
