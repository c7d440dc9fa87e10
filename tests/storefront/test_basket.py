"""The basket: what is put in stays, what changed is said, nonsense changes nothing."""

import re
from collections.abc import Callable

import pytest
from allauth.account.models import EmailAddress
from django.test import Client

from setaria.goods.catalog.models import Product, Variant
from setaria.goods.pricing.price import set_price
from setaria.people.members.models import Member
from setaria.trade.baskets.models import Share
from setaria.trade.baskets.share import SHARED_FOR
from setaria.trade.orders.requests import ORDER_LINES_MAX
from setaria.trade.quotes.models import ShippingRate
from tests.world import SECOND, World


def put(client: Client, variant: Variant, quantity: object = 1) -> str:
    return client.post("/basket/add", {"sku": variant.sku, "quantity": quantity}, follow=True).content.decode()


def look(client: Client) -> str:
    response = client.get("/basket/")
    assert response.status_code == 200
    return response.content.decode()


def test_what_is_put_in_stays_and_adds_up(store: World, visitor: Client) -> None:
    phone = store.thing("phone", price=10_000, stock=5)
    assert "phone · phone is in your basket." in put(visitor, phone)
    put(visitor, phone, 2)
    page = look(visitor)
    assert 'value="3"' in page
    assert "300</span></dd>" in page
    assert 'class="count" aria-hidden="true">3<' in page
    assert "Check out" in page


def test_a_line_is_changed_and_removed(store: World, visitor: Client) -> None:
    phone = store.thing("phone", stock=5)
    put(visitor, phone)
    visitor.post("/basket/change", {"sku": "PHONE", "quantity": "4"})
    assert 'value="4"' in look(visitor)
    visitor.post("/basket/change", {"sku": "PHONE", "remove": "1"})
    assert "Your basket is empty" in look(visitor)
    put(visitor, phone)
    visitor.post("/basket/change", {"sku": "PHONE", "quantity": "0"})
    assert "Your basket is empty" in look(visitor)


@pytest.mark.parametrize("quantity", ["-1", "0.5", "NaN", "1e9", "", "abc", "10001", "9" * 400, "١", "\x00", "１"])
def test_a_quantity_that_is_none_changes_nothing(store: World, visitor: Client, quantity: str) -> None:
    phone = store.thing("phone", stock=5)
    assert "A quantity is a whole number" in put(visitor, phone, quantity)
    assert "Your basket is empty" in look(visitor)
    put(visitor, phone, 2)
    page = visitor.post("/basket/change", {"sku": "PHONE", "quantity": quantity}, follow=True).content.decode()
    assert "A quantity is a whole number" in page
    assert 'value="2"' in page


@pytest.mark.parametrize("sku", ["", "NO-SUCH", "phone", "\x00", "x" * 5000, "'; --", "<b>"])
def test_an_unknown_sku_changes_nothing(store: World, visitor: Client, sku: str) -> None:
    store.thing("phone", stock=5)
    page = visitor.post("/basket/add", {"sku": sku, "quantity": "1"}, follow=True).content.decode()
    assert "There is no such product any more" in page
    page = visitor.post("/basket/change", {"sku": sku, "quantity": "1"}, follow=True).content.decode()
    assert "not in your basket" in page


@pytest.mark.parametrize(
    "path",
    [
        "/basket/add",
        "/basket/change",
        "/basket/later",
        "/basket/share",
        "/basket/unshare",
        "/baskets/x/take",
        "/choose/market",
        "/choose/theme",
    ],
)
def test_buttons_are_not_links(store: World, visitor: Client, path: str) -> None:
    assert visitor.get(path).status_code == 405


def test_a_changed_price_is_told_beside_the_one_seen(store: World, visitor: Client) -> None:
    phone = store.thing("phone", price=10_000, stock=5)
    put(visitor, phone)
    set_price(phone.pk, store.cn.pk, 12_000, since=store.now + SECOND, now=store.now)
    store.later(2 * SECOND)
    page = look(visitor)
    assert "The price changed" in page
    assert "¥</span>100</span> when you put it in" in page
    assert "¥</span>120</span> now" in page
    visitor.post("/basket/change", {"sku": "PHONE", "quantity": "1"})
    assert "The price changed" not in look(visitor)


def test_a_line_that_ran_short_is_told_and_stops_the_checkout(store: World, visitor: Client) -> None:
    phone = store.thing("phone", stock=3)
    put(visitor, phone, 3)
    order = store.placed((phone, 2))
    assert "Only 1 is left" in look(visitor)
    assert "/checkout/" not in look(visitor)
    store.placed(phone)
    assert "Sold out since you put it in" in look(visitor)
    store.cancel(order)
    assert "Only 2 are left" in look(visitor)


def test_what_is_no_longer_published_is_taken_out_and_said(store: World, visitor: Client) -> None:
    put(visitor, store.thing("phone", stock=3))
    Product.objects.update(published=False)
    page = look(visitor)
    assert "PHONE is no longer sold" in page
    assert "no longer sold" not in look(visitor)


def test_sold_out_cannot_be_put_in(store: World, visitor: Client) -> None:
    assert "cannot be bought here" in put(visitor, store.thing("phone"))


def test_a_basket_holds_as_many_lines_as_an_order(store: World, visitor: Client) -> None:
    things = [store.thing(f"t{n}", stock=1) for n in range(ORDER_LINES_MAX + 1)]
    for thing in things[:-1]:
        visitor.post("/basket/add", {"sku": thing.sku, "quantity": "1"})
    assert f"at most {ORDER_LINES_MAX} different things" in put(visitor, things[-1])
    assert look(visitor).count('class="line"') == ORDER_LINES_MAX


def test_a_basket_goes_along_to_another_market_but_sells_nothing_there(store: World, visitor: Client) -> None:
    put(visitor, store.thing("phone", stock=3))
    visitor.cookies["market"] = "us"
    page = look(visitor)
    assert "Not sold in United States" in page
    assert "/checkout/" not in page
    visitor.cookies["market"] = "cn"
    assert "/checkout/" in look(visitor)


@pytest.mark.parametrize("rubbish", ["x", "", "A" * 44, "A" * 5_000, "\x00", "é", "../.."])
def test_a_cookie_with_rubbish_in_it_is_an_empty_basket(store: World, visitor: Client, rubbish: str) -> None:
    put(visitor, store.thing("phone", stock=3))
    visitor.cookies["visitor"] = rubbish
    assert "Your basket is empty" in look(visitor)
    assert "is in your basket" in put(visitor, store.thing("case", stock=3))
    assert look(visitor).count('class="line"') == 1


def test_the_basket_takes_as_many_queries_whatever_is_in_it(
    store: World, visitor: Client, queries_of: Callable[[Client, str], int]
) -> None:
    put(visitor, store.thing(stock=1))
    look(visitor)
    few = queries_of(visitor, "/basket/")
    for _ in range(12):
        visitor.post("/basket/add", {"sku": store.thing(stock=1).sku, "quantity": "1"})
    look(visitor)
    assert queries_of(visitor, "/basket/") == few <= 10


def test_a_line_is_saved_for_later_and_put_back(store: World, visitor: Client) -> None:
    put(visitor, store.thing("phone", price=10_000, stock=5), 2)
    visitor.post("/basket/later", {"sku": "PHONE"})
    page = look(visitor)
    assert "Your basket is empty" in page
    assert "Saved for later" in page
    assert 'class="count"' not in page
    visitor.post("/basket/later", {"sku": "PHONE", "back": "1"})
    page = look(visitor)
    assert "Saved for later" not in page
    assert 'value="2"' in page


def test_what_is_saved_for_later_is_not_ordered(store: World, fan: Client) -> None:
    put(fan, store.thing("phone", stock=5))
    put(fan, store.thing("case", stock=5))
    fan.post("/basket/later", {"sku": "CASE"})
    page = fan.get("/checkout/").content.decode()
    assert "phone" in page
    assert "case" not in page


def test_a_changed_price_and_a_short_line_are_asked_about(store: World, visitor: Client) -> None:
    phone = store.thing("phone", price=10_000, stock=3)
    put(visitor, phone, 3)
    set_price(phone.pk, store.cn.pk, 12_000, since=store.now + SECOND, now=store.now)
    store.later(2 * SECOND)
    store.placed(phone)
    page = look(visitor)
    assert "Keep it at this price" in page
    assert "Take the 2 that are left" in page
    visitor.post("/basket/change", {"sku": "PHONE", "quantity": "2"})
    page = look(visitor)
    assert "Keep it at this price" not in page
    assert "/checkout/" in page


def sign_in(client: Client, member: Member) -> None:
    member.set_password("millet-and-rifles")
    member.save()
    EmailAddress.objects.get_or_create(user=member, email=member.email, verified=True, primary=True)
    assert client.post("/accounts/login/", {"login": member.email, "password": "millet-and-rifles"}).status_code == 302


def test_signing_in_joins_both_baskets_and_signing_out_takes_it_along(
    store: World, visitor: Client, fan: Client, member: Member
) -> None:
    phone, case = store.thing("phone", stock=9), store.thing("case", stock=9)
    put(fan, phone, 2)
    put(visitor, phone, 3)
    put(visitor, case)
    anonymous = visitor.cookies["visitor"].value
    sign_in(visitor, member)
    fan.force_login(member)  # a new password ends other sessions
    for client in (visitor, fan):
        page = look(client)
        assert 'value="3"' in page
        assert "case" in page
    # Signing in again with the old cookie adds nothing.
    visitor.post("/accounts/logout/")
    assert "Your basket is empty" in look(visitor)
    visitor.cookies["visitor"] = anonymous
    sign_in(visitor, member)
    assert 'value="3"' in look(visitor)


def test_two_devices_of_one_account_see_one_basket(store: World, fan: Client, member: Member) -> None:
    other = Client(headers={"accept-language": "en"})
    other.force_login(member)
    put(fan, store.thing("phone", stock=5))
    assert "phone" in look(other)
    other.post("/basket/change", {"sku": "PHONE", "remove": "1"})
    assert "Your basket is empty" in look(fan)


def test_an_anonymous_basket_is_nobody_elses(store: World, visitor: Client, fan: Client) -> None:
    phone = store.thing("phone", stock=5)
    put(visitor, phone)
    fan.cookies["visitor"] = visitor.cookies["visitor"].value
    assert "Your basket is empty" in look(fan)
    stranger = Client(headers={"accept-language": "en"})
    assert "not in your basket" in stranger.post(
        "/basket/change", {"sku": "PHONE", "quantity": "1"}, follow=True
    ).content.decode()  # fmt: skip


def shared_by(client: Client) -> str:
    page = client.post("/basket/share", follow=True).content.decode()
    return re.search(r'href="http://testserver(/baskets/[^"]+)"', page).group(1)  # type: ignore[union-attr]


def test_a_shared_basket_shows_a_copy_and_nobodys_name(
    store: World, fan: Client, visitor: Client, member: Member
) -> None:
    phone = store.thing("phone", price=10_000, stock=5)
    put(fan, phone, 2)
    link = shared_by(fan)
    fan.post("/basket/change", {"sku": "PHONE", "quantity": "5"})
    page = visitor.get(link).content.decode()
    assert "× 2" in page
    assert member.email not in page
    visitor.post(f"{link}take")
    assert 'value="2"' in look(visitor)


def test_a_link_ends_by_itself_and_when_taken_back(store: World, fan: Client, visitor: Client) -> None:
    put(fan, store.thing("phone", stock=5))
    link = shared_by(fan)
    share = Share.objects.get()
    assert "no such link of yours" in visitor.post(
        "/basket/unshare", {"share": str(share.pk)}, follow=True
    ).content.decode()  # fmt: skip
    assert visitor.get(link).status_code == 200
    fan.post("/basket/unshare", {"share": str(share.pk)})
    assert visitor.get(link).status_code == 404
    link = shared_by(fan)
    store.later(SHARED_FOR)
    assert visitor.get(link).status_code == 404
    assert "This link has ended" in visitor.post(f"{link}take", follow=True).content.decode()


@pytest.mark.parametrize("token", ["x", "A" * 43, "A" * 44, "..", "é" * 44, "A" * 3_000])
def test_a_made_up_link_shows_nothing(store: World, visitor: Client, token: str) -> None:
    assert visitor.get(f"/baskets/{token}/").status_code == 404


@pytest.mark.parametrize("share", ["", "x", "0" * 32, "\x00"])
def test_taking_back_nonsense_changes_nothing(store: World, visitor: Client, share: str) -> None:
    answer = visitor.post("/basket/unshare", {"share": share}, follow=True)
    assert "no such link of yours" in answer.content.decode()


def test_an_empty_basket_is_not_shared(store: World, visitor: Client) -> None:
    page = visitor.post("/basket/share", follow=True).content.decode()
    assert "nothing in your basket to share" in page


def test_the_basket_says_what_delivery_costs_as_the_checkout_does(store: World, visitor: Client) -> None:
    ShippingRate.objects.create(market=store.cn, code="standard", name={"en": "Post"}, amount=1_000, free_from=20_000)
    put(visitor, store.thing("phone", price=11_300, stock=5))
    page = re.sub(r"<[^>]+>", "", look(visitor))
    assert "Post; free from ¥200 on" in page
    assert "¥123" in page
    visitor.post("/basket/change", {"sku": "PHONE", "quantity": "2"})
    page = re.sub(r"<[^>]+>", "", look(visitor))
    assert "Post: free from ¥200 on" in page
    assert "¥226" in page
