"""A purchase through the API, from the basket to paid, for members and guests."""

import msgspec
import pytest
from django.conf import settings

from setaria.trade.orders.models import Destination, Order, Status
from setaria.trade.payments.models import Payment
from setaria.trade.payments.sandbox.charges import charge
from setaria.trade.payments.sandbox.models import Charge
from tests.api.conftest import App
from tests.world import World


@pytest.mark.parametrize("who", ["app", "guest"])
def test_five_requests_from_the_basket_to_paid(who: str, store: World, request: pytest.FixtureRequest) -> None:
    app: App = request.getfixturevalue(who)
    phone = store.thing("phone", price=10_000, stock=5)
    assert app.put(phone.sku, 2)["units"] == 2
    quote = app.quote()
    assert (quote["total"], quote["ready"]) == (20_000, True)
    ordered = app.order(quote, pay_by="sandbox")
    assert ordered.status == 201, ordered
    payment = ordered.json["payment"]
    assert payment["next"]["url"] == f"{settings.BASE_URL}/bank/{payment['id']}/"
    status, said = charge(msgspec.json.encode({"payment_id": payment["id"], "secret": payment["next"]["secret"]}))
    assert (status, msgspec.json.decode(said)["succeeded"]) == (200, True)
    paid = Payment.objects.get()
    store.settle(store.money(Order.objects.get(), payment=paid.pk))  # as the bank's notification does
    order = app.get(f"/orders/{quote['order_id']}")
    assert (order["state"], order["total"], order["lines"][0]["quantity"]) == ("paid", 20_000, 2)
    assert order["destination"]["street"] == "Qinghe 68"
    assert app.get("/cn/basket")["lines"] == []


def test_the_same_order_again_is_the_same_order(store: World, app: App) -> None:
    phone = store.thing("phone", price=10_000, stock=5)
    quote = app.quote((phone.sku, 1))
    first, again = app.order(quote, pay_by="sandbox"), app.order(quote, pay_by="sandbox")
    assert first.json == again.json
    assert Order.objects.count() == Payment.objects.count() == Destination.objects.count() == 1
    assert store.stock(phone) == (5, 1)


def test_an_id_that_was_used_for_something_else_is_told_apart(store: World, app: App) -> None:
    phone = store.thing("phone", price=10_000, stock=5)
    quote = app.quote((phone.sku, 1))
    app.order(quote)
    other = app.quote((phone.sku, 2)) | {"order_id": quote["order_id"]}
    assert app.order(other).code == "ID_CONFLICT"


def test_the_sandbox_takes_nothing_without_the_payments_own_secret(store: World, app: App) -> None:
    phone = store.thing("phone", price=10_000, stock=5)
    payment = app.order(app.quote((phone.sku, 1)), pay_by="sandbox").json["payment"]
    other = app.order(app.quote((phone.sku, 1)), pay_by="sandbox").json["payment"]
    crossed = {"payment_id": payment["id"], "secret": other["next"]["secret"]}
    assert charge(msgspec.json.encode(crossed))[0] == 404
    assert charge(b"{}")[0] == 400
    assert not Charge.objects.exists()


def test_a_member_may_cancel_what_is_not_paid(store: World, app: App) -> None:
    phone = store.thing("phone", price=10_000, stock=5)
    order = app.order(app.quote((phone.sku, 1))).json["id"]
    assert app.get(f"/orders/{order}")["can"] == ["pay", "cancel"]
    assert app.ask("POST", f"/orders/{order}/cancel").json["state"] == "cancelled"
    assert app.ask("POST", f"/orders/{order}/cancel").json["state"] == "cancelled"
    assert Order.objects.get().status == Status.CANCELLED
    assert app.ask("POST", f"/orders/{order}/payments", {"means": "sandbox"}).code == "NOT_PAYABLE"
