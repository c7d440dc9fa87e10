"""Messages to a real Chromium: let in by the button, sent by the worker, received by the service worker, shown, clicked.

The push service is a server of the test's own (Chromium's needs the world outside): it takes what the worker posts, opens
it as a browser does, and hands it to Chromium's service worker where a push service would.
"""

import json
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.acceptance.conftest import FAN, FRIEND, Shop
from tests.acceptance.test_purchase import pay_in_sandbox
from tests.acceptance.test_shopping import add_to_basket, check_out
from tests.notices.browser import Browser
from tests.notices.receiver import Receiver, receiving

pytestmark = pytest.mark.browser
ARRIVES_SECONDS_MAX = 60

# What Chromium would have from its push service: an address, and keys whose private half only it has.
SUBSCRIBED = """(given) => {
  let here = null;
  const subscription = {
    endpoint: given.endpoint, options: { applicationServerKey: new ArrayBuffer(0) },
    toJSON: () => ({ endpoint: given.endpoint, keys: { p256dh: given.p256dh, auth: given.auth } }),
    unsubscribe: async () => { here = null; return true; },
  };
  PushManager.prototype.getSubscription = async () => here;
  PushManager.prototype.subscribe = async (options) => {
    if (!options.userVisibleOnly || options.applicationServerKey.length !== 65) throw new TypeError("not a key of P-256");
    return (here = subscription);
  };
}"""
SHOWN = """async () => (await (await navigator.serviceWorker.ready).getNotifications())
  .map(({ title, body, tag, data }) => ({ title, body, tag, url: data.url }))"""
# A script cannot press a notification, and without a press no window may be opened or come to the front: the event is made
# by hand, and what would open or come to the front is told.
CLICKED = """async (tag) => {
  const [notification] = await self.registration.getNotifications({ tag });
  let opened = null, focused = null;
  WindowClient.prototype.focus = async function () { focused = this.url; return this; };
  Object.defineProperty(self.clients, "openWindow", { configurable: true, value: async (address) => { opened = address; } });
  const waited = [];
  const event = new NotificationEvent("notificationclick", { notification });
  event.waitUntil = (work) => waited.push(work);
  self.dispatchEvent(event);
  await Promise.all(waited);
  return { opened, focused, left: (await self.registration.getNotifications({ tag })).length };
}"""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


class Chromium:
    """A visitor's window whose service worker gets pushes."""

    def __init__(self, page: Page, shop: Shop, browser: Browser) -> None:
        self.page, self._shop, self._browser = page, shop, browser
        page.context.grant_permissions(["notifications"], origin=shop.url)
        page.add_init_script(f"({SUBSCRIBED})({json.dumps(browser.fields())})")
        self._registrations: list[str] = []
        self._wire = page.context.new_cdp_session(page)
        self._wire.on("ServiceWorker.workerRegistrationUpdated", self._note)
        self._wire.send("ServiceWorker.enable")

    def _note(self, event: dict) -> None:
        self._registrations += [each["registrationId"] for each in event["registrations"] if not each["isDeleted"]]

    def let_messages_in(self) -> None:
        self.page.goto("/account/")
        self.page.locator("[data-push-add]").click()
        expect(self.page.locator("[data-push-said]")).to_contain_text("Messages come to this device")
        expect(self.page.locator("[data-push-stop]")).to_be_visible()

    def deliver(self, post) -> dict:
        """Hand the service worker what came; return what was in it."""
        told = self._browser.read(post)
        self._wire.send(
            "ServiceWorker.deliverPushMessage",
            {"origin": self._shop.url, "registrationId": self._registrations[-1], "data": json.dumps(told)},
        )
        return told

    def shown(self) -> dict:
        """The notification that is shown, once there is one."""
        deadline = time.monotonic() + 10
        while not (found := self.page.evaluate(SHOWN)):
            assert time.monotonic() < deadline
            self.page.wait_for_timeout(100)
        return found[0]

    def click(self, tag: str) -> dict:
        return self.page.context.service_workers[0].evaluate(CLICKED, tag)


def arrived(receiver: Receiver, page: Page, number: int):
    deadline = time.monotonic() + ARRIVES_SECONDS_MAX
    while len(receiver.posts) < number:
        assert time.monotonic() < deadline, "nothing was pushed"
        page.wait_for_timeout(200)
    return receiver.posts[number - 1]


def test_an_orders_news_come_to_the_browser_and_lead_to_the_order(visitor, shop: Shop, receiver: Receiver) -> None:
    page = visitor(FAN)
    chromium = Chromium(page, shop, Browser(receiver))
    chromium.let_messages_in()
    add_to_basket(page, "mi-band-2")
    page.goto("/checkout/")
    check_out(page)
    address = page.url
    page.locator("form[action$='/pay'] button").first.click()
    pay_in_sandbox(page)

    told = chromium.deliver(arrived(receiver, page, 1))
    shown = chromium.shown()
    assert shown == {name: told[name] for name in ("title", "body", "tag", "url")}
    assert shown["url"] == address.removeprefix(shop.url)
    assert shown["title"]

    page.goto("/")
    assert chromium.click(shown["tag"]) == {"opened": address, "focused": None, "left": 0}
    page.goto(address)
    expect(page.locator("main h1")).to_be_visible()
    chromium.deliver(receiver.posts[0])
    chromium.shown()
    assert chromium.click(shown["tag"]) == {"opened": None, "focused": address, "left": 0}


def test_what_somebody_else_may_not_send_is_shown_without_leading_away(visitor, shop: Shop, receiver: Receiver) -> None:
    """Nothing of another origin is opened, and a push that is none of ours is shown all the same: Chromium asks for it."""
    page = visitor(FRIEND)
    chromium = Chromium(page, shop, Browser(receiver, "/push/2"))
    chromium.let_messages_in()
    for data, tag in [('{"title": "x", "tag": "away", "url": "https://elsewhere.example/"}', "away"), ("no JSON", "")]:
        chromium._wire.send(
            "ServiceWorker.deliverPushMessage",
            {"origin": shop.url, "registrationId": chromium._registrations[-1], "data": data},
        )
        assert chromium.shown()["tag"] == tag
        opened = chromium.click(tag)["opened"]
        assert opened == (None if tag else f"{shop.url}/")


def test_who_stops_it_gets_no_more(visitor, shop: Shop, receiver: Receiver) -> None:
    page = visitor(FRIEND)
    chromium = Chromium(page, shop, Browser(receiver, "/push/3"))
    chromium.let_messages_in()
    page.locator("[data-push-stop]").click()
    expect(page.locator("[data-push-said]")).to_contain_text("No more messages")
    expect(page.locator("[data-push-add]")).to_be_visible()
    page.reload()
    expect(page.locator("[data-push-stop]")).to_be_hidden()
