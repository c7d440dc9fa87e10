"""Wishes are kept and joined at sign-in; what was seen lately is the browser's own and nobody else's."""

import re
from typing import Any

import pytest
from django.test import Client

from setaria.goods.catalog.models import Product
from setaria.goods.search.refresh import refresh
from setaria.people.members.models import Member
from setaria.trade.baskets import wishes
from setaria.trade.baskets.models import Wish
from tests.storefront.test_basket import sign_in
from tests.world import World


def wish(client: Client, slug: str, **more: str) -> str:
    return client.post("/wishes/change", {"product": slug, **more}, follow=True).content.decode()


def shown(client: Client) -> list[str]:
    return [card.product.slug for card in client.get("/wishes/").context["cards"]]


def test_a_wish_is_kept_and_taken_off(store: World, visitor: Client) -> None:
    for slug in ("phone", "case"):
        store.thing(slug)
        wish(visitor, slug)
    assert sorted(shown(visitor)) == ["case", "phone"]
    assert "heart--on" in visitor.get("/products/phone/").content.decode()
    assert "heart--on" not in wish(visitor, "phone", off="1", next="/products/phone/")
    assert shown(visitor) == ["case"]


def test_wishes_are_joined_at_sign_in(store: World, visitor: Client, member: Member) -> None:
    store.thing("phone")
    wish(visitor, "phone")
    sign_in(visitor, member)
    assert shown(visitor) == ["phone"]
    assert Wish.objects.get().basket.member_id == member.pk


def test_what_is_not_shown_here_waits_for_another_market(store: World, visitor: Client) -> None:
    store.thing("phone", price=None)
    store.thing("case")
    wish(visitor, "phone")
    wish(visitor, "case")
    page = visitor.get("/wishes/").content.decode()
    assert "1 more is not shown in this market" in page
    visitor.cookies["market"] = "us"
    assert sorted(shown(visitor)) == ["case", "phone"]


@pytest.mark.parametrize("slug", ["", "nothing", "\x00", "é" * 300, "' OR 1=1 --"])
def test_a_wish_for_nothing_changes_nothing(store: World, visitor: Client, slug: str) -> None:
    assert "There is no such product" in wish(visitor, slug)
    assert Wish.objects.count() == 0


def test_a_full_list_says_so(store: World, visitor: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wishes, "WISHES_MAX", 1)
    store.thing("phone")
    store.thing("case")
    wish(visitor, "phone")
    assert "Take one off first" in wish(visitor, "case")
    assert shown(visitor) == ["phone"]


def test_the_list_takes_as_many_queries_whatever_is_on_it(store: World, visitor: Client, queries_of: Any) -> None:
    store.thing("phone")
    wish(visitor, "phone")
    shown(visitor)
    few = queries_of(visitor, "/wishes/")
    for number in range(9):
        store.thing(f"t{number}")
        wish(visitor, f"t{number}")
    assert queries_of(visitor, "/wishes/") == few <= 10


# --- seen lately ---


def names(client: Client) -> str:
    page = client.get("/").content.decode()
    return page.partition("Seen lately")[2].partition("</section>")[0]


def test_what_was_looked_at_is_shown_latest_first_and_forgotten(store: World, visitor: Client) -> None:
    for slug in ("phone", "case", "phone"):
        if not Product.objects.filter(slug=slug).exists():
            store.thing(slug)
        visitor.get(f"/products/{slug}/")
    part = names(visitor)
    assert 0 < part.index("/products/phone/") < part.index("/products/case/")
    assert 'href="/products/phone/"' not in visitor.get("/products/phone/").content.decode().partition("Seen lately")[2]
    visitor.post("/seen/forget")
    assert names(visitor) == ""


def test_nobody_sees_what_another_looked_at(store: World, visitor: Client, member: Member) -> None:
    store.thing("phone")
    store.thing("case")
    visitor.get("/products/phone/")
    sign_in(visitor, member)
    assert "/products/phone/" in names(visitor)  # one's own, from before signing in
    visitor.get("/products/case/")
    visitor.post("/accounts/logout/")
    assert names(visitor) == ""
    other = Member.objects.get(pk=store.member())
    sign_in(visitor, other)
    assert names(visitor) == ""


def test_what_is_withdrawn_is_not_shown(store: World, visitor: Client) -> None:
    store.thing("phone")
    visitor.get("/products/phone/")
    Product.objects.update(published=False)
    assert names(visitor) == ""


def test_pages_that_do_not_exist_are_not_remembered(store: World, visitor: Client) -> None:
    visitor.get("/products/nothing/")
    assert "seen" not in visitor.cookies


@pytest.mark.parametrize(
    "rubbish", ["x", "0", "0.", "0..", "0." + "a" * 5_000, "é", "0.a/../b", "0" + ".a" * 99, "0.'; --"]
)
def test_a_cookie_with_rubbish_in_it_shows_nothing(store: World, visitor: Client, rubbish: str) -> None:
    store.thing("phone")
    visitor.cookies["seen"] = rubbish
    assert names(visitor) == ""
    visitor.get("/products/phone/")
    assert "/products/phone/" in names(visitor)


def test_the_front_takes_as_many_queries_whatever_was_seen(store: World, visitor: Client, queries_of: Any) -> None:
    store.thing("phone")
    visitor.get("/products/phone/")
    few = queries_of(visitor, "/")
    for number in range(9):
        store.thing(f"t{number}")
        visitor.get(f"/products/t{number}/")
    assert queries_of(visitor, "/") == few


# --- hearts on cards ---


def hearts(client: Client, path: str) -> dict[str, bool]:
    """The products with a heart on a page, and whether it is on."""
    page = client.get(path).content.decode()
    found = re.findall(r'<button class="([^"]*heart--bare[^"]*)" form="(\w+)" name="product" value="([^"]+)"', page)
    for classes, form, _slug in found:
        assert ("heart--on" in classes) == (form == "unwish")
    return {slug: form == "unwish" for _classes, form, slug in found}


@pytest.mark.parametrize("path", ["/", "/kinds/thing/", "/search/?q=phone"])
def test_cards_have_a_heart_which_is_on_for_what_is_wished_for(store: World, visitor: Client, path: str) -> None:
    for slug in ("phone", "phone-case"):
        store.thing(slug, stock=1)
    while refresh():
        pass
    assert hearts(visitor, path) == {"phone": False, "phone-case": False}
    answer = visitor.post("/wishes/change", {"product": "phone", "next": path})
    assert answer["Location"] == path
    assert hearts(visitor, path) == {"phone": True, "phone-case": False}
    visitor.post("/wishes/change", {"product": "phone", "off": "1", "next": path})
    assert hearts(visitor, path) == {"phone": False, "phone-case": False}


def test_somebody_elses_heart_is_not_on(store: World, visitor: Client) -> None:
    store.thing("phone", stock=1)
    wish(visitor, "phone")
    assert hearts(Client(headers={"accept-language": "en"}), "/kinds/thing/") == {"phone": False}


def test_hearts_take_one_query_however_many_cards_there_are(store: World, visitor: Client, queries_of: Any) -> None:
    store.thing("phone", stock=1)
    without = queries_of(visitor, "/kinds/thing/")
    wish(visitor, "phone")
    few = queries_of(visitor, "/kinds/thing/")
    for number in range(9):
        store.thing(f"t{number}", stock=1)
        wish(visitor, f"t{number}")
    assert queries_of(visitor, "/kinds/thing/") == few <= without + 2  # the wishes, and what is in the basket


def test_a_script_is_told_that_it_was_done(store: World, visitor: Client) -> None:
    store.thing("phone", stock=1)
    answer = visitor.post("/wishes/change", {"product": "phone"}, headers={"accept": "application/json"})
    assert (answer.status_code, answer.content) == (204, b"")
    assert shown(visitor) == ["phone"]


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "\x00", "", "NaN", "store:home"]
)
def test_a_heart_leads_nowhere_else(store: World, visitor: Client, target: str) -> None:
    store.thing("phone", stock=1)
    assert visitor.post("/wishes/change", {"product": "phone", "next": target})["Location"] == "/"
