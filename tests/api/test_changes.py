"""What changed since the quote is said with a new quote, and nothing is ordered; two apps at once; the limits of queries."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from setaria.channels.storefront import directory
from setaria.goods.pricing.price import set_price
from setaria.people.members.models import Address, Member
from setaria.trade.baskets.models import Basket
from setaria.trade.orders.models import Order
from setaria.trade.payments.models import Payment
from setaria.trade.quotes.models import ShippingRate
from tests.api.conftest import ADDRESS, App
from tests.points.test_points import earned, has, programme
from tests.promotions.test_spend import promotion
from tests.world import MINUTE, World


def test_another_price_is_told_with_a_new_quote(store: World, app: App) -> None:
    phone = store.thing("phone", price=10_000, stock=5)
    quote = app.quote((phone.sku, 2))
    set_price(phone.id, store.cn.id, 12_000, since=store.now + MINUTE, now=store.now)
    store.later(MINUTE)
    said = app.order(quote)
    assert (said.status, said.code, said.json["sku"]) == (409, "PRICE_CHANGED", "PHONE")
    again = said.json["quote"]
    assert (again["total"], again["order_id"]) == (24_000, quote["order_id"])
    assert app.order(again).json["total"] == 24_000


def test_what_others_bought_meanwhile_is_told(store: World, app: App) -> None:
    phone = store.thing("phone", price=10_000, stock=2)
    quote = app.quote((phone.sku, 2))
    store.placed(phone)
    said = app.order(quote)
    assert said.code == "SOLD_OUT"
    assert said.json["quote"]["lines"][0]["short"] is True
    assert said.json["quote"]["ready"] is False
    assert not Order.objects.filter(pk=quote["order_id"]).exists()


def test_a_forged_mark_buys_nothing_cheaper(store: World, app: App) -> None:
    phone = store.thing("phone", price=10_000, stock=2)
    quote = app.quote((phone.sku, 1))
    quote["lines"][0]["price"] = 1
    assert app.order(quote).code == "QUOTE_CHANGED"
    assert app.order(app.quote((phone.sku, 1)) | {"mark": "1-" + "0" * 24}).code == "QUOTE_CHANGED"
    assert not Order.objects.exists()


def test_a_parcel_costs_what_it_costs_to_where_it_goes(store: World, app: App) -> None:
    for region, amount in (("", 1_000), ("西藏自治区", 8_000)):
        ShippingRate.objects.create(market=store.cn, code="post", name={"en": "Post"}, region=region, amount=amount)
    phone = store.thing("phone", price=10_000, stock=2)
    near = app.quote((phone.sku, 1), region="北京市")
    said = app.order(near, choice={"region": "北京市"}, address=ADDRESS | {"region": "西藏自治区"})
    assert (said.code, said.json["quote"]["total"]) == ("QUOTE_CHANGED", 18_000)
    assert not Order.objects.exists()
    assert (
        app.order(near, choice={"region": "西藏自治区"}).json["total"] == 11_000
    )  # to Beijing, whatever was said before


def test_codes_and_points_take_off_what_the_quote_says(store: World, app: App, member: Member) -> None:
    programme(store)
    earned(store, member.pk, 80)
    phone = store.thing("phone", price=1_000, stock=2)
    quote = app.quote((phone.sku, 1), points=True, codes=["NONE"])
    assert quote["points"] == 80
    assert [charge["amount"] for charge in quote["charges"] if charge["kind"] == "points"] == [-80]
    assert [problem["code"] for problem in quote["problems"]] == ["UNKNOWN"]
    ordered = app.order(quote, choice={"points": True})
    assert (ordered.json["total"], has(member.pk)) == (quote["total"], 0)
    assert quote["total"] == 1_000 - 80


@pytest.mark.parametrize("spoiled", [{"phone": "1"}, {"city": ""}, {"postcode": "!"}, {"recipient": ""}])
def test_an_address_that_cannot_be_is_told_field_by_field(spoiled: dict[str, str], store: World, app: App) -> None:
    quote = app.quote((store.thing("phone", stock=2).sku, 1))
    said = app.order(quote, address=ADDRESS | spoiled)
    assert (said.status, said.code) == (422, "BAD_ADDRESS")
    assert set(said.json["fields"]) == set(spoiled)
    assert not Order.objects.exists()


def test_a_contact_that_cannot_be_is_told(store: World, guest: App) -> None:
    quote = guest.quote((store.thing("phone", stock=2).sku, 1))
    for contact in ("", "nobody", "12", "a@b"):
        assert guest.order(quote, contact=contact).code == "BAD_CONTACT"


def test_a_means_that_there_is_not_leaves_the_order_standing(store: World, app: App) -> None:
    said = app.order(app.quote((store.thing("phone", stock=2).sku, 1)), pay_by="gold")
    assert (said.status, said.json["payment_refusal"]) == (201, "NO_SUCH_MEANS")
    order = said.json["id"]
    assert app.ask("POST", f"/orders/{order}/payments", {"means": "gold"}).code == "NO_SUCH_MEANS"
    assert app.ask("POST", f"/orders/{order}/payments", {"means": "sandbox"}).status == 201


def in_two_threads(work: Callable[[], Any]) -> list[Any]:
    def alone(_number: int) -> Any:
        try:
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(alone, range(2)))


def test_two_screens_that_send_the_same_order_place_it_once(store: World, app: App) -> None:
    phone = store.thing("phone", stock=5)
    app.put(phone.sku, 2)
    quote = app.quote()
    first, second = in_two_threads(lambda: app.order(quote, pay_by="sandbox").json)
    assert first == second
    assert (Order.objects.count(), Payment.objects.count(), Address.objects.count()) == (1, 1, 1)
    assert store.stock(phone) == (5, 2)


def test_two_screens_that_fill_one_basket_keep_one(store: World, app: App) -> None:
    things = [store.thing(stock=5), store.thing(stock=5)]
    left = list(things)
    in_two_threads(lambda: app.put(left.pop().sku))
    assert len(app.get("/cn/basket")["lines"]) == 2
    assert Basket.objects.count() == 1


def test_the_last_one_goes_to_one_of_two(store: World, app: App, stranger: App) -> None:
    phone = store.thing("phone", stock=1)
    waiting = [(app, app.quote((phone.sku, 1))), (stranger, stranger.quote((phone.sku, 1)))]

    def order() -> str:
        who, quote = waiting.pop()
        said = who.order(quote)
        return "PLACED" if said.status == 201 else said.code

    assert sorted(in_two_threads(order)) == ["PLACED", "SOLD_OUT"]


# Statements, most of them sent together: `show` is two trips.
QUERIES_MAX = {"basket": 9, "quote": 7, "order": 31, "show": 13, "products": 3, "product": 4}


def test_queries_are_few_however_much_is_bought(store: World, app: App, settings: Any) -> None:
    directory.all_known()
    settings.STOREFRONTS_KEPT_SECONDS = 60
    promotion(store)
    things = [store.thing(price=100, stock=50) for _ in range(12)]
    counted: dict[str, list[int]] = {}

    def count(what: str, work: Callable[[], Any]) -> Any:
        with CaptureQueriesContext(connection) as seen:
            said = work()
        counted.setdefault(what, []).append(len(seen))
        return said

    for bought in (things[:1], things[:1], things, things):
        for thing in bought:
            count("product", lambda slug=thing.product.slug: app.get(f"/cn/products/{slug}"))
            count("basket", lambda sku=thing.sku: app.put(sku, 2))
        quote = count("quote", app.quote)
        ordered = count("order", lambda quote=quote: app.order(quote, pay_by="sandbox"))
        count("show", lambda id=ordered.json["id"]: app.get(f"/orders/{id}"))
        count("products", lambda: app.get("/cn/products"))
    settings.STOREFRONTS_KEPT_SECONDS = 0
    again = {what: max(found[len(found) // 2 :]) for what, found in counted.items()}
    assert again == {what: min(most, again[what]) for what, most in QUERIES_MAX.items()}
