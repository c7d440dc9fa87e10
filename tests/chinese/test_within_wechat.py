"""Paying within WeChat's own browser: led to say who one is, and the bridge is given what the merchant has signed."""

import json
import os
import shutil
from collections.abc import Iterator
from contextvars import copy_context
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.exceptions import InvalidSignature
from django.contrib.staticfiles import finders
from django.db import connections
from django.test import Client
from playwright.sync_api import BrowserContext, Route, sync_playwright

from setaria.people.members.models import Member
from setaria.trade.payments.begin import begin
from setaria.trade.payments.models import Payment
from setaria.trade.payments.start import start
from setaria.trade.payments.wechat.provider import WeChat
from setaria.trade.payments.words import Device, Down, Refused
from tests.chinese.counterparts import WeChatThere, check
from tests.chinese.test_chinese import told, wechat
from tests.storefront.conftest import fan, member, store
from tests.world import World

__all__ = ["fan", "member", "store", "wechat"]

AGENT = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/130.0 Mobile Safari/537.36 MicroMessenger/8.0.50"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
BRIDGE = """
    window.WeixinJSBridge = { invoke: (what, asked, tell) => {
        window.asked = [...(window.asked || []), { what, asked }];
        tell({ err_msg: `get_brand_wcpay_request:${window.asked.length === 1 ? "fail" : "ok"}` });
    } };
"""


@pytest.fixture(autouse=True)
def jsapi(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SETARIA_WECHAT_WAYS", "native h5 jsapi")


@pytest.fixture
def payment(store: World, member: Member, wechat: WeChatThere) -> Payment:
    order = store.placed(store.thing(price=19_990, stock=5), by=member.pk)
    begun = start(order.id, member.pk, "wechat", store.now)
    assert isinstance(begun, Payment)
    wechat.codes = {"good": "o-fan"}
    return begun


def within(code: str = "") -> Device:
    return Device(phone=True, within="wechat", address="203.0.113.9", code=code)


def test_the_buyer_is_led_to_say_who_they_are_and_back(payment: Payment) -> None:
    url = urlsplit(begin(payment, within()).url)
    asked = {name: values[0] for name, values in parse_qs(url.query).items()}
    assert (url.netloc, url.fragment) == ("open.weixin.qq.com", "wechat_redirect")
    assert (asked["appid"], asked["scope"]) == ("wx0123456789", "snsapi_base")
    assert asked["redirect_uri"].endswith(f"/payments/{payment.pk}/")


def test_the_bridge_is_given_what_the_merchant_has_signed_and_wechats_word_pays(
    store: World, payment: Payment, wechat: WeChatThere
) -> None:
    step = begin(payment, within("good"))
    asked = json.loads(step.context["asked"])
    lines = [asked["appId"], asked["timeStamp"], asked["nonceStr"], asked["package"]]
    check(wechat.ours, "".join(f"{line}\n" for line in lines), asked["paySign"])
    with pytest.raises(InvalidSignature):
        check(wechat.ours, "".join(f"{line}x\n" for line in lines), asked["paySign"])
    assert (asked["package"], asked["signType"]) == (f"prepay_id=wx{payment.pk.hex[:8]}", "RSA")
    wechat.pay(payment.pk.hex)
    headers, body = wechat.notification(payment.pk.hex)
    assert told(store, "wechat", WeChat().read(headers, body)) == ["PAID"]


def test_a_code_is_good_once_and_then_another_is_asked_for(payment: Payment) -> None:
    assert begin(payment, within("good")).template
    assert begin(payment, within("good")).url.startswith("https://open.weixin.qq.com/")


def test_a_code_of_nobodys_and_a_wrong_secret_are_refused_and_keep_the_secret(
    payment: Payment, wechat: WeChatThere, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Refused, match="40029"):
        begin(payment, within("invented"))
    monkeypatch.setenv("SETARIA_WECHAT_APP_SECRET", "another")
    with pytest.raises(Refused, match="40125"):
        begin(payment, within("good"))
    monkeypatch.setenv("SETARIA_WECHAT_APP_SECRET", wechat.APP_SECRET)
    wechat.broken = True
    with pytest.raises(Down) as error:
        begin(payment, within("good"))
    assert wechat.APP_SECRET not in repr(error.value) + repr(error.getrepr())


def test_where_the_merchant_has_it_not_the_code_is_shown(payment: Payment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SETARIA_WECHAT_WAYS", "native h5")
    assert begin(payment, within("good")).code.startswith("weixin://")


def test_check_names_what_is_missing(wechat: WeChatThere, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SETARIA_WECHAT_APP_SECRET")
    monkeypatch.delenv("SETARIA_WECHAT_LOGIN_URL")
    assert any("APP_SECRET is missing" in each.msg for each in WeChat().unsafe())


def test_the_page_leads_there_and_comes_back_to_a_button(fan: Client, payment: Payment) -> None:
    page = f"/payments/{payment.pk}/"
    led = unescape(fan.get(page, headers={"user-agent": AGENT}).content.decode())
    assert "0; url=https://open.weixin.qq.com/connect/oauth2/authorize?appid=wx0123456789" in led
    back = fan.get(page, {"code": "good", "state": "pay"}, headers={"user-agent": AGENT})
    assert back.status_code == 200
    assert b'id="wechat-pay"' in back.content
    refused = fan.get(page, {"code": "invented", "state": "pay"}, headers={"user-agent": AGENT})
    assert refused["Location"] == f"/orders/{payment.order_id}/"


@pytest.fixture
def browser(monkeypatch: pytest.MonkeyPatch) -> Iterator[BrowserContext]:
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # the browser's driver runs a loop on this thread
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium.new_context(viewport={"width": 390, "height": 844}, locale="en-GB", user_agent=AGENT)
        chromium.close()
        connections.close_all()


@pytest.mark.browser
@pytest.mark.skipif(
    CHROMIUM is None and not (os.environ.get("SETARIA_CI") or os.environ.get("CI")), reason="no Chromium here"
)
def test_a_press_asks_wechats_bridge_and_goes_back_to_the_order(
    fan: Client, payment: Payment, browser: BrowserContext
) -> None:
    ours = copy_context()

    def answer(route: Route) -> None:
        url = urlsplit(route.request.url)
        if url.path.startswith("/static/"):
            file = Path(finders.find(url.path.removeprefix("/static/")))
            route.fulfill(
                body=file.read_bytes(), content_type={".js": "text/javascript", ".css": "text/css"}.get(file.suffix)
            )
            return
        said = ours.run(fan.get, f"{url.path}?{url.query}", headers={"user-agent": AGENT})
        route.fulfill(status=said.status_code, headers=dict(said.headers.items()), body=said.content)

    browser.route("http://shop.example/**", answer)
    browser.add_init_script(BRIDGE)
    page = browser.new_page()
    page.goto(f"http://shop.example/payments/{payment.pk}/?code=good")
    page.click("#wechat-pay")
    page.wait_for_selector("#wechat-error:visible")
    asked = page.evaluate("window.asked[0]")
    assert (asked["what"], asked["asked"]["appId"]) == ("getBrandWCPayRequest", "wx0123456789")
    with page.expect_request("**/back"):
        page.click("#wechat-pay")
