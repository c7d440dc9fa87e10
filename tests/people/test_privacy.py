"""Taking one's data along, and being forgotten while the books stay."""

import json
from io import BytesIO
from zipfile import ZipFile

import pytest
from allauth.account.models import EmailAddress
from django.test import Client

from setaria.people.members.addresses import remember
from setaria.people.members.guests import guest_of
from setaria.people.members.models import Address, Member
from setaria.trade.draws.announce import announce
from setaria.trade.draws.enter import Wish, enter
from setaria.trade.drops.models import Drop
from setaria.trade.invoices.ask import ask as ask_invoice
from setaria.trade.invoices.issue import issue
from setaria.trade.invoices.models import Billing
from setaria.trade.invoices.rules import Party
from setaria.trade.orders.models import Destination, Order
from setaria.trade.orders.requests import Placed
from setaria.trade.privacy.erase import StillRunning, erase
from setaria.trade.privacy.running import Kind, running
from setaria.trade.quotes import exempt
from tests.invoices.conftest import issuer_of
from tests.people.conftest import PASSWORD
from tests.world import DAY, HOUR, World

HOME = {"recipient": "小米粒", "phone": "+86 138 0000 0000", "country": "CN", "region": "北京市", "city": "北京市",
        "street": "海淀区清河中街 68 号", "postcode": "100085"}  # fmt: skip


def signed_in() -> Client:
    client = Client(headers={"accept-language": "en"})
    assert client.post("/accounts/login/", {"login": "mi@example.org", "password": PASSWORD}).status_code == 302
    return client


def bought(store: World, by: Member) -> Placed:
    placed = store.placed(store.thing(price=1_000, stock=5), by=by.pk)
    store.address(placed, region="北京市", city="北京市")
    return placed


def prove(client: Client, path: str, sent: dict[str, str] | None = None):
    """Send a form, say the password where it is asked for, and return the last answer."""
    answer = client.post(path, sent or {})
    if answer.get("Location", "").startswith("/accounts/reauthenticate/"):
        answer = client.post(answer["Location"], {"password": PASSWORD})
    return answer


def test_one_takes_ones_own_data_along(store: World, account: Member) -> None:
    order = bought(store, account)
    other = Member.objects.create_user("other@example.org", PASSWORD)
    theirs = bought(store, other)
    remember(account.pk, now=store.now, **HOME)
    issuer_of(store)
    for placed, name in ((order, "Mi Li"), (theirs, "Somebody Else")):
        ask_invoice(placed.id, Party(name, "CN", ""), now=store.now)
        store.pay(placed)
        issue([placed.id], now=store.now)
    for one in (account, other):
        exempt.note(one, store.cn, f"Certificate {one.pk}", until=None, by="ada@example.org", now=store.now)
    client = signed_in()
    first = client.post("/account/data")
    assert first.status_code == 302  # the password first
    answer = prove(client, "/account/data")
    assert answer["Content-Type"] == "application/zip"
    with ZipFile(BytesIO(answer.content)) as bundle:
        told = {name: json.loads(bundle.read(name)) for name in bundle.namelist()}
    assert told["setaria/account.json"]["email"] == "mi@example.org"
    assert [row["id"] for row in told["setaria/orders.json"]] == [str(order.id)]
    assert told["setaria/order_lines.json"][0]["sku"]
    assert told["setaria/addresses.json"][0]["street"] == HOME["street"]
    assert told["setaria/invoices_for.json"][0]["name"] == "Mi Li"
    assert told["setaria/invoices.json"][0]["content"]["buyer"]["name"] == "Mi Li"
    assert [row["certificate"] for row in told["setaria/tax_exemptions.json"]] == [f"Certificate {account.pk}"]
    everything = json.dumps(told)
    assert f"Certificate {other.pk}" not in everything
    assert "Somebody Else" not in everything
    assert str(theirs.id) not in everything
    assert "other@example.org" not in everything
    assert "md5$" not in everything


def test_a_stranger_gets_no_data(store: World, visitor: Client) -> None:
    assert visitor.post("/account/data")["Location"].startswith("/accounts/login/")
    assert visitor.get("/account/leave")["Location"].startswith("/accounts/login/")


def test_one_is_forgotten_and_the_books_stay(store: World, account: Member) -> None:
    order = bought(store, account)
    store.settle(store.money(store.placed(store.thing(price=500, stock=1), by=account.pk)))
    store.cancel(order)
    store.later(31 * DAY)
    remember(account.pk, now=store.now, **HOME)
    exempt.note(account, store.cn, "D-1", until=None, by="ada@example.org", now=store.now)
    client, elsewhere = signed_in(), signed_in()
    assert prove(client, "/account/leave").status_code == 422  # not sure
    assert client.post("/account/leave", {"sure": "yes"})["Location"] == "/"
    for one in (client, elsewhere):
        assert one.get("/account/")["Location"].startswith("/accounts/login/")
    again = Client(headers={"accept-language": "en"})
    assert again.post("/accounts/login/", {"login": "mi@example.org", "password": PASSWORD}).status_code == 200
    account.refresh_from_db()
    assert (account.email, account.name, account.is_active) == (None, "", False)
    assert not EmailAddress.objects.filter(user=account).exists()
    assert not Address.objects.exists()
    assert not exempt.in_force(store.now + DAY).exists()
    went = Destination.objects.get(pk=order.id)
    assert (went.recipient, went.phone, went.street, went.postcode) == ("", "", "", "")
    assert (went.region, went.city) == ("北京市", "北京市")  # the counters by region are the orders
    assert Order.objects.filter(customer_id=account.pk).count() == 2
    assert store.breaches() == {}
    assert Member.objects.create_user("mi@example.org", PASSWORD).pk != account.pk  # the address is free again


@pytest.mark.parametrize("what", ["unpaid", "sending", "draw"])
def test_what_is_under_way_comes_first(store: World, account: Member, what: str) -> None:
    if what == "draw":
        drop = store.drop({store.thing(stock=5): 1}, opens_at=store.now + DAY, admission=Drop.Admission.DRAW)
        draw = announce(drop, opens_at=store.now, closes_at=store.now + HOUR, now=store.now)
        enter([Wish(draw.pk, account.pk, drop.items.get().variant_id)], now=store.now)
    else:
        order = bought(store, account)
        if what == "sending":
            store.pay(order)
    found = running(account.pk, store.now)
    assert [each.kind for each in found] == [Kind[what.upper()]]
    with pytest.raises(StillRunning):
        erase(account.pk, now=store.now)
    client = signed_in()
    prove(client, "/account/leave", {"sure": "yes"})
    page = client.get("/account/leave").content.decode()
    assert "First, this must come to its end" in page
    assert "Forget me" not in page
    assert client.post("/account/leave", {"sure": "yes"}).status_code == 409
    account.refresh_from_db()
    assert account.email == "mi@example.org"


def test_what_one_ordered_as_a_guest_since_is_ones_own(store: World, account: Member) -> None:
    client = signed_in()
    order = store.placed(store.thing(stock=1), by=guest_of("mi@example.org"))
    prove(client, "/account/leave")
    assert client.post("/account/leave", {"sure": "yes"}).status_code == 409
    with ZipFile(BytesIO(client.post("/account/data").content)) as bundle:
        assert [row["id"] for row in json.loads(bundle.read("setaria/orders.json"))] == [str(order.id)]
    account.refresh_from_db()
    assert account.is_active


def test_whom_an_invoice_was_for_is_forgotten_unless_it_was_written(store: World, account: Member) -> None:
    order = bought(store, account)
    ask_invoice(order.id, Party("Mi Li", "CN", "", "Street 1", "Beijing", ""), now=store.now)
    store.cancel(order)
    erase(account.pk, now=store.now)
    assert not Billing.objects.exists()
