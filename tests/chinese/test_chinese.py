"""Alipay and WeChat Pay over real HTTP, signed and checked by their own libraries on our side."""

from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

import pytest
from django.test import Client

from setaria.people.members.models import Member
from setaria.trade.payments import refund
from setaria.trade.payments.alipay.provider import Alipay, fen, yuan
from setaria.trade.payments.ask import ask_due
from setaria.trade.payments.begin import begin
from setaria.trade.payments.models import Case, Payment
from setaria.trade.payments.notify import translate
from setaria.trade.payments.start import start
from setaria.trade.payments.wechat.provider import WeChat
from setaria.trade.payments.words import BadSignature, Device, Down, State, Step
from setaria.trade.preorders.money import hear, wanted
from tests.chinese.counterparts import AlipayThere, WeChatThere
from tests.storefront.conftest import fan, member, store
from tests.world import MINUTE, World

__all__ = ["fan", "member", "store"]


@pytest.fixture
def alipay(monkeypatch: pytest.MonkeyPatch) -> Iterator[AlipayThere]:
    there = AlipayThere()
    for name, value in there.environment().items():
        monkeypatch.setenv(name, value)
    yield there
    there.close()


@pytest.fixture
def wechat(monkeypatch: pytest.MonkeyPatch) -> Iterator[WeChatThere]:
    there = WeChatThere()
    for name, value in there.environment().items():
        monkeypatch.setenv(name, value)
    yield there
    there.close()


def started(world: World, provider: str) -> tuple[Payment, Step]:
    member = world.member()
    order = world.placed(world.thing(price=19_990, stock=5), by=member)
    payment = start(order.id, member, provider, world.now)
    assert isinstance(payment, Payment)
    return payment, begin(payment)


def told(world: World, provider: str, words: object) -> list[object]:
    return hear(translate(provider, words, now=world.now), now=world.now)  # type: ignore[arg-type]


def ask(world: World) -> int:
    world.later(5 * MINUTE)
    return ask_due(now=world.now, hear=hear, wanted=wanted)


# --- Alipay ---


@pytest.mark.parametrize("way", ["page", "wap"])
def test_alipays_page_is_signed_for_it_and_its_word_pays(
    world: World, alipay: AlipayThere, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    monkeypatch.setenv("SETARIA_ALIPAY_WAY", way)
    payment, step = started(world, "alipay")
    assert step.url.startswith(alipay.url)
    alipay.visit(step.url)
    body = alipay.notification(payment.pk.hex)
    assert told(world, "alipay", Alipay().read({}, body)) == ["PAID"]
    assert told(world, "alipay", Alipay().read({}, body)) == ["PAID"]  # told again
    assert world.status(payment.order_id) == "paid"


@pytest.mark.parametrize(
    ("ways", "phone", "method"),
    [("page wap", False, "page"), ("page wap", True, "wap"), ("wap", False, "wap"), ("page", True, "page"),
     ("qr wap", True, "wap")],
)  # fmt: skip
def test_alipays_page_suits_the_device(
    world: World, alipay: AlipayThere, monkeypatch: pytest.MonkeyPatch, ways: str, phone: bool, method: str
) -> None:
    monkeypatch.setenv("SETARIA_ALIPAY_WAY", ways)
    payment, _ = started(world, "alipay")
    step = begin(payment, Device(phone=phone))
    assert alipay.opened(urlsplit(step.url).query)["method"] == f"alipay.trade.{method}.pay"
    alipay.visit(step.url)
    assert told(world, "alipay", Alipay().read({}, alipay.notification(payment.pk.hex))) == ["PAID"]


def test_a_code_to_scan(world: World, alipay: AlipayThere, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SETARIA_ALIPAY_WAY", "qr")
    _, step = started(world, "alipay")
    assert step.code.startswith("https://qr.alipay")


def test_alipay_is_asked_where_it_says_nothing(world: World, alipay: AlipayThere) -> None:
    payment, step = started(world, "alipay")
    ask(world)  # nobody opened it yet: that is no end
    assert Payment.objects.get().status == "started"
    alipay.visit(step.url)
    ask(world)
    assert world.status(payment.order_id) == "paid"


def test_alipays_answer_must_be_signed_by_alipay(world: World, alipay: AlipayThere) -> None:
    payment, step = started(world, "alipay")
    alipay.visit(step.url)
    alipay.signing = alipay.stranger
    with pytest.raises(Down):
        Alipay().ask(payment)
    ask(world)
    assert world.status(payment.order_id) == "placed"


def test_forged_notifications_of_alipay_are_not_believed(world: World, alipay: AlipayThere) -> None:
    payment, step = started(world, "alipay")
    alipay.visit(step.url)
    good = alipay.notification(payment.pk.hex)
    bad = [
        alipay.notification(payment.pk.hex, key=alipay.stranger), good.replace(b"199.90", b"0.01"), b"", b"sign=x", b"\xff",
        alipay.notification(payment.pk.hex, app_id="2021000000000002"), good.replace(b"RSA2", b"RSA"),
    ]  # fmt: skip
    for body in bad:
        with pytest.raises(BadSignature):
            Alipay().read({}, body)


def test_wrong_amount_and_a_gone_order_at_alipay(world: World, alipay: AlipayThere) -> None:
    payment, step = started(world, "alipay")
    alipay.visit(step.url, total_amount="199.80")
    assert told(world, "alipay", Alipay().read({}, alipay.notification(payment.pk.hex))) == ["REFUND"]
    assert Case.objects.get().kind == "wrong"
    refund.collect(now=world.now)
    assert [refund.send_due(now=world.now), refund.send_due(now=world.now)] == [1, 0]
    assert [each["refund_amount"] for each in alipay.refunds.values()] == ["199.80"]
    other, other_step = started(world, "alipay")
    alipay.visit(other_step.url, state="WAIT_BUYER_PAY")
    world.later(16 * MINUTE)
    world.expire()
    ask(world)
    assert alipay.trades[other.pk.hex]["trade_status"] == "TRADE_CLOSED"


def test_alipay_away_is_down(world: World, alipay: AlipayThere) -> None:
    payment, _ = started(world, "alipay")
    alipay.broken = True
    with pytest.raises(Down):
        Alipay().ask(payment)


def test_yuan_and_fen() -> None:
    assert [yuan(1), yuan(19_990), fen("0.01"), fen("199.9"), fen("1999")] == ["0.01", "199.90", 1, 19_990, 199_900]
    for nonsense in ("0.001", "-1", "NaN", "1e30"):
        with pytest.raises((ValueError, ArithmeticError)):
            fen(nonsense)


# --- WeChat ---


def test_a_code_of_wechats_and_its_word_pays(world: World, wechat: WeChatThere) -> None:
    payment, step = started(world, "wechat")
    assert step.code.startswith("weixin://")
    assert begin(payment).code == step.code
    wechat.pay(payment.pk.hex)
    headers, body = wechat.notification(payment.pk.hex)
    assert told(world, "wechat", WeChat().read(headers, body)) == ["PAID"]
    assert told(world, "wechat", WeChat().read(headers, body)) == ["PAID"]


PHONE = Device(phone=True, address="203.0.113.9")


def test_on_a_phone_wechat_is_opened_and_its_word_pays(
    world: World, wechat: WeChatThere, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SETARIA_WECHAT_WAYS", "native h5")
    payment, _ = started(world, "wechat")
    step = begin(payment, PHONE)
    assert step.url.startswith("https://wx.tenpay.example/checkmweb?")
    assert unquote(step.url.partition("&redirect_url=")[2]).endswith(f"/payments/{payment.pk}/back")
    wechat.pay(payment.pk.hex)
    headers, body = wechat.notification(payment.pk.hex)
    assert told(world, "wechat", WeChat().read(headers, body)) == ["PAID"]


@pytest.mark.parametrize(
    ("ways", "device"),
    [("native", PHONE), ("native h5", Device(address="203.0.113.9")), ("native h5", Device(phone=True)),
     ("native h5", Device(phone=True, within="wechat", address="203.0.113.9"))],
)  # fmt: skip
def test_elsewhere_wechat_shows_its_code(
    world: World, wechat: WeChatThere, monkeypatch: pytest.MonkeyPatch, ways: str, device: Device
) -> None:
    monkeypatch.setenv("SETARIA_WECHAT_WAYS", ways)
    payment, _ = started(world, "wechat")
    assert begin(payment, device).code.startswith("weixin://")


def test_the_stores_page_leads_a_phone_there_and_says_which_shop_it_is(
    store: World, fan: Client, member: Member, wechat: WeChatThere, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SETARIA_WECHAT_WAYS", "native h5")
    order = store.placed(store.thing(price=19_990, stock=5), by=member.pk)
    payment = start(order.id, member.pk, "wechat", store.now)
    assert isinstance(payment, Payment)
    page = f"/payments/{payment.pk}/"
    phone = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/130.0 Mobile Safari/537.36"
    answer = fan.get(page, headers={"user-agent": phone})
    assert "https://wx.tenpay.example/checkmweb?" in answer.content.decode()
    assert answer["Referrer-Policy"] == "origin"
    inside = fan.get(page, headers={"user-agent": phone + " MicroMessenger/8.0.50"})
    assert "wx.tenpay.example" not in inside.content.decode()
    assert inside["Referrer-Policy"] == "same-origin"


def test_wechat_is_asked_where_it_says_nothing(world: World, wechat: WeChatThere) -> None:
    payment, _ = started(world, "wechat")
    ask(world)
    assert Payment.objects.get().status == "started"
    wechat.pay(payment.pk.hex)
    ask(world)
    assert world.status(payment.order_id) == "paid"


def test_wechats_answer_must_be_signed_by_wechat(world: World, wechat: WeChatThere) -> None:
    payment, _ = started(world, "wechat")
    wechat.signing = wechat.stranger
    with pytest.raises(Down):
        WeChat().ask(payment)


def test_forged_notifications_of_wechat_are_not_believed(world: World, wechat: WeChatThere) -> None:
    payment, _ = started(world, "wechat")
    wechat.pay(payment.pk.hex)
    headers, body = wechat.notification(payment.pk.hex)
    forged, other = wechat.notification(payment.pk.hex, key=wechat.stranger)
    for given, sent in ((forged, other), (headers, body + b" "), ({}, body), (headers, b"{}"), (headers, b"\xff")):
        with pytest.raises(BadSignature):
            WeChat().read(given, sent)


def test_wrong_amount_and_a_gone_order_at_wechat(world: World, wechat: WeChatThere) -> None:
    payment, _ = started(world, "wechat")
    wechat.pay(payment.pk.hex)
    headers, body = wechat.notification(payment.pk.hex, amount={"total": 19_980, "currency": "CNY"})
    assert told(world, "wechat", WeChat().read(headers, body)) == ["REFUND"]
    refund.collect(now=world.now)
    assert [refund.send_due(now=world.now), refund.send_due(now=world.now)] == [1, 0]
    assert [each["amount"]["refund"] for each in wechat.refunds.values()] == [19_980]
    other, _ = started(world, "wechat")
    world.later(16 * MINUTE)
    world.expire()
    ask(world)
    assert wechat.trades[other.pk.hex]["trade_state"] == "CLOSED"


def test_paid_in_the_instant_it_is_closed_it_counts_as_paid(world: World, wechat: WeChatThere) -> None:
    payment, _ = started(world, "wechat")
    wechat.pay(payment.pk.hex)
    assert WeChat().close(payment).state is State.SUCCEEDED


def test_a_refund_of_wechats_that_failed_is_a_case(world: World, wechat: WeChatThere) -> None:
    headers, body = wechat.notification(
        "", event="REFUND.ABNORMAL", out_refund_no="r1", transaction_id="42", amount={"refund": 100, "total": 200}
    )
    assert told(world, "wechat", WeChat().read(headers, body)) == []
    assert (Case.objects.get().kind, Case.objects.get().amount) == ("refused", 100)


# --- settings ---


def test_check_names_what_is_missing(monkeypatch: pytest.MonkeyPatch, alipay: AlipayThere, wechat: WeChatThere) -> None:
    assert [each.level for each in (*Alipay().unsafe(), *WeChat().unsafe())] == [30, 30, 30]  # not the real gateways
    monkeypatch.setenv("SETARIA_WECHAT_API_V3_KEY", "short")
    monkeypatch.setenv("SETARIA_ALIPAY_WAY", "page fax")
    monkeypatch.setenv("SETARIA_WECHAT_WAYS", "native pigeon")
    monkeypatch.delenv("SETARIA_ALIPAY_PRIVATE_KEY")
    found = " ".join(each.msg for each in (*Alipay().unsafe(), *WeChat().unsafe()))
    assert "32 characters" in found
    assert "fax" in found
    assert "pigeon" in found
    assert "SETARIA_ALIPAY_PRIVATE_KEY is missing" in found
    assert "BEGIN" not in repr(Alipay()) + found
