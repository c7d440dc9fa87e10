"""A campaign's way from file to report: who may take which step, what may change when, and what time does."""

import pytest
from django.db import IntegrityError, connection, transaction

from setaria.goods.pricing.queries import prices_at
from setaria.markets.events.models import Opening
from setaria.trade.campaigns import check, messages, queries
from setaria.trade.campaigns.answers import Checked, Done, Planned, Refused
from setaria.trade.campaigns.models import Campaign, Message, Proof, Status, Step
from setaria.trade.campaigns.plan_file import BadPlan
from setaria.trade.campaigns.turn import note_report, turn
from setaria.trade.drops.models import Drop
from tests.campaigns.conftest import Bureau
from tests.races.together import MeetingPoint, together
from tests.world import DAY, HOUR, SECOND


def test_the_same_file_twice_changes_nothing(bureau: Bureau) -> None:
    assert bureau.planned() == Planned("singles-day", 1, True, ["message pledge"], [])
    before = list(Campaign.objects.values()), list(Message.objects.values()), list(Step.objects.values())
    bureau.world.later(HOUR)
    assert bureau.planned(by=bureau.second) == Planned("singles-day", 1, False, [], [])
    assert before == (list(Campaign.objects.values()), list(Message.objects.values()), list(Step.objects.values()))


def test_a_changed_plan_begins_anew(bureau: Bureau) -> None:
    bureau.planned()
    bureau.pledge()
    assert isinstance(bureau.checked(), Checked)
    assert bureau.campaign.status == Status.CHECKED
    answer = bureau.planned(bureau.file().replace("units = 30", "units = 31"))
    assert answer == Planned("singles-day", 2, False, ["drop"], [])
    assert (bureau.campaign.status, bureau.campaign.revision) == (Status.PLANNED, 2)
    assert bureau.approved() == Refused("NOT_REHEARSED", {"slug": "singles-day", "status": "planned"})


def test_all_the_way(bureau: Bureau) -> None:
    world = bureau.world
    bureau.all_the_way()
    drop = Drop.objects.get(slug="night")
    local_midnight = bureau.campaign.opens_at
    assert drop.opens_at == local_midnight
    assert world.stock(bureau.band, drop.pool) == (30, 0)
    assert prices_at([bureau.band.id, bureau.pen.id], world.cn.id, local_midnight) == {
        bureau.band.id: 8000, bureau.pen.id: 500,
    }  # fmt: skip
    # The wall and the report count it as one event, to the last payment.
    opening = Opening.objects.get(event__slug="singles-day", market=world.cn)
    assert (opening.opens_at, (opening.counts_until - opening.closes_at).seconds) == (drop.opens_at, 600)
    assert turn(local_midnight - SECOND / 1000) == []
    assert turn(local_midnight + HOUR) == [Done("singles-day", 1, Status.OPEN)]
    assert Step.objects.get(status=Status.OPEN).at == local_midnight
    assert turn(bureau.campaign.closes_at) == [Done("singles-day", 1, Status.CLOSED)]
    assert turn(bureau.campaign.closes_at + DAY) == []
    reported = note_report("singles-day", by=bureau.writer, at=bureau.campaign.closes_at + DAY, figures={"a": 1})
    assert reported == Done("singles-day", 1, Status.REPORTED)
    again = note_report("singles-day", by=bureau.writer, at=bureau.campaign.closes_at + DAY, figures={"a": 2})
    assert isinstance(again, Refused)
    assert Step.objects.get(status=Status.REPORTED).figures == {"a": 1}


def test_a_sweeper_that_slept_through_it_all_catches_up(bureau: Bureau) -> None:
    bureau.all_the_way()
    assert [done.status for done in turn(bureau.campaign.closes_at + DAY)] == [Status.OPEN, Status.CLOSED]
    assert list(Step.objects.filter(status__gte=Status.OPEN).values_list("at", flat=True)) == [
        bureau.campaign.opens_at, bureau.campaign.closes_at,
    ]  # fmt: skip


def test_the_drop_opens_by_its_own_clock_without_any_sweeper(bureau: Bureau) -> None:
    bureau.all_the_way()
    drop = Drop.objects.get(slug="night")
    world = bureau.world
    world.now = drop.opens_at - SECOND / 1000
    assert world.codes(world.ask(bureau.band, drop=drop)) == ["NOT_OPEN"]
    world.now = drop.opens_at
    assert world.codes(world.ask(bureau.band, drop=drop)) == ["PLACED"]


def test_without_approval_nothing_is_for_sale(bureau: Bureau) -> None:
    bureau.planned()
    assert not Drop.objects.exists()
    bureau.world.now = bureau.campaign.closes_at + DAY
    assert turn(bureau.world.now) == []
    assert bureau.campaign.status == Status.PLANNED


def test_after_approval_only_messages_change(bureau: Bureau) -> None:
    bureau.all_the_way()
    before = bureau.campaign.plan
    text = bureau.file().replace("units = 30", "units = 60").replace("The same price everywhere.", "Everywhere.")
    assert bureau.planned(text) == Planned("singles-day", 1, False, ["message pledge"], ["drop"])
    assert bureau.campaign.plan == before
    assert [m.version for m in Message.objects.order_by("version")] == [1, 2]
    # The approved wording stays on show until the new one is approved, too.
    now = bureau.campaign.opens_at
    assert [m.version for m in queries.shown(bureau.campaign, now)] == [1]
    bureau.pledge()
    assert [m.version for m in queries.shown(bureau.campaign, now)] == [2]


def test_nobody_approves_their_own(bureau: Bureau) -> None:
    bureau.planned()
    assert bureau.pledge(by=bureau.writer) == Refused("SAME_PERSON", {"who": str(bureau.writer)})
    assert isinstance(bureau.pledge(), Done)
    assert bureau.pledge() == Refused("APPROVED_ALREADY", {"message": "pledge"})
    bureau.checked()
    bureau.rehearsed()
    assert bureau.approved(by=bureau.writer) == Refused("SAME_PERSON", {"who": str(bureau.writer)})
    assert not Drop.objects.exists()


def test_customers_may_do_nothing(bureau: Bureau) -> None:
    assert bureau.planned(by=bureau.fan) == Refused("NOT_STAFF")
    bureau.planned()
    now = bureau.world.now
    refused = [
        check.check("singles-day", by=bureau.fan, now=now),
        check.note_drill("singles-day", 1, passed=True, found={}, by=bureau.fan, now=now),
        bureau.approved(by=bureau.fan),
        bureau.pledge(by=bureau.fan),
        messages.write("singles-day", "x", title={"en": "x"}, text={"en": "x"}, shows_from=now, shows_until=now + DAY,
                       by=bureau.fan, now=now),
        note_report("singles-day", by=bureau.fan, at=now, figures={}),
    ]  # fmt: skip
    assert {answer.code for answer in refused} == {"NOT_STAFF"}
    assert (Message.objects.count(), Proof.objects.count(), Step.objects.count()) == (1, 0, 1)


def test_stock_that_went_meanwhile_stops_the_approval_and_all_of_it(bureau: Bureau) -> None:
    bureau.planned()
    bureau.pledge()
    bureau.checked()
    bureau.rehearsed()
    bureau.world.transfer(bureau.phone, 8, bureau.world.warehouse, bureau.world.us_warehouse)
    answer = bureau.approved()
    assert (answer.code, [f.code for f in answer.findings]) == ("CHECKS_FAILED", ["unfunded"])
    assert not Drop.objects.exists()
    assert bureau.world.stock(bureau.band) == (100, 0)


def test_a_drill_of_an_older_plan_proves_nothing(bureau: Bureau) -> None:
    bureau.planned()
    bureau.planned(bureau.file().replace("units = 30", "units = 31"))
    answer = check.note_drill("singles-day", 1, passed=True, found={}, by=bureau.writer, now=bureau.world.now)
    assert answer == Refused("CHANGED_MEANWHILE", {"slug": "singles-day"})
    assert (bureau.campaign.status, Proof.objects.get().revision) == (Status.PLANNED, 1)


@pytest.mark.parametrize("old, new, why", [
    ('markets = ["cn", "us"]', 'markets = ["cn", "atlantis"]', "no market 'atlantis'"),
    ('sku = "BAND"', 'sku = "BUND"', "no SKU 'BUND'"),
])  # fmt: skip
def test_what_is_not_there_is_named_and_nothing_is_changed(bureau: Bureau, old: str, new: str, why: str) -> None:
    with pytest.raises(BadPlan, match=why):
        bureau.planned(bureau.file().replace(old, new))
    assert not Campaign.objects.exists()


def test_a_drop_of_somebody_elses_keeps_its_name(bureau: Bureau) -> None:
    bureau.world.drop({bureau.pen: 1}, slug="night")
    with pytest.raises(BadPlan, match="another drop"):
        bureau.planned()


# --- the database has the last word ---


@pytest.mark.parametrize("change", ["status = 1", "revision = 1, status = 7", "status = 3", "revision = 3"])
def test_no_step_back(bureau: Bureau, change: str) -> None:
    bureau.planned()
    bureau.planned(bureau.file().replace("units = 30", "units = 31"))
    bureau.pledge()
    bureau.checked()
    bureau.rehearsed()
    bureau.approved()
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE campaigns_campaign SET {change}")


@pytest.mark.parametrize("statement", ["DELETE FROM campaigns_step", "UPDATE campaigns_step SET by_id = NULL"])
def test_history_stays(bureau: Bureau, statement: str) -> None:
    bureau.planned()
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


# --- at once ---


def ready(bureau: Bureau) -> None:
    bureau.planned()
    bureau.pledge()
    bureau.checked()
    bureau.rehearsed()


def test_two_approve_at_once_and_it_is_made_once(bureau: Bureau, monkeypatch: pytest.MonkeyPatch) -> None:
    ready(bureau)
    from setaria.trade.campaigns import approve

    MeetingPoint().before(monkeypatch, (approve, "_against"))
    found = together(bureau.approved, bureau.approved)
    assert sorted(type(one).__name__ for one in found) == ["Done", "Refused"]
    assert Drop.objects.count() == 1
    assert bureau.world.stock(bureau.band) == (70, 0)


def test_twin_without_the_lock_both_begin_to_make_it(bureau: Bureau, monkeypatch: pytest.MonkeyPatch) -> None:
    ready(bureau)
    from setaria.trade.campaigns import approve

    monkeypatch.setattr(type(Campaign.objects.all()), "select_for_update", lambda self, **_: self)
    meeting = MeetingPoint().before(monkeypatch, (approve, "make"))
    found = together(bureau.approved, bureau.approved)
    assert meeting.all_met
    assert sorted(type(one).__name__ for one in found) == ["Done", "IntegrityError"]  # the drop's name saves us


def test_two_sweepers_open_it_once(bureau: Bureau, monkeypatch: pytest.MonkeyPatch) -> None:
    bureau.all_the_way()
    from setaria.trade.campaigns import turn as turning

    MeetingPoint().before(monkeypatch, (turning, "_turn"))
    at = bureau.campaign.opens_at
    assert sorted(map(len, together(lambda: turn(at), lambda: turn(at)))) == [0, 1]


def test_two_plan_it_at_once(bureau: Bureau) -> None:
    found = together(bureau.planned, lambda: bureau.planned(by=bureau.second))
    assert sorted(one.created for one in found) == [False, True]
    assert (Campaign.objects.count(), Message.objects.count()) == (1, 1)
