"""The staff's page of what a person must look at."""

from collections.abc import Callable

from django.test import Client

from setaria.trade.payments.cases import Kind, Trouble, open_cases
from setaria.trade.payments.models import Case
from tests.world import World


def trouble(n: int) -> Trouble:
    kind = list(Kind)[n % len(Kind)]
    return Trouble(kind, "stripe", f"ref-{n}", amount=1_999, currency="CNY", text="<b>Look</b>")


def test_only_staff_sees_and_resolves(store: World, staff: Client, fan: Client, visitor: Client) -> None:
    open_cases([trouble(1)], now=store.now)
    case = Case.objects.get()
    assert fan.get("/money/").status_code == 404
    assert fan.post(f"/money/cases/{case.pk}/resolve", {"note": "x"}).status_code == 404
    assert "/accounts/login/" in visitor.get("/money/")["Location"]
    assert visitor.post(f"/money/cases/{case.pk}/resolve", {"note": "x"}).status_code == 302
    case.refresh_from_db()
    assert case.resolved_at is None
    page = staff.get("/money/").content.decode()
    assert "Another amount than was asked for" in page
    assert "&lt;b&gt;Look" in page


def test_resolving_needs_a_note_and_is_signed(store: World, staff: Client) -> None:
    open_cases([trouble(2)], now=store.now)
    case = Case.objects.get()
    assert (
        "Say in a few words"
        in staff.post(f"/money/cases/{case.pk}/resolve", {"note": " "}, follow=True).content.decode()
    )
    assert (
        "is resolved"
        in staff.post(f"/money/cases/{case.pk}/resolve", {"note": "Cal\0led."}, follow=True).content.decode()
    )
    case.refresh_from_db()
    assert (case.note, "@" in case.resolved_by) == ("Called.", True)
    assert "already" in staff.post(f"/money/cases/{case.pk}/resolve", {"note": "Me too."}, follow=True).content.decode()
    assert staff.get(f"/money/cases/{case.pk}/resolve").status_code == 405


def test_as_many_queries_whatever_is_open(
    store: World, staff: Client, queries_of: Callable[[Client, str], int]
) -> None:
    open_cases([trouble(0)], now=store.now)
    few = queries_of(staff, "/money/")
    open_cases([trouble(n) for n in range(30)], now=store.now)
    assert queries_of(staff, "/money/") == few <= 12
