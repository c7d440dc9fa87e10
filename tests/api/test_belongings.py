"""What is somebody's own beside baskets and orders: wishes, kept addresses, invoices, gift cards; and whose it is not."""

import base64
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from setaria.channels.storefront import directory
from setaria.kernel.ids import new_id
from setaria.people.members.models import Address, Member
from setaria.trade.aftersales.take_back import Wish, take_back
from setaria.trade.baskets import wishes
from setaria.trade.giftcards.block import block
from setaria.trade.giftcards.issue import issue
from setaria.trade.giftcards.models import Card, Movement
from setaria.trade.invoices.models import Invoice
from setaria.trade.orders.models import Order
from tests.api.conftest import ADDRESS, App
from tests.invoices.conftest import issuer_of
from tests.world import SECOND, World

BY = "ada@example.org"


def slugs(said: Any) -> list[str]:
    return [product["slug"] for product in said["products"]]


# --- wishes ---


def test_a_wish_list_is_the_webs_and_its_owners(store: World, app: App, stranger: App) -> None:
    for slug in ("phone", "case"):
        store.thing(slug, stock=1)
    for slug in ("phone", "case", "phone"):
        store.later(SECOND)
        assert app.ask("PUT", f"/cn/wishes/{slug}").status == 200
    assert slugs(app.get("/cn/wishes")) == ["case", "phone"]
    assert slugs(stranger.get("/cn/wishes")) == slugs(App().get("/cn/wishes")) == []
    for _ in range(2):
        assert slugs(app.ask("DELETE", "/cn/wishes/case").json) == ["phone"]
    assert app.ask("PUT", "/cn/wishes/nothing").code == app.ask("DELETE", "/cn/wishes/nothing").code == "NOT_FOUND"


def test_a_guests_wishes_are_under_the_baskets_token(store: World, guest: App, monkeypatch: pytest.MonkeyPatch) -> None:
    store.thing("phone", stock=1)
    store.thing("case", stock=1)
    token = guest.ask("PUT", "/cn/wishes/phone").json["token"]
    assert slugs(guest.get("/cn/wishes")) == []
    guest.headers["x-basket-token"] = token
    assert slugs(guest.get("/cn/wishes")) == ["phone"]
    assert guest.ask("GET", "/cn/wishes", x_basket_token=token[:-4] + "AAAA").code == "BAD_TOKEN"
    monkeypatch.setattr(wishes, "WISHES_MAX", 1)
    assert guest.ask("PUT", "/cn/wishes/case").code == "WISHES_FULL"


# --- kept addresses ---


def kept(app: App) -> list[tuple[str, bool]]:
    return [(each["city"], each.get("usual", False)) for each in app.get("/addresses")["addresses"]]


def test_addresses_are_kept_changed_and_forgotten(store: World, app: App) -> None:
    for city, usual in (("Beijing", True), ("Chengdu", False), ("Chengdu", False)):
        assert app.ask("POST", "/cn/addresses", ADDRESS | {"city": city, "usual": usual}).status == 201
    assert kept(app) == [("Beijing", True), ("Chengdu", False)]
    number = app.get("/addresses")["addresses"][1]["number"]
    assert app.ask("PUT", f"/cn/addresses/{number}", ADDRESS | {"city": "Wuhan", "usual": True}).status == 200
    assert kept(app) == [("Wuhan", True), ("Beijing", False)]
    # Changed into one that is known, it is that one, and as usual as one of the two was.
    other = app.get("/addresses")["addresses"][1]["number"]
    assert app.ask("PUT", f"/cn/addresses/{other}", ADDRESS | {"city": "Wuhan"}).status == 200
    assert kept(app) == [("Wuhan", True)]
    assert app.ask("DELETE", f"/addresses/{other}").json == {"addresses": []}


@pytest.mark.parametrize("number", ["0", "-1", "x", "9" * 18, "9" * 30, "١"])
def test_an_address_that_there_is_not_changes_nothing(number: str, store: World, app: App) -> None:
    app.ask("POST", "/cn/addresses", ADDRESS)
    assert app.ask("PUT", f"/cn/addresses/{number}", ADDRESS | {"city": "Wuhan"}).code == "NOT_FOUND"
    assert app.ask("DELETE", f"/addresses/{number}").code == "NOT_FOUND"
    said = app.ask("POST", "/cn/addresses", ADDRESS | {"city": ""})
    assert (said.status, said.code, set(said.json["fields"])) == (422, "BAD_ADDRESS", {"city"})
    assert kept(app) == [("Beijing", False)]


def test_an_address_is_its_members_only(store: World, app: App, stranger: App) -> None:
    app.ask("POST", "/cn/addresses", ADDRESS)
    number = Address.objects.get().pk
    for who, code in ((stranger, "NOT_FOUND"), (App(), "SIGN_IN")):
        assert who.ask("PUT", f"/cn/addresses/{number}", ADDRESS | {"city": "Wuhan"}).code == code
        assert who.ask("DELETE", f"/addresses/{number}").code == code
    assert stranger.get("/addresses") == {"addresses": []}
    assert App().ask("GET", "/addresses").code == App().ask("POST", "/cn/addresses", ADDRESS).code == "SIGN_IN"
    assert kept(app) == [("Beijing", False)]


# --- invoices ---


def test_an_invoice_is_asked_for_written_when_paid_and_read(
    store: World, app: App, stranger: App, member: Member
) -> None:
    issuer_of(store)
    order = store.placed(store.thing("phone", price=1_130, stock=2), by=member.pk)
    path = f"/orders/{order.id}/invoices"
    assert app.get(path) == {"order_id": str(order.id), "invoices": [], "can_ask": True}
    assert app.ask("PUT", path, {"name": "Mi", "tax_id": "123"}).json["fields"].keys() == {"tax_id"}
    assert app.ask("PUT", path, {"name": "Mi Li"}).json["asked"] is True
    store.pay(order)
    [written] = app.ask("PUT", path, {"name": "Mi Li"}).json["invoices"]
    assert (written["gross"], written["tax"]) == (1_130, 130)
    assert app.ask("PUT", path, {"name": "Another"}).code == "INVOICE_WRITTEN"
    files = app.get(f"{path}/{written['name']}")
    assert base64.b64decode(files["pdf"]).startswith(b"%PDF")
    assert b"Mi Li" in base64.b64decode(files["xml"])
    for who in (stranger, App()):
        assert who.ask("GET", path).code == who.ask("PUT", path, {"name": "Me"}).code == "NOT_FOUND"
        assert who.ask("GET", f"{path}/{written['name']}").code == "NOT_FOUND"
    others = store.placed(store.thing("case", stock=1), by=member.pk)
    assert app.ask("GET", f"/orders/{others.id}/invoices/{written['name']}").code == "NOT_FOUND"


def test_an_order_that_went_back_whole_has_no_invoice(store: World, app: App, member: Member) -> None:
    issuer_of(store)
    order = store.placed(store.thing("phone", stock=1), by=member.pk)
    store.pay(order)
    take_back(Wish(new_id(), order.id, {0: 1}, "broken", BY), now=store.now)
    path = f"/orders/{order.id}/invoices"
    assert app.get(path) == {"order_id": str(order.id), "invoices": []}
    assert app.ask("PUT", path, {"name": "Mi"}).code == "NO_INVOICE"
    assert not Invoice.objects.exists()


def test_where_nobody_issues_there_is_no_invoice(store: World, app: App, member: Member) -> None:
    order = store.placed(store.thing("phone", stock=1), by=member.pk)
    path = f"/orders/{order.id}/invoices"
    assert app.get(path) == {"order_id": str(order.id), "invoices": []}
    assert app.ask("PUT", path, {"name": "Mi"}).code == "NO_INVOICE"
    assert not Invoice.objects.exists()


# --- gift cards ---


def card(store: World, amount: int, **more: Any) -> tuple[Card, str]:
    return issue(store.cn, amount, why="a gift", by=BY, now=store.now, **more)


def test_a_card_pays_what_is_on_it_and_the_rest_is_due(store: World, app: App, member: Member) -> None:
    made, code = card(store, 300)
    order = store.placed(store.thing("phone", price=1_000, stock=1), by=member.pk)
    assert app.ask("POST", "/giftcards/balance", {"code": code}).json == {
        "balance": 300, "currency": "CNY", "market": "cn"
    }  # fmt: skip
    path = f"/orders/{order.id}/giftcards"
    said = app.ask("POST", path, {"code": code.lower().replace("-", " ")})
    assert (said.json["state"], said.json["due"]) == ("placed", 700)
    assert app.ask("POST", path, {"code": code}).code == "CARD_EMPTY"
    _other, more = card(store, 900)
    said = app.ask("POST", path, {"code": more})
    assert (said.json["state"], Card.objects.get(pk=made.pk).balance) == ("paid", 0)
    assert app.ask("POST", "/giftcards/balance", {"code": more}).json["balance"] == 200
    assert app.ask("POST", path, {"code": more}).code == "NOT_PAYABLE"


def test_a_card_that_pays_nothing_says_why(store: World, app: App, stranger: App, member: Member) -> None:
    order = store.placed(store.thing("phone", price=1_000, stock=1), by=member.pk)
    path = f"/orders/{order.id}/giftcards"
    blocked, code = card(store, 300)
    block(blocked.pk, why="lost", by=BY, now=store.now)
    _us, elsewhere = issue(store.us, 300, why="a gift", by=BY, now=store.now)
    for typed, said in (
        (code, "CARD_BLOCKED"),
        (elsewhere, "CARD_OF_ELSEWHERE"),
        ("AAAA", "CARD_UNKNOWN"),
        ("", "CARD_EMPTY"),
    ):
        assert app.ask("POST", path, {"code": typed}).code == said
    assert app.ask("POST", "/giftcards/balance", {"code": code}).json["blocked"] is True
    assert app.ask("POST", "/giftcards/balance", {"code": "AAAA"}).code == "CARD_UNKNOWN"
    _good, good = card(store, 300)
    for who in (stranger, App()):
        assert who.ask("POST", path, {"code": good}).code == "NOT_FOUND"
    assert app.ask("POST", f"/orders/{order.id}/payments", {"means": "sandbox"}).status == 201
    assert app.ask("POST", path, {"code": good}).code == "PAYING"
    assert not Movement.objects.filter(kind=Movement.Kind.SPENT).exists()


def test_store_credit_is_ones_own_and_pays_together(store: World, app: App, stranger: App, member: Member) -> None:
    for amount in (400, 700):
        card(store, amount, member_id=member.pk)
    assert app.get("/cn/credit") == {"currency": "CNY", "balance": 1_100}
    assert stranger.get("/cn/credit")["balance"] == 0
    assert App().ask("GET", "/cn/credit").code == "SIGN_IN"
    order = store.placed(store.thing("phone", price=1_000, stock=1), by=member.pk)
    assert app.ask("POST", f"/orders/{order.id}/giftcards", {}).json["state"] == "paid"
    assert app.get("/cn/credit")["balance"] == 100
    assert Order.objects.get().paid_at is not None


def test_who_guesses_cards_is_slowed(store: World, app: App, settings: Any) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"gift_card": "2/m/ip"}
    told = [app.ask("POST", "/giftcards/balance", {"code": "GUESS"}).code for _ in range(3)]
    assert told == ["CARD_UNKNOWN", "CARD_UNKNOWN", "TOO_MANY"]


# --- queries ---

# Statements, most of them sent together.
QUERIES_MAX = {"wishes": 4, "addresses": 2, "invoices": 5, "credit": 2}


def test_queries_are_few_however_much_there_is(store: World, app: App, member: Member, settings: Any) -> None:
    issuer_of(store)
    directory.all_known()
    settings.STOREFRONTS_KEPT_SECONDS = 60
    order = store.placed(store.thing(stock=1), by=member.pk)
    paths = {"wishes": "/cn/wishes", "addresses": "/addresses", "invoices": f"/orders/{order.id}/invoices",
             "credit": "/cn/credit"}  # fmt: skip
    counted: dict[str, set[int]] = {what: set() for what in paths}
    for number in range(1, 13):
        thing = store.thing(stock=1)
        assert app.ask("PUT", f"/cn/wishes/{thing.product.slug}").status == 200
        assert app.ask("POST", "/cn/addresses", ADDRESS | {"city": f"City {number}"}).status == 201
        card(store, 100, member_id=member.pk)
        if number not in (1, 12):
            continue
        for what, path in paths.items():
            app.get(path)
            with CaptureQueriesContext(connection) as seen:
                app.get(path)
            counted[what].add(len(seen))
    settings.STOREFRONTS_KEPT_SECONDS = 0
    assert {what: max(found) for what, found in counted.items()} == {
        what: min(most, max(counted[what])) for what, most in QUERIES_MAX.items()
    }
    assert all(len(found) == 1 for found in counted.values()), counted
