"""One account, one cart, one price (R-001): begun in the app, seen on the web, and the other way round."""

from typing import Any

from django.test import Client

from setaria.people.members.models import Member
from setaria.trade.orders.models import Order
from tests.api.conftest import App
from tests.storefront.test_checkout import hidden
from tests.world import World

LOGIN = "/api/accounts/app/v1/auth/login"
PASSWORD = "millet-and-rifles"


def signed_in(app: App, contact: str) -> Any:
    """Sign in as an app does: its anonymous basket goes along."""
    carried = {"x-basket-token": app.headers.get("x-basket-token", "")}
    said = Client().post(LOGIN, {"email": contact, "password": PASSWORD}, "application/json", headers=carried)
    assert said.status_code == 200, said.content
    assert "sessionid" not in said.cookies
    app.headers["x-session-token"] = said.json()["meta"]["session_token"]
    return said


def test_put_in_on_the_phone_bought_at_the_desk_and_seen_on_both(store: World) -> None:
    fan = Member.objects.create_user("mi@example.org", PASSWORD)
    phone, band = store.thing("phone", price=10_000, stock=5), store.thing("band", price=500, stock=5)
    app = App()
    app.put(phone.sku, 2)
    signed_in(app, "mi@example.org")
    browser = Client(headers={"accept-language": "en"})
    browser.force_login(fan)
    assert "phone" in browser.get("/basket/").content.decode()
    browser.post("/basket/add", {"sku": band.sku, "quantity": "1"})
    assert {line["sku"]: line["quantity"] for line in app.get("/cn/basket")["lines"]} == {"PHONE": 2, "BAND": 1}
    there = app.quote()
    sent = hidden(browser)
    assert sent["seen"] == there["mark"]  # the same sum, of the same parts
    browser.post("/checkout/", sent)
    order = Order.objects.get()
    shown = app.get(f"/orders/{order.pk}")
    assert (shown["total"], shown["can"]) == (20_500, ["pay", "cancel"])
    assert app.get("/cn/basket")["lines"] == []
    app.put(band.sku)
    in_app = app.order(app.quote()).json["id"]
    page = browser.get(f"/orders/{in_app}/")
    assert page.status_code == 200
    assert in_app in browser.get("/account/").content.decode()
    assert [one["id"] for one in app.get("/orders")["orders"]] == [in_app, str(order.pk)]


def test_signing_out_in_the_app_ends_its_session_only(store: World) -> None:
    fan = Member.objects.create_user("mi@example.org", PASSWORD)
    app, other = App(), App()
    signed_in(app, "mi@example.org")
    signed_in(other, "mi@example.org")
    browser = Client()
    browser.force_login(fan)
    token = {"x-session-token": app.headers["x-session-token"]}
    assert Client().delete("/api/accounts/app/v1/auth/session", headers=token).status_code == 401
    assert app.ask("GET", "/orders").code == "SESSION_ENDED"
    assert other.get("/orders") == {"orders": []}
    assert browser.get("/account/").status_code == 200


def test_a_wrong_password_signs_nobody_in(store: World) -> None:
    Member.objects.create_user("mi@example.org", PASSWORD)
    said = Client().post(LOGIN, {"email": "mi@example.org", "password": "guessed"}, "application/json")
    assert said.status_code == 400
    assert "session_token" not in said.content.decode()


def test_who_signs_up_in_the_app_proves_the_address_first(store: World, mailoutbox: list[Any]) -> None:
    said = Client().post(
        "/api/accounts/app/v1/auth/signup", {"email": "new@example.org", "password": PASSWORD}, "application/json"
    )
    assert said.status_code == 401
    token = said.json()["meta"]["session_token"]
    assert App(token).ask("GET", "/orders").code == "SESSION_ENDED"  # nobody's yet
    code = next(word for word in mailoutbox[-1].body.split() if word.strip(".").isdigit() and len(word.strip(".")) == 6)
    said = Client().post(
        "/api/accounts/app/v1/auth/email/verify", {"key": code.strip(".")}, "application/json",
        headers={"x-session-token": token},
    )  # fmt: skip
    assert said.status_code == 200, said.content
    app = App(said.json()["meta"].get("session_token", token))
    assert app.get("/orders") == {"orders": []}


def test_a_guests_order_becomes_the_accounts_once_the_contact_is_proven(store: World) -> None:
    guest = App()
    order = guest.order(guest.quote((store.thing("phone", stock=5).sku, 1)), contact="mi@example.org").json["id"]
    Member.objects.create_user("mi@example.org", PASSWORD)
    app = App()
    signed_in(app, "mi@example.org")
    assert app.get(f"/orders/{order}")["id"] == order
    assert guest.ask("GET", f"/orders/{order}").code == "NOT_FOUND"
