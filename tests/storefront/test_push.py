"""Messages to this browser: let in by whom it concerns, listed, stopped, and gone with whoever signs out."""

import pytest
from django.test import Client

from setaria.people.members.models import Guest, Member
from setaria.people.notices.models import Device, Reader
from tests.notices.browser import Browser
from tests.notices.conftest import receiver  # noqa: F401
from tests.notices.receiver import Receiver
from tests.people.test_guests import buy
from tests.world import World

FIREFOX = "Mozilla/5.0 (Android 14; Mobile; rv:128.0) Gecko/128.0 Firefox/128.0"


@pytest.fixture
def browser(receiver: Receiver) -> Browser:  # noqa: F811
    return Browser(receiver)


def test_a_member_adds_sees_and_removes_a_device(store: World, fan: Client, member: Member, browser: Browser) -> None:
    page = fan.get("/account/").content.decode()
    assert "Messages on your devices" in page
    assert 'data-push data-key="B' in page
    answer = fan.post("/push/add", browser.fields(), headers={"user-agent": FIREFOX})
    assert (answer.status_code, answer.json()["code"]) == (200, "ADDED")
    device = Device.objects.get()
    assert (device.member_id, device.name, device.language) == (member.pk, "Firefox, Android", "en")
    assert fan.post("/push/here", browser.fields()).json() == {"added": True}
    assert "Firefox, Android" in fan.get("/account/").content.decode()
    assert Client().post(f"/push/{device.pk}/remove").status_code == 302
    assert Device.objects.count() == 1
    fan.post(f"/push/{device.pk}/remove")
    assert Device.objects.count() == 0
    assert fan.post("/push/here", browser.fields()).json() == {"added": False}


def test_somebody_elses_device_is_not_theirs_to_remove(store: World, fan: Client, browser: Browser) -> None:
    device = browser.add(store, store.member())
    fan.post(f"/push/{device}/remove")
    assert Device.objects.count() == 1
    assert fan.post("/push/here", browser.fields()).json() == {"added": False}


def test_a_guest_may_for_their_own_order_only(store: World, visitor: Client, browser: Browser) -> None:
    order = buy(store, visitor)
    assert "Send me messages on this device" in visitor.get(f"/orders/{order.pk}/").content.decode()
    for wrong in ({}, {"order": "x"}, {"order": str(order.pk)}):
        assert Client().post("/push/add", browser.fields() | wrong).status_code == 403
    assert visitor.post("/push/add", browser.fields() | {"order": str(order.pk)}).status_code == 200
    assert Device.objects.get().member_id == Guest.objects.get().pk
    assert Reader.objects.get().language == "en"


def test_who_signs_out_takes_their_messages_along(store: World, fan: Client, browser: Browser) -> None:
    fan.post("/push/add", browser.fields())
    fan.post("/accounts/logout/")
    assert Device.objects.count() == 0


def test_stopping_needs_no_more_than_the_endpoint(store: World, fan: Client, browser: Browser) -> None:
    fan.post("/push/add", browser.fields())
    assert Client().post("/push/stop", browser.fields()).json()["code"] == "STOPPED"
    assert Device.objects.count() == 0


@pytest.mark.parametrize("change", [{"endpoint": ""}, {"p256dh": "\x00"}, {"auth": "é"}])
def test_what_is_no_subscription_is_said_so(
    store: World, fan: Client, browser: Browser, change: dict[str, str]
) -> None:
    answer = fan.post("/push/add", browser.fields() | change)
    assert (answer.status_code, answer.json()["code"]) == (422, "NOT_A_SUBSCRIPTION")


def test_it_is_not_offered_without_a_key_and_never_taken_from_elsewhere(
    store: World, fan: Client, member: Member, settings: object
) -> None:
    settings.PUSH_KEY = ""  # type: ignore[attr-defined]
    assert "data-push" not in fan.get("/account/").content.decode()
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(member)
    assert strict.post("/push/add", {}).status_code == 403


def test_the_worker_shows_and_opens(store: World, visitor: Client) -> None:
    script = visitor.get("/sw.js").content.decode()
    assert '"push"' in script
    assert "notificationclick" in script
