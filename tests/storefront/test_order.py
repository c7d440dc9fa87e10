"""An order's page: for its owner only; paying, cancelling, where it goes."""

from collections.abc import Callable
from uuid import UUID

import pytest
from django.test import Client

from setaria.kernel.ids import new_id
from setaria.people.members.addresses import ADDRESSES_MAX, remember
from setaria.people.members.models import Address, Member
from setaria.trade.aftersales.take_back import Wish, take_back
from setaria.trade.orders.models import Destination
from setaria.trade.orders.requests import Placed
from setaria.trade.payments import refund
from setaria.trade.payments.disputes import hear
from setaria.trade.payments.models import Payment, Refund
from setaria.trade.payments.start import Refusal, start
from setaria.trade.payments.words import Quarrel, Stand
from tests.storefront.conftest import ADDRESS
from tests.world import HOUR, MINUTE, SECOND, World


@pytest.fixture
def order(store: World, member: Member) -> Placed:
    return store.placed((store.thing("phone", price=10_000, stock=5), 2), by=member.pk)


def page_of(client: Client, order: Placed) -> str:
    response = client.get(f"/orders/{order.id}/")
    assert response.status_code == 200
    return response.content.decode()


def test_it_says_how_it_stands(store: World, fan: Client, order: Placed) -> None:
    page = page_of(fan, order)
    assert "held for you until" in page
    assert "Pay <span" in page
    assert "Cancel this order" in page
    assert "× 2" in page
    store.pay(order)
    page = page_of(fan, order)
    assert "Paid. Thank you." in page
    assert "Cancel this order" in page
    store.later(HOUR)
    assert "Cancel this order" not in page_of(fan, order)


def test_only_its_owner_sees_or_changes_it(store: World, visitor: Client, order: Placed) -> None:
    stranger = Client(headers={"accept-language": "en"})
    stranger.force_login(Member.objects.get(pk=store.member()))
    for path in ("", "pay", "cancel", "address"):
        ask = stranger.get if path == "" else stranger.post
        assert ask(f"/orders/{order.id}/{path}").status_code == 404
        assert (visitor.get if path == "" else visitor.post)(f"/orders/{order.id}/{path}").status_code == 302
    assert store.status(order) == "placed"
    assert Payment.objects.count() == Destination.objects.count() == 0
    assert stranger.get(f"/orders/{new_id()}/").status_code == 404


def test_paying_goes_to_the_bank_once(store: World, fan: Client, order: Placed) -> None:
    first, second = fan.post(f"/orders/{order.id}/pay"), fan.post(f"/orders/{order.id}/pay")
    payment = Payment.objects.get()
    assert first["Location"] == second["Location"] == f"/payments/{payment.pk}/"
    assert fan.get(first["Location"])["Location"] == f"/bank/{payment.pk}/"
    assert (payment.amount, payment.currency, payment.status) == (20_000, "CNY", "started")
    assert "You have begun to pay" in page_of(fan, order)
    Payment.objects.update(status="failed")
    assert "did not succeed" in page_of(fan, order)
    fan.post(f"/orders/{order.id}/pay")
    assert Payment.objects.count() == 2


def test_what_is_not_payable_is_not_paid(store: World, fan: Client, member: Member, order: Placed) -> None:
    ask = (order.id, member.pk, "sandbox")
    assert start(order.id, member.pk + 1, "sandbox", store.now) is Refusal.UNKNOWN_ORDER
    assert start(new_id(), member.pk, "sandbox", store.now) is Refusal.UNKNOWN_ORDER
    assert start(*ask, store.now + 15 * MINUTE) is Refusal.TOO_LATE
    with pytest.raises(KeyError):
        start(order.id, member.pk, "no-such-bank", store.now)
    store.cancel(order)
    assert start(*ask, store.now) is Refusal.NOT_PAYABLE
    page = fan.post(f"/orders/{order.id}/pay", follow=True).content.decode()
    assert "cannot be paid any more" in page
    assert Payment.objects.count() == 0


def test_cancelling_gives_the_units_back(store: World, fan: Client, order: Placed) -> None:
    page = fan.post(f"/orders/{order.id}/cancel", follow=True).content.decode()
    assert "The order is cancelled. Nothing was charged." in page
    assert store.status(order) == "cancelled"
    fan.post(f"/orders/{order.id}/cancel")
    assert store.status(order) == "cancelled"


def test_soon_after_paying_the_buyer_cancels_and_gets_the_money_back(store: World, fan: Client, order: Placed) -> None:
    store.pay(order)
    for said in ("on its way back", "on its way back"):  # two clicks are one
        assert said in fan.post(f"/orders/{order.id}/cancel", follow=True).content.decode()
    assert [each.amount for each in Refund.objects.all()] == [20_000]
    page = page_of(fan, order)
    assert "you need to do nothing" in page
    assert "Cancel this order" not in page
    assert "This order was taken back" in page
    for untrue in ("packed and sent", "Thank you", "Where should it go?"):
        assert untrue not in page


def test_a_paid_order_that_goes_nowhere_yet_asks_for_its_address_first(
    store: World, fan: Client, order: Placed
) -> None:
    store.pay(order)
    page = page_of(fan, order)
    assert "we still need to know where it goes" in page
    assert "Next, it is packed and sent" not in page
    store.address(order)
    page = page_of(fan, order)
    assert "we still need to know where it goes" not in page
    assert "Next, it is packed and sent" in page


def test_what_came_back_of_an_order_is_told_by_line_and_sum(store: World, fan: Client, member: Member) -> None:
    order = store.placed((store.thing(price=20_000, stock=3), 3), by=member.pk)
    store.pay(order)
    assert "taken back" not in page_of(fan, order)
    take_back(Wish(new_id(), order.id, {0: 1}, "broken", "staff@example.org"), now=store.now)
    page = page_of(fan, order)
    assert "1 unit taken back" in page
    assert "Goes back to you" in page
    assert "packed and sent" in page  # the two others
    take_back(Wish(new_id(), order.id, {0: 2}, "broken", "staff@example.org"), now=store.now)
    page = page_of(fan, order)
    assert "3 units taken back" in page
    assert "packed and sent" not in page
    assert "Returned" in fan.get("/account/", headers={"accept-language": "en"}).content.decode()


@pytest.mark.parametrize(
    ("end", "said"),
    [(Stand.WON, "Your bank decided that the payment stands"), (Stand.LOST, "Your bank gave you the money back")],
)
def test_what_a_buyers_bank_wants_back_is_told(
    store: World, fan: Client, member: Member, end: Stand, said: str
) -> None:
    order = store.placed((store.thing(price=20_000, stock=3), 3), by=member.pk)
    money = store.money(order)
    store.settle(money)
    Payment.objects.create(
        id=money.payment_id, order_id=order.id, customer_id=member.pk, provider="sandbox", amount=order.total,
        currency=order.currency, status=Payment.Status.SUCCEEDED, started_at=store.now, reference="pi-1",
    )  # fmt: skip
    assert "bank" not in page_of(fan, order)
    take_back(Wish(new_id(), order.id, {0: 1}, "broken", "staff@example.org"), now=store.now)
    store.later(SECOND)
    hear("sandbox", [Quarrel("dp_1", "pi-1", order.total, order.currency, Stand.HELD)], now=store.now)
    page = page_of(fan, order)
    assert "Your bank asked for the money back" in page
    assert "we send nothing back ourselves" in page
    assert "you need to do nothing" not in page  # its refund waits for the bank's decision
    store.later(SECOND)
    hear("sandbox", [Quarrel("dp_1", "pi-1", order.total, order.currency, end)], now=store.now)
    page = page_of(fan, order)
    assert said in page
    assert "we send nothing back ourselves" not in page
    assert ("packed and sent" in page) is (end is Stand.WON)  # nobody is promised what was taken back
    for told in (page, fan.get("/account/").content.decode()):
        assert ('<span class="tag tag--good">Paid</span>' in told) is (end is Stand.WON)


def test_a_paid_order_is_not_cancelled_here(store: World, fan: Client, order: Placed) -> None:
    store.pay(order)
    store.later(HOUR)
    assert "no longer be cancelled" in fan.post(f"/orders/{order.id}/cancel", follow=True).content.decode()
    assert store.status(order) == "paid"


def test_an_expired_order_says_what_became_of_it(store: World, fan: Client, order: Placed) -> None:
    store.later(HOUR)
    assert "It was not paid in time" in page_of(fan, order)
    store.expire()
    page = page_of(fan, order)
    assert "This order has expired" in page
    assert "Pay <span" not in page


def test_money_that_goes_back_is_told(store: World, fan: Client, order: Placed) -> None:
    store.cancel(order)
    store.settle(store.money(order))
    refund.collect(now=store.now)
    assert "It goes back to you in full" in page_of(fan, order)
    refund.send_due(now=store.now)
    assert "was sent back on" in page_of(fan, order)


def test_an_order_without_a_destination_asks_for_one(store: World, fan: Client, order: Placed) -> None:
    assert "Where should it go?" in page_of(fan, order)
    wrong = fan.post(f"/orders/{order.id}/address", ADDRESS | {"city": ""})
    assert wrong.status_code == 422
    assert "Where should it go?" in wrong.content.decode()
    page = fan.post(f"/orders/{order.id}/address", ADDRESS, follow=True).content.decode()
    assert "We know now where to send it" in page
    assert Destination.objects.get().street == "Qinghe 68"
    fan.post(f"/orders/{order.id}/address", ADDRESS | {"street": "Elsewhere 1"})
    assert Destination.objects.get().street == "Qinghe 68"


def test_an_order_that_came_to_nothing_has_no_destination(store: World, fan: Client, order: Placed) -> None:
    store.cancel(order)
    assert "will not be sent" in fan.post(f"/orders/{order.id}/address", ADDRESS, follow=True).content.decode()
    assert Destination.objects.count() == 0


@pytest.mark.parametrize("path", ["pay", "cancel", "address"])
def test_verbs_are_no_links(store: World, fan: Client, order: Placed, path: str) -> None:
    assert fan.get(f"/orders/{order.id}/{path}").status_code == 405
    assert store.status(order) == "placed"


def test_orders_take_as_many_queries_whatever_is_in_them(
    store: World, fan: Client, member: Member, queries_of: Callable[[Client, str], int]
) -> None:
    small = store.placed(store.thing(stock=1), by=member.pk)
    few, few_listed = queries_of(fan, f"/orders/{small.id}/"), queries_of(fan, "/account/")
    large = store.placed(*(store.thing(stock=1) for _ in range(20)), by=member.pk)
    for _ in range(12):
        store.placed(store.thing(stock=1), by=member.pk)
        remember(member.pk, now=store.now, recipient="x", phone="1", country="CN", city=str(_), street="s")
    assert queries_of(fan, f"/orders/{large.id}/") <= few <= 18
    assert queries_of(fan, "/account/") == few_listed <= 18


def test_the_account_lists_own_orders_a_page_at_a_time(store: World, fan: Client, member: Member) -> None:
    assert "You have not ordered anything yet" in fan.get("/account/").content.decode()
    ids = []
    for n in range(12):
        ids.append(store.placed(store.thing(f"t{n}", stock=1), by=member.pk).id)
        store.later(SECOND)
    theirs = store.placed(store.thing("theirs", stock=1))
    first, second = (fan.get("/account/", {"page": n}).content.decode() for n in (1, 2))
    assert [str(i) for i in ids if str(i) in first] == [str(i) for i in ids[2:]]
    assert [str(i) for i in ids if str(i) in second] == [str(i) for i in ids[:2]]
    assert str(theirs.id) not in first + second
    assert fan.get("/account/", {"page": "abc"}).status_code == 200


def test_a_name_is_kept(store: World, fan: Client, member: Member) -> None:
    fan.post("/account/name", {"name": " 小米粒 "})
    assert "Hello, 小米粒" in fan.get("/account/").content.decode()
    fan.post("/account/name", {"name": "x" * 81})
    member.refresh_from_db()
    assert member.name == "小米粒"


def test_addresses_are_remembered_once_and_forgotten_by_their_own_member(
    store: World, fan: Client, member: Member
) -> None:
    to = {"recipient": "x", "phone": "1", "country": "CN", "street": "s"}
    for n in range(ADDRESSES_MAX + 3):
        store.later(SECOND)
        remember(member.pk, now=store.now, city=str(n), **to)
        remember(member.pk, now=store.now, city=str(n), **to)
    assert Address.objects.filter(member=member).count() == ADDRESSES_MAX
    assert not Address.objects.filter(city="0").exists()
    other = store.member()
    remember(other, now=store.now, city="theirs", **to)
    theirs = Address.objects.get(city="theirs")
    fan.post(f"/account/addresses/{theirs.pk}/forget")
    fan.post(f"/account/addresses/{2**70}/forget")
    assert Address.objects.filter(pk=theirs.pk).exists()
    mine = Address.objects.filter(member=member).first()
    assert mine is not None
    fan.post(f"/account/addresses/{mine.pk}/forget")
    assert not Address.objects.filter(pk=mine.pk).exists()


def test_an_order_of_a_drop_is_shown_too(store: World, fan: Client, member: Member) -> None:
    phone = store.thing("phone", stock=5)
    drop = store.drop({phone: 2})
    (placed,) = store.place(store.ask(phone, by=member.pk, drop=drop))
    assert isinstance(placed, Placed)
    assert isinstance(placed.id, UUID)
    assert "Where should it go?" in page_of(fan, placed)
