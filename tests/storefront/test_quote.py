"""The checkout's sum: what the buyer saw is what is ordered, and every amount says why."""

import re
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from setaria.channels.storefront.explain import PROBLEMS, RESERVING, TEXTS, percent
from setaria.goods.catalog.models import Kind, Product
from setaria.markets.models import Market
from setaria.people.members.models import Member
from setaria.trade.orders import models
from setaria.trade.orders.models import Order
from setaria.trade.promotions.models import Code, Promotion, Use
from setaria.trade.promotions.rules import Problem
from setaria.trade.promotions.spend import Refusal
from setaria.trade.purchases import buy
from setaria.trade.quotes.models import Exemption, MarketRules, ShippingRate, TaxRate
from setaria.trade.quotes.queries import Priced, Pricing
from tests.promotions.test_spend import promotion, used
from tests.storefront.conftest import ADDRESS
from tests.storefront.test_basket import put
from tests.storefront.test_checkout import fields_of, hidden
from tests.world import DAY, SECOND, World


def way(world: World, code: str = "standard", amount: int = 1_000, **fields: object) -> ShippingRate:
    return ShippingRate.objects.create(
        **{"market": world.cn, "code": code, "name": {"en": code.title()}, "amount": amount} | fields
    )


def coupon(world: World, text: str = "TEN", **fields: object) -> Promotion:
    made = promotion(world, **fields)
    Code.objects.create(promotion=made, text=text)
    return made


def seen(page: str) -> str:
    """The page's text, spaces made one."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_the_sum_says_what_it_is_made_of_and_is_what_is_ordered(store: World, fan: Client) -> None:
    way(store, free_from=20_000)
    coupon(store)
    put(fan, store.thing("phone", price=11_300, stock=5))
    page = fan.get("/checkout/").content.decode()
    assert "Standard; free from ¥200 on" in page
    assert "13%, within the prices above" in page
    sent = fields_of(page) | {"codes": "ten", "look": "1"}
    page = fan.post("/checkout/", sent).content.decode()
    assert "Ten: 10% off" in page
    assert "− ¥ 11.30" in seen(page)
    assert "¥ 111.70" in seen(page)
    assert Order.objects.count() == 0
    response = fan.post("/checkout/", fields_of(page) | {"codes": "ten"})
    order = Order.objects.get()
    assert (response.status_code, order.total) == (302, 11_170)
    assert Use.objects.get().state == Use.State.KEPT
    rows = models.Charge.objects.order_by("position").values_list("kind", "amount", "line")
    assert list(rows) == [(3, -1_130, 0), (1, 1_000, None), (4, 1_170, 0), (4, 115, None)]
    page = seen(fan.get(response["Location"]).content.decode())
    assert "Delivery Standard ¥ 10" in page
    assert "Discount Ten − ¥ 11.30" in page
    assert "Tax included 13%, within the prices above ¥ 12.85" in page


def test_the_same_page_sent_twice_is_one_order_though_the_coupon_is_used_up_by_it(store: World, fan: Client) -> None:
    one = coupon(store, budget_uses=1)
    put(fan, store.thing("phone", stock=5))
    page = fan.post("/checkout/", hidden(fan) | {"codes": "TEN", "look": "1"}).content.decode()
    sent = fields_of(page) | {"codes": "TEN"}
    first, second = fan.post("/checkout/", sent), fan.post("/checkout/", sent)
    assert first["Location"] == second["Location"]
    assert (Order.objects.count(), used(one)) == (1, (1, 10))
    other = fan.post("/checkout/", sent | {"seen": "1-x"})
    assert "already sent with other contents" in other.content.decode()


@pytest.mark.parametrize("what", ["coupon ended", "tax", "delivery", "nothing seen", "coupon begun"])
def test_what_changed_since_is_shown_and_asked_again(store: World, fan: Client, what: str) -> None:
    rate, one = way(store), coupon(store)
    put(fan, store.thing("phone", price=10_000, stock=5))
    sent = fields_of(fan.post("/checkout/", hidden(fan) | {"codes": "TEN", "look": "1"}).content.decode()) | {
        "codes": "TEN"
    }
    if what == "coupon ended":
        Promotion.objects.update(until=store.now + SECOND)
        store.later(2 * SECOND)
    elif what == "tax":
        Market.objects.filter(pk=store.cn.pk).update(tax_rate_bp=900)
    elif what == "delivery":
        ShippingRate.objects.filter(pk=rate.pk).update(amount=2_000)
    elif what == "nothing seen":
        sent["seen"] = ""
    else:
        promotion(store, needs_code=False, amount=7, percent_bp=0)
    response = fan.post("/checkout/", sent)
    assert response.status_code == 422
    assert "Nothing was ordered; look at it below and order again" in response.content.decode()
    assert (Order.objects.count(), used(one)) == (0, (0, 0))
    again = fan.post("/checkout/", fields_of(response.content.decode()) | {"codes": "TEN"})
    assert again.status_code == 302


def test_a_discount_that_others_used_up_meanwhile_orders_nothing(
    store: World, fan: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = coupon(store, budget_uses=1)
    put(fan, store.thing("phone", stock=5))
    sent = fields_of(fan.post("/checkout/", hidden(fan) | {"codes": "TEN", "look": "1"}).content.decode()) | {
        "codes": "TEN"
    }

    class AndThenOthers(Pricing):
        def priced(self, answers: Any) -> Priced:
            quoted = super().priced(answers)
            Promotion.objects.update(budget_uses=0)
            return quoted

    monkeypatch.setattr(buy, "Pricing", AndThenOthers)
    page = fan.post("/checkout/", sent).content.decode()
    assert "used up by others in this moment" in page
    assert (Order.objects.count(), used(one)) == (0, (0, 0))


def test_what_the_door_refuses_uses_nothing_up(store: World, fan: Client) -> None:
    one = coupon(store)
    phone = store.thing("phone", stock=1)
    put(fan, phone)
    sent = fields_of(fan.post("/checkout/", hidden(fan) | {"codes": "TEN", "look": "1"}).content.decode()) | {
        "codes": "TEN"
    }
    store.placed(phone)
    assert fan.post("/checkout/", sent).status_code == 422
    assert used(one) == (0, 0)


def test_a_code_that_takes_nothing_off_says_why(store: World, visitor: Client) -> None:
    coupon(store, "FAN", audience="members")
    put(visitor, store.thing("phone", stock=5))
    page = visitor.post("/checkout/", hidden(visitor) | {"codes": "what FAN", "look": "1"}).content.decode()
    assert "WHAT: We do not know this code" in page
    assert "FAN: This code is for members" in page
    assert 'value="WHAT FAN"' in page


def test_a_guest_orders_with_a_code(store: World, visitor: Client) -> None:
    one = coupon(store, per_customer=1)
    thing = store.thing("phone", stock=5)
    for times in (1, 2):
        put(visitor, thing)
        page = visitor.post("/checkout/", hidden(visitor) | {"codes": "TEN", "look": "1"}).content.decode()
        response = visitor.post("/checkout/", fields_of(page) | {"codes": "TEN", "contact": "mi@example.org"})
        assert response.status_code == (302 if times == 1 else 422)
    assert "as often as one may" in response.content.decode()
    assert used(one) == (1, 10)


def test_ways_of_sending_cost_by_region(store: World, fan: Client) -> None:
    way(store)
    way(store, region="西藏自治区", amount=5_000)
    way(store, "express", 2_500, position=1)
    put(fan, store.thing("phone", price=100, stock=5))
    page = fan.get("/checkout/").content.decode()
    assert page.count('name="delivery"') == 2
    far = {"delivery": "standard", "region": "西藏自治区"}
    response = fan.post("/checkout/", fields_of(page) | far)
    assert response.status_code == 422  # it goes further than the page thought
    assert "The total is ¥51 now, not ¥11" in response.content.decode()
    assert fan.post("/checkout/", fields_of(response.content.decode()) | far).status_code == 302
    assert Order.objects.get().total == 5_100
    put(fan, store.thing("band", price=100, stock=5))
    sent = hidden(fan) | {"delivery": "express", "look": "1"}
    page = fan.post("/checkout/", sent).content.decode()
    assert 'value="express" checked' in page


def test_a_region_that_no_address_there_has_makes_nothing_cheaper(store: World, fan: Client) -> None:
    Market.objects.filter(pk=store.cn.pk).update(code="de", currency="EUR")  # its addresses name no region
    way(store, amount=5_000)
    way(store, region="Near", amount=1_000)
    put(fan, store.thing("phone", price=100, stock=5))
    here = {"region": "Near", "postcode": "10117", "phone": "+49 30 901820"}
    shown = fan.post("/checkout/", hidden(fan) | here | {"look": "1"}).content.decode()
    response = fan.post("/checkout/", fields_of(shown) | here)
    assert (response.status_code, Order.objects.count()) == (422, 0)
    assert fan.post("/checkout/", fields_of(response.content.decode()) | here).status_code == 302
    assert Order.objects.get().total == 5_100


def test_kinds_are_taxed_at_their_own_rates_and_the_exempt_not(store: World, fan: Client, member: Member) -> None:
    TaxRate.objects.create(market=store.cn, kind=store.kind, rate_bp=0)
    MarketRules.objects.create(market=store.cn, rounding="order_half_up")
    tea = Kind.objects.create(slug="tea", name={"en": "Tea"})
    thing = store.thing("phone", price=10_000, stock=5)
    put(fan, thing)
    assert "within the prices" not in fan.get("/checkout/").content.decode()
    Product.objects.update(kind=tea)
    assert "13%, within the prices above" in fan.get("/checkout/").content.decode()
    Exemption.objects.create(member=member, market=store.cn, certificate="X 1", valid=(store.now, store.now + DAY))
    page = seen(fan.get("/checkout/").content.decode())
    assert "Tax 13% that you need not pay − ¥ 11.50" in page
    fan.post("/checkout/", hidden(fan))
    assert Order.objects.get().total == 8_850


def test_from_basket_to_paid_in_eight_requests(store: World, fan: Client) -> None:
    """A press on the basket's button is the first; each redirect is a request of its own."""
    way(store)
    put(fan, store.thing("phone", stock=5))
    assert fan.get("/basket/").status_code == 200
    sent = hidden(fan)
    requests = 1
    order = fan.post("/checkout/", sent)["Location"]
    assert fan.get(order).status_code == 200
    step = fan.post(f"{order}pay")
    requests += 3
    while step.status_code == 302:
        bank = step["Location"]
        step = fan.get(bank)
        requests += 1
    assert fan.post(bank, {"manner": "now"})["Location"] == order
    assert fan.get(order).status_code == 200
    assert requests + 2 <= 8


@pytest.mark.parametrize("lines", [1, 9])
def test_the_page_takes_as_many_queries_whatever_is_in_it(store: World, fan: Client, lines: int) -> None:
    way(store)
    coupon(store)
    promotion(store, needs_code=False)
    for _ in range(lines):
        put(fan, store.thing(stock=5))
    fan.get("/checkout/")
    with CaptureQueriesContext(connection) as queries:
        assert fan.get("/checkout/").status_code == 200
    assert len(queries) <= 19, [q["sql"][:90] for q in queries]


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_amount_has_its_words_in_both_languages(language: str) -> None:
    from django.utils import translation

    with translation.override(language):
        words = [*map(str, TEXTS.values()), *map(str, PROBLEMS.values()), *map(str, RESERVING.values())]
        assert set(PROBLEMS) == set(Problem)
        assert set(RESERVING) == set(Refusal)
        said = [word for word in words if re.sub(r"%\(\w+\)s", "", word).strip()]
        assert all(any("一" <= letter <= "鿿" for letter in word) == (language == "zh-hans") for word in said)


def test_percentages_are_short() -> None:
    assert [percent(bp) for bp in (1300, 1, 50, 10_000, 725)] == ["13%", "0.01%", "0.5%", "100%", "7.25%"]


def test_the_address_is_kept_when_the_total_is_looked_at(store: World, visitor: Client) -> None:
    put(visitor, store.thing("phone", stock=5))
    sent = hidden(visitor) | {"look": "1", "contact": "mi@example.org", "city": ""}
    page = visitor.post("/checkout/", sent).content.decode()
    assert f'value="{ADDRESS["street"]}"' in page
    assert 'value="mi@example.org"' in page
    assert "field__error" not in page


def test_guessing_codes_is_slowed_and_then_even_a_right_one_tells_nothing(store: World, fan: Client) -> None:
    cache.clear()
    coupon(store)
    put(fan, store.thing("phone", price=11_300, stock=5))
    page = fan.get("/checkout/").content.decode()
    for number in range(20):
        answer = fan.post("/checkout/", fields_of(page) | {"codes": f"GUESS{number}", "look": "1"})
        assert answer.status_code == 200
    assert fan.post("/checkout/", fields_of(page) | {"codes": "TEN", "look": "1"}).status_code == 429
    assert fan.post("/checkout/", fields_of(page) | {"look": "1"}).status_code == 200
    cache.clear()
