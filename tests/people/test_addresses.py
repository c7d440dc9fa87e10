"""A member's address book: kept by country's form, one offered first, one's own only."""

from django.test import Client

from setaria.people.members.addresses import ADDRESSES_MAX, remember
from setaria.people.members.models import Address, Member
from tests.storefront.conftest import ADDRESS
from tests.storefront.test_basket import put
from tests.world import SECOND, World


def test_an_address_is_added_preferred_and_used(store: World, fan: Client, member: Member) -> None:
    assert fan.post("/account/addresses/add", ADDRESS | {"city": "Chengdu", "region": "四川省"}).status_code == 302
    store.later(SECOND)
    assert fan.post("/account/addresses/add", ADDRESS).status_code == 302
    first, second = Address.objects.get(city="Chengdu"), Address.objects.get(city="Beijing")
    put(fan, store.thing(stock=1))
    assert 'value="Beijing"' in fan.get("/checkout/").content.decode()  # the latest
    fan.post(f"/account/addresses/{first.pk}/prefer")
    assert 'value="Chengdu"' in fan.get("/checkout/").content.decode()
    fan.post(f"/account/addresses/{second.pk}/prefer")
    assert list(Address.objects.filter(usual=True)) == [second]


def test_a_wrong_address_is_told_so(store: World, fan: Client) -> None:
    for wrong in ({"postcode": "12"}, {"region": "Atlantis"}, {"phone": "1"}, {"street": ""}, {"city": "x" * 100}):
        answer = fan.post("/account/addresses/add", ADDRESS | wrong)
        assert answer.status_code == 422
        assert "field__error" in answer.content.decode()
    assert not Address.objects.exists()


def test_the_usual_one_is_never_forgotten_by_itself(store: World, fan: Client, member: Member) -> None:
    fan.post("/account/addresses/add", ADDRESS)
    usual = Address.objects.get()
    fan.post(f"/account/addresses/{usual.pk}/prefer")
    for n in range(ADDRESSES_MAX + 2):
        store.later(SECOND)
        remember(member.pk, now=store.now, recipient="x", phone="1", country="CN", city=str(n), street="s")
    assert Address.objects.filter(pk=usual.pk, usual=True).exists()
    assert Address.objects.count() == ADDRESSES_MAX


def test_somebody_elses_address_is_not_ones_own(store: World, fan: Client, visitor: Client) -> None:
    other = store.member()
    remember(other, now=store.now, recipient="x", phone="1", country="CN", city="c", street="s")
    theirs = Address.objects.get()
    fan.post(f"/account/addresses/{theirs.pk}/prefer")
    theirs.refresh_from_db()
    assert not theirs.usual
    for path in (f"/account/addresses/{theirs.pk}/prefer", "/account/addresses/add"):
        assert visitor.post(path)["Location"].startswith("/accounts/login/")
