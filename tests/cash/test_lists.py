"""A courier's list: each line once, whatever is wrong with the others, and two at once."""

from uuid import UUID

import pytest
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.db.models import QuerySet
from django.test import Client
from django.test.utils import CaptureQueriesContext

from setaria.people.members.models import Member
from setaria.trade.payments.cash import hand_over as handing
from setaria.trade.payments.cash import lists
from setaria.trade.payments.cash.hand_over import Answer, Brought, hand_over
from setaria.trade.payments.cash.lists import Line, TooLong, read, take_list
from setaria.trade.payments.cash.models import Promise
from setaria.trade.payments.models import Case, Payment, Remittance
from tests.cash.test_cash import BY, books, promised
from tests.cash.test_cash import cash as limits
from tests.money.conftest import staff, store
from tests.races.together import MeetingPoint, together
from tests.world import World

__all__ = ["limits", "staff", "store"]

ONE = UUID("01930f2e-7a4b-7c11-9d2e-5b8f0c6a1e42")


def taken(world: World, text: str, reference: str = "SF-9") -> list[str | None]:
    found = take_list(text, reference=reference, by=BY, now=world.now)
    return [each.answer.value if each.answer else None for each in found]


@pytest.mark.parametrize(
    ("text", "lines"),
    [(f"{ONE}", [Line(1, str(ONE), ONE)]),
     (f"\ufeff订单号,金额,单号\n{ONE},\"1,999.50\",SF-1\n\n", [Line(2, f"{ONE},1,999.50,SF-1", ONE, "1,999.50", "SF-1")]),
     (f"order;amount\n{ONE};5", [Line(2, f"{ONE};5", ONE, "5")]),
     (f"{ONE}\t5\tSF-1\nx\t5", [Line(1, f"{ONE}\t5\tSF-1", ONE, "5", "SF-1"), Line(2, "x\t5")]),
     ("", [])],
)  # fmt: skip
def test_a_list_is_read_as_couriers_write_it(text: str, lines: list[Line]) -> None:
    assert read(text) == lines


def test_too_long_a_list_is_refused_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "HANDED_MAX", 2)
    with pytest.raises(TooLong):
        read(f"{ONE}\n" * 3)
    with pytest.raises(TooLong):
        read("x" * (lists.CHARS_MAX + 1))


def test_each_line_for_itself_and_again_it_changes_nothing(world: World) -> None:
    plain, less, done = (promised(world) for _ in range(3))
    text = f"{plain.order_id}\n{less.order_id},199.99,SF-2\n{done.order_id},200\n{ONE},5\n{done.order_id},1.005\nnonsense\n"
    said = ["TAKEN", "OTHER_AMOUNT", "TAKEN", "NOTHING_DUE", None, None]
    assert taken(world, text) == said
    assert taken(world, text) == [*said[:1], "TAKEN", *said[2:]]
    rows = Remittance.objects.order_by("amount", "payment_id").values_list("amount", "reference")
    assert list(rows) == [(19_999, "SF-2"), (20_000, "SF-9"), (20_000, "SF-9")]
    assert Case.objects.values_list("kind", "order_id").get() == ("wrong", less.order_id)
    assert books(world) == {"BANK": 59_999, "COURIERS": 1}


def test_twice_in_one_list_it_is_once(world: World) -> None:
    payment = promised(world)
    assert taken(world, f"{payment.order_id},200\n{payment.order_id}\n{payment.order_id},100") == [
        "TAKEN", "TAKEN", "NOTHING_DUE"
    ]  # fmt: skip
    assert Remittance.objects.count() == 1


def test_a_list_without_a_number_is_not_noted(world: World) -> None:
    assert taken(world, str(promised(world).order_id), reference=" ") == ["UNSIGNED"]
    assert Promise.objects.get().paid_at is None


def test_a_long_list_takes_no_more_queries(world: World) -> None:
    def queries(n: int) -> int:
        brought = [Brought(promised(world).order_id, None, "SF-1") for _ in range(n)]
        with CaptureQueriesContext(connection) as seen:
            assert set(hand_over(brought, by=BY, now=world.now)) == {Answer.TAKEN}
        return len([each for each in seen if "SAVEPOINT" not in each["sql"]])

    assert queries(1) == queries(6) <= 8


def test_staff_hand_in_a_file_and_see_what_to_look_at(store: World, staff: Client) -> None:
    member = Member.objects.get(is_staff=True)
    member.user_permissions.set(Permission.objects.filter(codename="add_remittance"))
    payment = promised(store)
    file = SimpleUploadedFile("list.csv", f"order,amount\n{payment.order_id},200\n{ONE},5\n".encode())
    page = staff.post("/money/door/handed", {"file": file, "reference": "SF-3"}).content.decode()
    assert "Of 2 lines 1 is noted" in page
    assert f"Line 3 · {ONE},5" in page
    assert Remittance.objects.values_list("reference", "by").get() == ("SF-3", member.email)
    again = staff.post("/money/door/handed", {"list": str(payment.order_id), "reference": "x"}, follow=True)
    assert "Of 1 lines 1 is noted" in again.content.decode()
    nonsense = SimpleUploadedFile("list.csv", b"\xff\xfe\x00")
    assert "no list" in staff.post("/money/door/handed", {"file": nonsense}, follow=True).content.decode()


# --- two lists at once ---


def both(world: World, *payments: Payment) -> list[object]:
    some = [Brought(payment.order_id, None, "SF-1") for payment in payments]
    return together(lambda: hand_over(some, by=BY, now=world.now), lambda: hand_over(some[::-1], by=BY, now=world.now))


def test_the_same_money_brought_twice_at_once_is_noted_once(world: World) -> None:
    first, second = promised(world), promised(world)
    assert both(world, first, second) == [[Answer.TAKEN] * 2] * 2
    assert Remittance.objects.count() == 2


def test_twin_without_the_lock_one_list_breaks(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = promised(world), promised(world)
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **_: self.all())
    meet = MeetingPoint().after(monkeypatch, handing, "_promised")
    answers = both(world, first, second)
    assert meet.all_met
    assert sorted(type(each).__name__ for each in answers) == ["IntegrityError", "list"]
