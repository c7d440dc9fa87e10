"""Each address as the wrong person, with the wrong token, and with nothing that makes sense."""

from pathlib import Path
from uuid import UUID

import pytest
from django.contrib.sessions.models import Session

from setaria.channels.api import refusals
from setaria.channels.api.routes import ROUTES
from setaria.kernel.ids import new_id
from setaria.people.members.models import Member
from setaria.trade.aftersales.take_back import Wish, take_back
from setaria.trade.orders.models import Order, Status
from setaria.trade.payments.models import Payment
from tests.api.conftest import ADDRESS, App, session_of
from tests.cash.test_cash import handed, promised
from tests.world import DAY, World

OF_AN_ORDER = [
    ("GET", "/orders/{order}", None),
    ("POST", "/orders/{order}/cancel", None),
    ("PUT", "/orders/{order}/address", ADDRESS),
    ("POST", "/orders/{order}/payments", {"means": "sandbox"}),
    ("GET", "/payments/{payment}", None),
    ("POST", "/payments/{payment}/back", None),
]


@pytest.fixture
def ordered(store: World, app: App) -> dict[str, str]:
    """A member's order, and its payment."""
    said = app.order(app.quote((store.thing("phone", stock=5).sku, 1)), pay_by="sandbox").json
    return {"order": said["id"], "payment": said["payment"]["id"]}


@pytest.fixture
def guests(store: World, guest: App) -> dict[str, str]:
    """A guest's."""
    said = guest.order(guest.quote((store.thing("noodles", stock=5).sku, 1)), pay_by="sandbox").json
    return {"order": said["id"], "payment": said["payment"]["id"]}


def before() -> tuple[object, ...]:
    """All that somebody else might have changed."""
    return tuple(Order.objects.values_list("pk", "status")), tuple(Payment.objects.values_list("pk", "status"))


@pytest.mark.parametrize("method, path, body", OF_AN_ORDER)
def test_an_order_is_there_for_its_buyer_only(
    method: str, path: str, body: object, ordered: dict[str, str], guests: dict[str, str], app: App, stranger: App,
    guest: App,
) -> None:  # fmt: skip
    was = before()
    for who, of in [(stranger, ordered), (guest, ordered), (App(), ordered), (app, guests), (App(), guests)]:
        said = who.ask(method, path.format(**of), body)
        assert (said.status, said.code) == (404, "NOT_FOUND")
    assert before() == was


@pytest.mark.parametrize("method, path, body", OF_AN_ORDER)
def test_a_guests_token_opens_that_order_and_no_other(
    method: str, path: str, body: object, store: World, guests: dict[str, str], guest: App, ordered: dict[str, str]
) -> None:
    assert guest.ask(method, path.format(**guests), body).status in (200, 201)
    assert guest.ask(method, path.format(**ordered), body).code == "NOT_FOUND"
    forged = guest.headers["x-order-token"][:-4] + "AAAA"
    assert App().ask(method, path.format(**guests), body, x_order_token=forged).code == "BAD_TOKEN"
    store.later(91 * DAY)
    assert guest.ask(method, path.format(**guests), body).code == "BAD_TOKEN"


def test_orders_are_listed_to_their_member(ordered: dict[str, str], app: App, stranger: App) -> None:
    assert [order["id"] for order in app.get("/orders")["orders"]] == [ordered["order"]]
    assert stranger.get("/orders") == {"orders": []}
    assert App().ask("GET", "/orders").code == "SIGN_IN"
    assert stranger.ask("GET", f"/orders?before={ordered['order']}").code == "NOT_FOUND"


def test_a_promise_is_not_called_paid_in_the_list(
    store: World, member: Member, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SETARIA_CASH_MAX", "CNY:500")
    payment = promised(store, by=member.pk)
    assert [order["at_door"] for order in app.get("/orders")["orders"]] == [20_000]
    assert handed(store, payment) == "TAKEN"
    assert "at_door" not in app.get("/orders")["orders"][0]


def test_what_was_taken_back_of_a_line_is_said(store: World, member: Member, app: App) -> None:
    order = store.placed((store.thing("phone", stock=3), 3), by=member.pk)
    store.pay(order)
    assert "returned" not in app.get(f"/orders/{order.id}")["lines"][0]
    take_back(Wish(new_id(), order.id, {0: 2}, "broken", "ada@example.org"), now=store.now)
    assert app.get(f"/orders/{order.id}")["lines"][0]["returned"] == 2


def test_a_list_of_orders_goes_on_where_a_page_ended(store: World, member: Member, app: App) -> None:
    thing = store.thing("phone", stock=30)
    ids = [str(store.placed(thing, by=member.pk).id) for _ in range(23)]
    first = app.get("/orders")
    rest = app.get(f"/orders?{first['next']}")
    assert [order["id"] for order in first["orders"] + rest["orders"]] == ids[::-1]
    assert "next" not in rest


def test_baskets_are_their_owners(store: World, app: App, stranger: App, guest: App) -> None:
    thing = store.thing("phone", stock=5)
    app.put(thing.sku)
    guest.put(thing.sku, 3)
    assert stranger.get("/cn/basket")["lines"] == App().get("/cn/basket")["lines"] == []
    assert guest.get("/cn/basket")["units"] == 3
    forged = guest.headers["x-basket-token"][:-4] + "AAAA"
    for method, path, body in [("GET", "/cn/basket", None), ("PUT", f"/cn/basket/{thing.sku}", {"quantity": 1}),
                               ("POST", "/cn/quote", {})]:  # fmt: skip
        assert App().ask(method, path, body, x_basket_token=forged).code == "BAD_TOKEN"
    # A member's own counts, whatever token is sent beside it.
    assert stranger.get("/cn/basket", x_basket_token=guest.headers["x-basket-token"])["lines"] == []


def test_a_guest_places_only_under_an_id_that_was_given(store: World, guest: App, app: App) -> None:
    thing = store.thing("phone", stock=5)
    quote = guest.quote((thing.sku, 1))
    for key in ("", "A" * 48, app.quote((thing.sku, 1))["order_key"]):
        assert guest.order(quote, order_key=key).code == "BAD_TOKEN"
    assert guest.order(quote | {"order_id": str(new_id())}).code == "BAD_TOKEN"
    store.later(2 * DAY)
    assert guest.order(quote).code == "BAD_TOKEN"
    assert not Order.objects.exists()


def test_an_id_another_took_is_of_no_use(store: World, app: App, stranger: App) -> None:
    thing = store.thing("phone", stock=5)
    quote = app.quote((thing.sku, 1))
    assert app.order(quote).status == 201
    assert stranger.order(quote).code == "ID_CONFLICT"


@pytest.mark.parametrize("end", ["gone", "lapsed", "password", "inactive", "forged"])
def test_a_session_that_ended_is_told_and_is_nobody(end: str, store: World, member: Member, app: App) -> None:
    assert app.get("/orders") == {"orders": []}  # known by now
    token = app.headers["x-session-token"]
    if end == "gone":
        Session.objects.filter(pk=token).delete()
    elif end == "lapsed":
        Session.objects.filter(pk=token).update(expire_date="2020-01-01T00:00:00Z")
    elif end == "password":
        member.set_password("another-one-entirely")
        member.save()
    elif end == "inactive":
        Member.objects.filter(pk=member.pk).update(is_active=False)
    else:
        app.headers["x-session-token"] = token[::-1]
    for route in ROUTES:
        if route.takes is not None:
            continue
        path = route.path.format(
            market="cn", slug="x", sku="X", number=1, name="X", order_id=new_id(), payment_id=new_id()
        )
        said = app.ask(route.method, path)
        assert (said.status, said.code) == (401, "SESSION_ENDED")


def test_a_session_of_the_web_store_is_one_of_the_apps(store: World, member: Member) -> None:
    from django.test import Client

    browser = Client()
    browser.force_login(member)
    assert App(browser.cookies["sessionid"].value).get("/orders") == {"orders": []}
    assert App(session_of(member)).get("/orders") == {"orders": []}


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"\xff", b'{"quantity": -1}', b'{"quantity": 1.5}', b'{"quantity": 10001}', b'{"quantity": "1"}',
     b'{"quantity": 1, "price": 1}', b'{"quantity": ' + b"9" * 400 + b"}", b"[" * 20_000],
)  # fmt: skip
def test_what_makes_no_sense_changes_nothing(body: bytes, store: World, app: App) -> None:
    thing = store.thing("phone", stock=5)
    said = app.ask("PUT", f"/cn/basket/{thing.sku}", body)
    assert (said.status, said.code) == (400, "MALFORMED")
    assert app.get("/cn/basket")["lines"] == []


def test_addresses_there_are_not(store: World, app: App) -> None:
    assert app.ask("GET", "/nothing").code == "NOT_FOUND"
    assert app.ask("GET", "/cn/products/nothing").code == "NOT_FOUND"
    assert app.ask("GET", "/xx/kinds").code == "NO_MARKET"
    assert app.ask("GET", "/orders/1").code == "NOT_FOUND"
    said = app.ask("DELETE", "/cn/basket")
    assert (said.code, said.headers["allow"]) == ("WRONG_METHOD", "GET")
    assert app.ask("GET", "/cn/kinds", host="elsewhere.example").code == "MALFORMED"
    assert app.ask("GET", f"/cn/products?q={'x' * 9_000}").code == "MALFORMED"
    assert app.ask("GET", "/cn/products?" + "&".join(f"f{n}=1" for n in range(300))).code == "MALFORMED"


def test_a_code_that_nobody_could_type_is_passed_over(store: World, app: App) -> None:
    quote = app.quote((store.thing("phone", stock=5).sku, 1), codes=["\x00", "\u0000A", "码", " "])
    assert quote["problems"] == []


def test_a_market_that_informs_shows_and_does_not_sell(store: World, app: App) -> None:
    thing = store.thing("phone", stock=5)
    [shown] = app.get("/us/products")["products"]
    assert "price" not in shown
    assert app.ask("PUT", f"/us/basket/{thing.sku}", {"quantity": 1}).code == "NOT_SOLD_HERE"
    lines = [{"sku": thing.sku, "quantity": 1}]
    assert app.ask("POST", "/us/quote", {"lines": lines}).code == "MARKET_INFORMS_ONLY"
    assert app.ask("POST", "/us/orders", app.agreed(app.quote((thing.sku, 1)))).code == "MARKET_INFORMS_ONLY"


def test_refusals_come_in_the_readers_language(store: World) -> None:
    assert App(language="zh-CN").ask("GET", "/cn/products/nothing").json["message"] == "这里没有内容，或者不属于您。"
    assert App(language="").ask("GET", "/cn/products/nothing").json["message"].startswith("这里")
    assert App(language="fr, en;q=0.5").ask("GET", "/nothing").json["message"].startswith("There is nothing")


def test_who_guesses_codes_is_not_told_any_more(store: World, app: App, settings: object) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"coupon": "2/m/ip"}  # type: ignore[attr-defined]
    thing = store.thing("phone", stock=5)
    lines = {"lines": [{"sku": thing.sku, "quantity": 1}], "choice": {"codes": ["GUESS"]}}
    told = [app.ask("POST", "/cn/quote", lines) for _ in range(3)]
    assert [said.status for said in told] == [200, 200, 429]
    assert told[0].json["problems"][0]["code"] == "UNKNOWN"
    assert app.ask("POST", "/cn/quote", {"lines": lines["lines"]}).status == 200


def test_who_types_contacts_is_slowed_down(store: World, guest: App, settings: object) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"guest_order": "1/m/ip"}  # type: ignore[attr-defined]
    thing = store.thing("phone", stock=5)
    assert guest.order(guest.quote((thing.sku, 1))).status == 201
    assert guest.order(guest.quote((thing.sku, 1))).code == "TOO_MANY"
    assert Order.objects.filter(status=Status.PLACED).count() == 1


def test_ids_are_told_as_ids(ordered: dict[str, str]) -> None:
    assert UUID(ordered["order"]).version == 7


def test_the_reference_names_every_address_and_every_code() -> None:
    told = (Path(__file__).parents[2] / "docs/reference/store-api.md").read_text()
    for route in ROUTES:
        assert f"`{route.method} /api/v1{route.path or '/'}`" in told
    for code in refusals.SENTENCES:
        assert f"`{code}`" in told
