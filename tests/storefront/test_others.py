"""Every address that names something of somebody's, asked for by somebody else: nothing is shown, nothing is changed."""

from typing import Any
from uuid import UUID

import pytest
from django.apps import apps
from django.test import Client
from django.urls import URLPattern, URLResolver

from setaria.channels.storefront.urls import urlpatterns
from setaria.people.members.models import Address, Member
from setaria.people.notices.models import Device
from setaria.trade.baskets.models import Share
from setaria.trade.invoices.models import Invoice
from setaria.trade.payments.models import Payment
from setaria.trade.preorders.models import Place
from tests.invoices.conftest import issuer_of
from tests.notices.browser import Browser
from tests.notices.conftest import receiver  # noqa: F401
from tests.notices.receiver import Receiver
from tests.preorders.conftest import Queue
from tests.storefront.conftest import ADDRESS
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)

SECRET = "For the owner only"  # nothing that a page would escape
# What a stranger may well do with the names of these: they are no secret, or are the secret itself.
PUBLIC = {
    "kind", "product", "drop", "drop_pass", "programme", "programme_pass", "queue_proof", "draw", "draw_file", "draw_enter",
    "draw_withdraw", "drop_code", "set_add", "share_picture", "sitemap_part", "theme",
}  # fmt: skip
SEALED = {"code", "code_use", "code_keep", "basket_shared", "basket_take", "alert", "order_open", "forget", "stop"}
# Rows that asking makes of itself: who asked, when, what they saw.
OF_WHOEVER_ASKS = {
    "sessions.Session",
    "usersessions.UserSession",
    "storefront.TermsShown",
    "baskets.Basket",
    "members.Member",
}


@pytest.fixture
def owned(store: World, fan: Client, member: Member, receiver: Receiver) -> dict[str, list[Any]]:  # noqa: F811
    """Everything a member can have, each by the name that addresses give it."""
    thing = store.thing("phone", price=10_000, stock=20)
    unpaid, paid = store.placed(thing, by=member.pk), store.placed(thing, by=member.pk)
    issuer_of(store)
    fan.post(f"/orders/{paid.id}/address", ADDRESS | {"street": SECRET})
    fan.post(f"/orders/{unpaid.id}/pay")
    store.pay(paid)
    fan.post(f"/orders/{paid.id}/invoice", {"name": SECRET, "tax_id": ""})
    Browser(receiver).add(store, member.pk)
    queue = Queue(store, deposit_amount=10_000)
    queue.take(queue.ask(member.pk))
    fan.post("/account/addresses/add", ADDRESS | {"street": SECRET})
    fan.post("/basket/add", {"sku": thing.sku, "quantity": "1"})
    fan.post("/basket/share")
    fan.post("/wishes/change", {"product": "phone"})
    have = {
        "order_id": [unpaid.id, paid.id],
        "payment_id": list(Payment.objects.values_list("pk", flat=True)),
        "place_id": list(Place.objects.values_list("pk", flat=True)),
        "number": [unpaid.id, UUID(int=7)],
        "device_id": list(Device.objects.values_list("pk", flat=True)),
        "address_id": list(Address.objects.filter(member=member).values_list("pk", flat=True)),
        "name": list(Invoice.objects.values_list("name", flat=True)),
        "share": list(Share.objects.values_list("pk", flat=True)),
    }
    assert all(have.values()), have
    assert SECRET in fan.get(f"/orders/{paid.id}/").content.decode()
    assert SECRET in fan.get("/account/").content.decode()
    return have


def addresses(owned: dict[str, list[Any]]) -> dict[str, str]:
    """One address for each way to name each thing, by what it is."""
    found: dict[str, str] = {}

    def walk(patterns: list[URLPattern | URLResolver]) -> None:
        for pattern in patterns:
            assert isinstance(pattern, URLPattern)
            names = list(pattern.pattern.converters)
            if not names or pattern.name in PUBLIC | SEALED:
                continue
            for turn in range(max(len(owned[name]) for name in names)):
                route = str(pattern.pattern)
                for name, converter in pattern.pattern.converters.items():
                    value = owned[name][turn % len(owned[name])]
                    kind = {"UUIDConverter": "uuid", "IntConverter": "int", "SlugConverter": "slug"}[
                        type(converter).__name__
                    ]
                    route = route.replace(f"<{kind}:{name}>", str(value))
                found[f"/{route}"] = str(pattern.name)

    walk(urlpatterns)  # type: ignore[arg-type]
    return found


def everything_there_is() -> dict[str, list[Any]]:
    models = [each for each in apps.get_models() if each._meta.label not in OF_WHOEVER_ASKS and each._meta.managed]
    return {each._meta.label: sorted(map(repr, each._base_manager.values_list())) for each in models}


@pytest.mark.parametrize("who", ["a guest", "another member", "staff"])
def test_what_is_somebodys_is_nobody_elses(store: World, owned: dict[str, list[Any]], who: str) -> None:
    other = Client(headers={"accept-language": "en"})
    if who != "a guest":
        other.force_login(Member.objects.get(pk=store.member(is_staff=who == "staff")))
    other.get("/basket/")
    before = everything_there_is()
    asked = addresses(owned)
    assert {"order", "order_pay", "order_card", "order_cancel", "order_address", "order_invoice", "order_document", "payment",
            "payment_back", "place", "place_pay", "place_withdraw", "deposit", "address_prefer", "address_forget",
            "push_remove"} == set(asked.values())  # fmt: skip
    for address in asked:
        for answer in (other.get(address), other.post(address, ADDRESS | {"name": "Mine", "code": "x", "sure": "yes"})):
            assert answer.status_code in (302, 403, 404, 405), (address, answer.status_code)
            assert SECRET not in answer.content.decode(), address
    for form in ({"share": str(owned["share"][0])}, {"share": str(owned["share"][0]).replace("-", "")}):
        other.post("/basket/unshare", form)
    assert everything_there_is() == before


def test_a_links_seal_cannot_be_made_from_what_it_names(
    store: World, owned: dict[str, list[Any]], visitor: Client
) -> None:
    before = everything_there_is()
    names = [str(value) for values in owned.values() for value in values] + ["A" * 22, "A" * 86, "%00", "."]
    for name in names:
        for route in ("codes/{}/", "baskets/{}/", "alerts/{}/", "orders/open/{}/", "forget/{}/", "stop/{}/"):
            answer = visitor.get("/" + route.format(name))
            assert answer.status_code in (200, 302, 404), (route, name)
            assert SECRET not in answer.content.decode()
            visitor.post("/" + route.format(name), {"confirm": "1", "sure": "yes"})
    assert everything_there_is() == before
