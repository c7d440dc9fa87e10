"""The staff's page of one order's money."""

from django.contrib.auth.models import Permission
from django.test import Client

from setaria.kernel.ids import new_id
from setaria.people.members.models import Member
from setaria.trade.aftersales.models import Return
from setaria.trade.payments.models import Refund
from tests.world import World


def form(**fields: object) -> dict[str, object]:
    return {"return_id": new_id(), "units-0": "1", "stock": "again", "reason": "broken glass", **fields}


def test_only_staff_sees_and_refunds(store: World, staff: Client, fan: Client, visitor: Client) -> None:
    order = store.placed((store.thing(price=10_000, stock=5), 2))
    store.pay(order)
    path = f"/money/orders/{order.id}/"
    assert fan.get(path).status_code == 404
    assert fan.post(f"{path}refund", form()).status_code == 404
    assert visitor.post(f"{path}refund", form()).status_code == 302
    assert Return.objects.count() == 0
    assert staff.get(path).status_code == 200
    assert staff.get(f"/money/orders/{new_id()}/").status_code == 404
    assert staff.get("/money/orders/", {"number": str(order.id)})["Location"] == path
    assert staff.get("/money/orders/", {"number": "x"})["Location"] == "/money/"


def test_refunds_take_a_right(store: World, staff: Client) -> None:
    order = store.placed((store.thing(price=10_000, stock=5), 2))
    store.pay(order)
    path = f"/money/orders/{order.id}/"
    assert f"{path}refund" not in staff.get(path).content.decode()
    assert staff.post(f"{path}refund", form()).status_code == 404
    assert Return.objects.count() == 0
    member = Member.objects.get(is_staff=True)
    member.user_permissions.add(Permission.objects.get(codename="add_return"))
    assert f"{path}refund" in staff.get(path).content.decode()


def test_a_form_sent_twice_refunds_once_and_is_signed(store: World, staff: Client) -> None:
    member = Member.objects.get(is_staff=True)
    member.user_permissions.add(Permission.objects.get(codename="add_return"))
    order = store.placed((store.thing(price=10_000, stock=5), 2))
    store.pay(order)
    sent = form()
    for _ in range(2):
        page = staff.post(f"/money/orders/{order.id}/refund", sent, follow=True).content.decode()
        assert "¥100 goes back to the buyer" in page
    made = Return.objects.get()
    assert (made.amount, made.reason, "@" in made.by, Refund.objects.count()) == (10_000, "broken glass", True, 1)
    for wrong, said in (({"units-0": "2"}, "not left"), ({"reason": ""}, "Say why"), ({"units-0": "x"}, "not understood"),
                        ({"return_id": "x"}, "not understood"), ({"units-0": "0"}, "Say what")):  # fmt: skip
        assert said in staff.post(f"/money/orders/{order.id}/refund", form(**wrong), follow=True).content.decode()
    assert Refund.objects.count() == 1
