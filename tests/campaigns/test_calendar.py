"""The calendar's pages: who sees them, what they say, what they cost."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from setaria.kernel import clock
from setaria.people.members.models import Member
from setaria.trade.campaigns.models import Message, Status
from tests.campaigns.conftest import Bureau
from tests.world import World

PATHS = ["/campaigns/", "/campaigns/singles-day/"]
# Session, reader and market are three of them; the checks take seven.
QUERIES_MAX = {"/campaigns/": 8, "/campaigns/singles-day/": 22}


@pytest.fixture
def bureau(transactional_db: None) -> Bureau:
    made = Bureau(World(clock.now()))
    made.planned()
    return made


def in_as(client: Client, member: Member) -> Client:
    client.force_login(member)
    return client


@pytest.mark.parametrize("path", PATHS)
def test_strangers_are_asked_to_sign_in(bureau: Bureau, client: Client, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.headers["location"]) == (302, f"/accounts/login/?next={path}")


@pytest.mark.parametrize("path", PATHS)
def test_to_customers_it_is_not_there(bureau: Bureau, client: Client, path: str) -> None:
    assert in_as(client, bureau.fan).get(path).status_code == 404


def test_what_is_not_planned_is_not_there(bureau: Bureau, client: Client) -> None:
    assert in_as(client, bureau.writer).get("/campaigns/never/").status_code == 404
    assert client.post("/campaigns/singles-day/").status_code == 405


@pytest.mark.parametrize("path", PATHS)
def test_it_costs_a_bound_number_of_queries(bureau: Bureau, client: Client, path: str) -> None:
    in_as(client, bureau.writer)
    client.get(path)  # what all pages share is read once
    counts = []
    for n in range(3):
        with CaptureQueriesContext(connection) as queries:
            assert client.get(path).status_code == 200
        counts.append(len(queries))
        text = (
            bureau.file()
            .replace('slug = "singles-day"\n', f'slug = "another-{n}"\n')
            .replace('"night"', f'"night-{n}"')
        )
        bureau.planned(text)
        bureau.checked()
    assert max(counts) <= QUERIES_MAX[path], counts


def test_a_level_is_told_by_a_mark_and_a_word(bureau: Bureau, client: Client) -> None:
    in_as(client, bureau.writer)
    english = {"headers": {"accept-language": "en"}}
    client.cookies["django_language"] = "en"
    assert "Never checked" in client.get("/campaigns/", **english).content.decode()
    bureau.checked()  # the message waits for approval
    page = client.get("/campaigns/", **english).content.decode()
    assert "✗</b> Not in order: 1" in page
    page = client.get("/campaigns/singles-day/", **english).content.decode()
    assert "pledge waits for somebody other than its writer to approve it." in page
    assert "waits for approval by somebody else" in page
    assert "pledge v1" not in page  # an announcement is no notice to the reader
    bureau.pledge()
    page = client.get("/campaigns/singles-day/", **english).content.decode()
    assert "pledge is approved." in page
    assert "Not in order" not in page


def test_it_is_there_in_chinese(bureau: Bureau, client: Client) -> None:
    in_as(client, bureau.writer)
    client.cookies["django_language"] = "zh-hans"
    page = client.get("/campaigns/singles-day/", headers={"accept-language": "zh-hans"}).content.decode()
    for words in ("检查清单", "开售场次", "等待撰写者以外的人批准", "已计划"):
        assert words in page


# --- signing ---

APPROVE = "/campaigns/singles-day/approve"


def ready(bureau: Bureau) -> str:
    """Rehearsed, but for the message's signature; its address."""
    bureau.checked()
    bureau.rehearsed()
    return f"/campaigns/singles-day/messages/{Message.objects.get().pk}/approve"


def says(client: Client) -> str:
    client.cookies["django_language"] = "en"
    return client.get("/campaigns/singles-day/", headers={"accept-language": "en"}).content.decode()


def test_the_second_person_signs_on_the_page(bureau: Bureau, client: Client) -> None:
    message = ready(bureau)
    in_as(client, bureau.second)
    assert "Approve the message" in says(client)
    assert client.post(message).headers["location"] == "/campaigns/singles-day/"
    bureau.checked()
    bureau.rehearsed()
    assert "Approve this campaign" in says(client)
    assert client.post(APPROVE).headers["location"] == "/campaigns/singles-day/"
    page = says(client)
    assert "Approved: its drops, prices and messages are set." in page
    assert "Approve this campaign" not in page
    assert (bureau.campaign.status, bureau.campaign.approved_by) == (Status.APPROVED, bureau.second)
    assert bureau.campaign.entries.count() == 1


def test_who_planned_it_sees_no_button_and_is_refused(bureau: Bureau, client: Client) -> None:
    message = ready(bureau)
    in_as(client, bureau.writer)
    page = says(client)
    assert "Somebody other than its planner must approve it." in page
    assert "Approve this campaign" not in page
    assert "Approve the message" not in page
    for path in (message, APPROVE):
        client.post(path)
        assert "so somebody else must approve it" in says(client)
    assert bureau.campaign.status == Status.REHEARSED
    assert Message.objects.get().approved_by is None


def test_what_is_not_in_order_is_not_approved(bureau: Bureau, client: Client) -> None:
    ready(bureau)  # the message waits
    in_as(client, bureau.second)
    assert "Approve this campaign" in says(client)
    client.post(APPROVE)
    assert "Something is not in order any more." in says(client)
    assert (bureau.campaign.status, bureau.campaign.entries.count()) == (Status.REHEARSED, 0)


@pytest.mark.parametrize("who", ["nobody", "fan", "elsewhere", "reader"])
def test_a_signature_is_given_by_staff_here_by_a_button_only(bureau: Bureau, client: Client, who: str) -> None:
    message = ready(bureau)
    for path in (message, APPROVE):
        if who == "nobody":
            assert client.post(path).status_code == 302
        elif who == "fan":
            assert in_as(client, bureau.fan).post(path).status_code == 404
        elif who == "elsewhere":  # another site's form, in our staff's browser
            assert in_as(Client(enforce_csrf_checks=True), bureau.second).post(path).status_code == 403
        else:
            assert in_as(client, bureau.second).get(path).status_code == 405
    assert bureau.campaign.status == Status.REHEARSED
    assert Message.objects.get().approved_by is None


def test_only_what_is_there_is_signed(bureau: Bureau, client: Client) -> None:
    message = ready(bureau)
    in_as(client, bureau.second)
    assert client.post("/campaigns/never/approve").status_code == 404
    assert client.post("/campaigns/singles-day/messages/999999/approve").status_code == 404
    assert client.post(message.replace("singles-day", "another")).status_code == 404
    assert Message.objects.get().approved_by is None
