"""A campaign's report says what the wall and the orders say, needs nothing from elsewhere, and is the same twice."""

import re
from datetime import timedelta
from pathlib import Path
from xml.etree import ElementTree

import msgspec
import pytest

from setaria.kernel.ids import new_id
from setaria.sight.report import charts, figures, page
from setaria.sight.report.figures import NothingYet, Report
from setaria.sight.wall.event import named
from setaria.sight.wall.figures import Reader
from setaria.site.campaigns import cli
from setaria.trade.campaigns.models import Campaign, Status, Step
from setaria.trade.campaigns.turn import turn
from setaria.trade.drops.models import Drop
from setaria.trade.orders.settle import Money
from setaria.trade.payments.cash.hand_over import refuse
from setaria.trade.payments.cash.provider import Cash
from setaria.trade.payments.refund import send_due
from tests.campaigns.conftest import Bureau
from tests.cash.test_cash import BY, back, handed, promised, started
from tests.world import DAY, MINUTE, SECOND, World

BEFORE = """
[[before]]
day = 2017-11-11
market = "cn"
scope = { zh-hans = "全部渠道 <b>", en = "all channels <b>" }
amount = 10000
seconds = 237
source = "R-026 & others"

[[before]]
day = 2017-11-11
market = "cn"
scope = { zh-hans = "门店", en = "shops" }
amount = 11400000000
at_least = true
times_before = 3.0
source = "R-029"
"""


@pytest.fixture
def cash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SETARIA_CASH_MAX", "CNY:500")


@pytest.fixture
def bureau(world: World) -> Bureau:
    return Bureau(world)


@pytest.fixture
def night(bureau: Bureau) -> Bureau:
    """A night: two pay (a minute apart), one lets it expire, one cancels, one is paid twice; phones sell out."""
    world = bureau.world
    text = bureau.file() + BEFORE
    bureau.planned(text)
    bureau.pledge()
    bureau.checked()
    bureau.rehearsed()
    bureau.approved()
    drop = Drop.objects.get(slug="night")
    world.now = drop.opens_at
    first = world.placed((bureau.band, 2), drop=drop)
    lost = world.placed(bureau.band, drop=drop)
    world.cancel(world.placed(bureau.band, drop=drop))
    world.later(4 * SECOND)
    phones = [world.placed(bureau.phone, drop=drop) for _ in range(5)]
    world.later(26 * SECOND)
    world.pay(first)
    world.later(MINUTE)
    for phone in phones:
        world.pay(phone)
    world.settle(world.money(phones[0]))  # once too often: owed back
    world.pay(world.placed(bureau.pen))
    world.later(DAY / 2)
    world.expire()
    assert world.status(lost) == "expired"
    return bureau


def read(bureau: Bureau) -> Report:
    return figures.read(bureau.campaign, bureau.world.now)


def test_it_says_what_happened(night: Bureau) -> None:
    (cn,) = read(night).markets
    assert (cn.market, cn.paid_amount, cn.paid_orders, cn.paid_units) == ("cn", 16000 + 5 * 90000 + 500, 7, 8)
    assert (cn.placed_orders, cn.orders.placed[0]) == (9, 9)
    assert [part[0] for part in (cn.orders.paid, cn.orders.expired, cn.orders.cancelled, cn.orders.waiting)] == [
        7,
        1,
        1,
        0,
    ]
    assert [(one.currency, one.count, one.amount) for one in cn.refunds] == [("CNY", 1, 90000)]
    assert cn.curve[:3] == [16000, 450500, 0]
    assert [(i.sku, i.set_aside, i.paid, i.left, i.empty_after) for i in cn.items] == [
        ("BAND", 30, 2, 28, None), ("PHONE", 5, 5, 0, 4.0),
    ]  # fmt: skip
    assert (cn.pay_times.half, cn.pay_times.counts) == (86.0, [1, 0, 1, 5, 0, 0, 0, 0])
    assert [part.name["en"] for part in cn.products] == ["phone", "band", "pen"]


def test_a_promise_is_a_line_of_its_own_until_its_money_is_here(night: Bureau, cash: None) -> None:
    world = night.world
    _waits, brought, refused = (promised(world) for _ in range(3))
    assert became(night)["promised"] == (3, 60_000)
    back(world, brought, 1)  # half of it, at the door
    assert handed(world, brought, 10_000) == "TAKEN"
    refuse(refused.order_id, reason="nobody there", by=BY, now=world.now)
    send_due(now=world.now)
    found = became(night)
    assert (found["promised"], found["taken_back"]) == ((1, 20_000), (1, 30_000))
    assert found["paid"] == (8, 466_500 + 10_000)
    (cn,) = read(night).markets
    assert (cn.paid_orders, cn.paid_amount) == found["paid"]
    assert (cn.placed_orders, cn.placed_amount) == cn.orders.placed
    file = page.render(read(night), "en")
    for line in ("To be paid at the door", "Taken back before it was paid"):
        assert re.search(rf">{line}</th><td class=\"n\">1</td>", file), line


def became(night: Bureau) -> dict[str, tuple[int, int]]:
    """What became of the orders, by state: how many, and their amount."""
    (cn,) = read(night).markets
    return msgspec.structs.asdict(cn.orders)


def test_how_fast_one_promises_is_not_how_fast_one_pays_and_who_paid_after_all_is_counted(
    night: Bureau, cash: None
) -> None:
    world = night.world
    (before,) = read(night).markets
    handed(world, promised(world))
    (cn,) = read(night).markets
    assert cn.pay_times == before.pay_times
    given_up = started(world)
    Cash().close(given_up)  # no promise after all
    world.later(2 * SECOND)
    world.settle(Money(given_up.order_id, new_id(), "sandbox", given_up.amount, "CNY"))
    (cn,) = read(night).markets
    assert sum(cn.pay_times.counts) == sum(before.pay_times.counts) + 1


def test_wall_report_and_audit_agree(night: Bureau) -> None:
    report = read(night)
    event = named("cn", "singles-day")
    assert event is not None
    (cn,), wall = report.markets, Reader(event).read(night.world.now)
    for name in ("paid_amount", "paid_orders", "paid_units", "placed_orders", "placed_amount"):
        assert getattr(cn, name) == getattr(wall, name), name
    for name in ("channels", "kinds", "products"):
        ours = [(part.name, part.amount, part.count) for part in getattr(cn, name)]
        assert ours == [(part.name, part.amount, part.count) for part in getattr(wall, name)], name
    # The audit holds counters to the orders; what the report counts from the orders themselves is the same.
    assert report.broken == []
    assert "order_counters_are_the_orders" in {finding.name for finding in report.audit}
    assert cn.orders.placed == (cn.placed_orders, cn.placed_amount)
    assert cn.orders.paid == (cn.paid_orders, cn.paid_amount)


def test_documented_figures_stand_beside_ours(night: Bureau) -> None:
    first, total = read(night).markets[0].known
    assert (first.ours, first.minutes) == (466500, 3)
    assert first.passed is not None
    assert (first.passed.seconds, first.passed.exact) == (60.0, False)
    assert (total.ours, total.minutes, total.documented.times_before) == (466500, None, 3.0)


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_file_is_whole_and_the_same_twice(night: Bureau, language: str) -> None:
    night.world.now = night.campaign.closes_at + DAY
    file = page.render(read(night), language)
    night.world.later(DAY)
    assert page.render(read(night), language) == file
    root = ElementTree.fromstring(file)
    assert root.get("lang") == language
    assert not re.search(r"https?:|//|url\(|@import|<script|<link|<img|<iframe", file)
    for element in root.iter():
        assert not {"src", "href", "srcset", "style", "onclick"} & set(element.attrib), element.tag
    shown = {e.get("data-figure"): e.get("data-value") for e in root.iter() if e.get("data-figure")}
    (cn,) = read(night).markets
    assert shown == {name: str(getattr(cn, name)) for name in shown}
    assert len(shown) == 5
    assert len(list(root.iter("figure"))) == 3  # added up, the first hour, by the minute
    assert "<b>" not in "".join(e.tag for e in root.iter())
    assert "R-026 &amp; others" in file


def test_the_year_before_stands_beside_it(night: Bureau) -> None:
    world = night.world
    world.now = night.campaign.closes_at + timedelta(minutes=20)
    turn(world.now)
    day = (world.now + 8 * DAY).date()
    text = night.file().replace(str(night.day), str(day)).replace('slug = "singles-day"\n', 'slug = "next-year"\n')
    text = (
        text.replace('"night"', '"next-night"')
        .replace("units = 5", "units = 4")
        .replace("price = 8000", "price = 7000")
    )
    text = text.replace("price = 500", "price = 400")
    night.planned(text)
    from setaria.trade.campaigns import approve, check, messages
    from setaria.trade.campaigns.models import Message

    then = Campaign.objects.get(slug="next-year")
    messages.approve(Message.objects.get(campaign=then).pk, by=night.second, now=world.now)
    check.note_drill("next-year", 1, passed=True, found={}, by=night.writer, now=world.now)
    approve.approve("next-year", by=night.second, now=world.now)
    then.refresh_from_db()
    assert then.status == Status.APPROVED
    drop = Drop.objects.get(slug="next-night")
    world.now = drop.opens_at
    world.pay(world.placed((night.band, 2), drop=drop))
    world.later(MINUTE)
    (cn,) = figures.read(then, world.now).markets
    assert cn.before is not None
    assert (cn.before.paid_amount, cn.paid_amount) == (466500, 14000)
    file = page.render(figures.read(then, world.now), "en")
    assert "0.03" in file
    ElementTree.fromstring(file)


def test_there_is_nothing_to_report_before_it_opens(bureau: Bureau, tmp_path: Path) -> None:
    bureau.all_the_way()
    with pytest.raises(NothingYet):
        read(bureau)


def test_from_the_command_line(night: Bureau, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    night.world.now = night.campaign.closes_at + DAY
    turn(night.world.now)
    monkeypatch.setattr(cli, "now", lambda: night.world.now)
    out = tmp_path / "report.html"
    assert cli.report("singles-day", out, "en", "") == 0
    first = out.read_bytes()
    assert cli.report("singles-day", out, "en", night.writer.email) == 0
    assert out.read_bytes() == first
    assert Step.objects.get(status=Status.REPORTED).figures["broken"] == []
    assert cli.report("singles-day", tmp_path / "none" / "x.html", "en", "") == 1
    assert cli.report("singles-day", out, "fr", "") == 1
    assert cli.report("never", out, "en", "") == 1
    assert cli.report("singles-day", out, "en", "fan@example.org") == 1


def test_charts_of_nothing_and_of_little() -> None:
    assert charts.cumulated([0], 1).path.startswith("M104.0 192.0")
    assert charts.by_step([], 1).path.endswith("Z")
    chart = charts.cumulated([5, 0, 0, 0, 5], 1, [1] * 9, 1, [(60.0, 5)])
    assert chart.amounts[-1].value == 100
    assert chart.dots[0].number == 1
