"""`setaria books`, as an accountant types it."""

from datetime import date

import pytest

from setaria.kernel.ids import new_id
from setaria.people.members.models import Member
from setaria.site.books import show
from setaria.trade.books.models import Closed
from setaria.trade.books.record import record
from tests.world import World


def test_an_order_is_told_in_money_and_the_balance_adds_up(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    order = world.placed(world.thing(price=11_300, stock=1))
    world.pay(order)
    record(now=world.now)
    assert show.show_story(order.id) == 0
    told = capsys.readouterr().out
    for words in ("Payment received", "Sale", "CN¥113.00", "CN¥100.00", "CN¥13.00"):
        assert words in told
    assert show.show_balance("cn", None) == 0
    assert capsys.readouterr().out.count("CN¥113.00") == 3  # on its way, and both sums
    assert show.show_revenue("cn") == 0
    assert "100.0%" in capsys.readouterr().out


def test_what_is_not_there_is_said(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert (show.show_story(new_id()), show.show_balance("xx", None), show.show_revenue("xx")) == (1, 1, 1)
    said = capsys.readouterr().err
    assert "Nothing is in the books about" in said
    assert "There are: cn, us." in said


def test_only_staff_close_a_month(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    Member.objects.create(email="fan@example.org", password="!")
    Member.objects.create(email="ada@example.org", password="!", is_staff=True)
    assert show.close_month("cn", date(2020, 1, 1), "fan@example.org") == 1
    assert not Closed.objects.exists()
    assert show.close_month("cn", date(2020, 1, 1), "ada@example.org") == 0
    assert show.close_month("cn", date(2020, 1, 1), "ada@example.org") == 1
    assert "closed already" in capsys.readouterr().err
