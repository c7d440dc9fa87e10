"""The staff's start page and the words for search: who gets in, what they see there, and what becomes of it."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from setaria.goods.search.models import Synonyms
from setaria.people.members.models import Member
from setaria.sight.office.start import FLOORS
from setaria.site.staff import RIGHTS
from setaria.trade.payments.cases import Trouble, open_cases
from setaria.trade.payments.models import Case
from tests.telling.conftest import may, signed_in
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def clerk(store: World) -> Member:
    return Member.objects.get(pk=store.member(is_staff=True))


def test_the_office_is_for_staff(clerk: Member, fan: Client, visitor: Client) -> None:
    assert visitor.get("/office/").status_code == 302
    assert fan.get("/office/").status_code == 404
    assert signed_in(clerk).get("/office/").status_code == 200


def test_the_words_are_for_those_who_may(shut: Callable[[str, dict[str, str]], None]) -> None:
    for path in ("/office/finding/", "/office/finding/add", "/office/finding/1/change"):
        shut(path, {"lines": "a, b", "was": "a, b", "terms": "a, c"})
    assert not Synonyms.objects.exists()


def test_everybody_sees_the_pages_that_open_to_them_and_no_other(clerk: Member) -> None:
    rooms = [room for _, rooms in FLOORS for room in rooms]
    everything = [permission for given in RIGHTS.values() for permission in given]
    for rights in ([], ["notices.change_bounce"], ["search.change_synonyms"], everything):
        staff = signed_in(may(clerk, *rights))
        shown = staff.get("/office/").content.decode()
        for room in rooms:
            address = reverse(room.url)
            opens = staff.get(address, follow=True).status_code == 200
            assert (f'href="{address}"' in shown) == opens, (rights, room.url)


def test_what_waits_is_counted(clerk: Member, store: World) -> None:
    staff = signed_in(clerk)
    assert "waiting" not in staff.get("/office/").content.decode()
    open_cases([Trouble(Case.Kind.UNKNOWN, "bank", reference) for reference in ("one", "two")], now=store.now)
    assert "2 waiting" in staff.get("/office/").content.decode()


def test_the_account_leads_staff_there_and_nobody_else(clerk: Member, fan: Client) -> None:
    assert "/office/" in signed_in(clerk).get("/account/").content.decode()
    assert "/office/" not in fan.get("/account/").content.decode()


def test_groups_are_added_changed_and_forgotten(clerk: Member) -> None:
    staff = signed_in(may(clerk, "search.change_synonyms"))
    answer = staff.post("/office/finding/add", {"lines": "TV, 电视\n面条、挂面\nalone\n"})
    assert list(Synonyms.objects.values_list("terms", flat=True)) == ["tv, 电视", "面条, 挂面"]
    assert ">alone</textarea>" in answer.content.decode()  # kept, to be mended
    tv = Synonyms.objects.get(terms="tv, 电视")
    address = f"/office/finding/{tv.pk}/change"
    staff.post(address, {"was": tv.terms, "terms": "TV, 电视, telly"})
    answer = staff.post(address, {"was": tv.terms, "terms": "lost, update"}, follow=True)
    assert "Nothing was changed" in answer.content.decode()
    assert Synonyms.objects.get(pk=tv.pk).terms == "tv, 电视, telly"
    staff.post(address, {"was": "tv, 电视, telly", "terms": "x, y", "forget": ""})
    assert not Synonyms.objects.filter(pk=tv.pk).exists()


@pytest.mark.parametrize("number", ["0", "99999999999999999999999"])
def test_a_group_that_is_not_there_is_no_fault(clerk: Member, number: str) -> None:
    staff = signed_in(may(clerk, "search.change_synonyms"))
    assert staff.post(f"/office/finding/{number}/change", {"was": "\x00", "terms": "a, b"}).status_code == 302
