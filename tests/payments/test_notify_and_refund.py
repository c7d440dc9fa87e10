"""What the bank says, and money that goes back."""

import hypothesis.strategies as st
import msgspec
import pytest
from hypothesis import given
from tests.races.together import together
from tests.world import MINUTE, World

from setaria.kernel.ids import new_id
from setaria.trade.orders.models import Settlement
from setaria.trade.payments import providers, refund
from setaria.trade.payments.models import Payment, Refund
from setaria.trade.payments.notify import News, receive
from setaria.trade.payments.sandbox.models import Reversal
from setaria.trade.payments.sandbox.notification import (
    BadNotification,
    BadSignature,
    Notification,
    key_from,
    parse,
    sign,
)

KEY = key_from("secret")
TOLD = Notification(new_id(), new_id(), "succeeded", 100, "CNY")
BODY = msgspec.json.encode(TOLD)


# --- notifications ---


@given(st.builds(Notification, amount=st.integers(1, 2**62 - 1), currency=st.from_regex("[A-Z]{3}", fullmatch=True)))
def test_what_the_bank_signed_is_read(told: Notification) -> None:
    body = msgspec.json.encode(told)
    assert parse(KEY, body, sign(KEY, body)) == told


@given(st.integers(0, 8 * len(BODY) - 1))
def test_a_flipped_bit_is_a_bad_signature(bit: int) -> None:
    changed = bytearray(BODY)
    changed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(BadSignature):
        parse(KEY, bytes(changed), sign(KEY, BODY))


@given(st.text(max_size=80))
def test_any_other_signature_is_bad(signature: str) -> None:
    with pytest.raises(BadSignature):
        parse(KEY, BODY, signature)


def test_another_banks_signature_is_bad() -> None:
    with pytest.raises(BadSignature):
        parse(KEY, BODY, sign(key_from("another"), BODY))


def changed(**fields: object) -> bytes:
    return msgspec.json.encode({**msgspec.to_builtins(TOLD), **fields})


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"null", b"\xff", b"{}", BODY[:-1], BODY + b"x", b'{"payment_id": "\xff"}', BODY.replace(b"CNY", b"C\xff"),
        changed(amount=0), changed(amount=-1), changed(amount=2**62), changed(amount=1.5), changed(amount="100"),
        changed(currency=""), changed(currency="CN"), changed(currency="CNYY"), changed(currency="¥¥¥"),
        changed(currency="cny"), changed(currency="C\0Y"), changed(currency="C Y"),
        changed(status="pending"), changed(order_id="x"), changed(payment_id=None), changed(tip=1),
    ],
)  # fmt: skip
def test_nonsense_is_refused_even_when_signed(body: bytes) -> None:
    with pytest.raises(BadNotification):
        parse(KEY, body, sign(KEY, body))


@given(st.binary(max_size=300))
def test_no_bytes_whatsoever_raise_anything_else(body: bytes) -> None:
    with pytest.raises(BadNotification):
        parse(KEY, body, sign(KEY, body))


# --- news ---


def attempt(world: World, order: object, **fields: object) -> Payment:
    return Payment.objects.create(
        id=new_id(), order_id=order.id, provider="sandbox", amount=order.total, currency="CNY", started_at=world.now
    )  # fmt: skip


def test_news_settles_what_succeeded_and_notes_what_failed(world: World) -> None:
    band = world.thing(price=100, stock=5)
    paid, failed = world.placed(band), world.placed(band)
    first, second = attempt(world, paid), attempt(world, failed)
    world.later(MINUTE)
    news = [
        News(world.money(failed, payment=second.id), succeeded=False),
        News(world.money(paid, payment=first.id), succeeded=True),
    ]
    for _ in range(2):  # repeated news changes nothing
        assert receive(news, now=world.now) == [None, "PAID"]
        assert [world.status(order) for order in (paid, failed)] == ["paid", "placed"]
        assert list(Payment.objects.order_by("status").values_list("id", "status", "ended_at")) == [
            (second.id, "failed", world.now), (first.id, "succeeded", world.now),
        ]  # fmt: skip


def test_out_of_order_a_success_wins_over_a_failure(world: World) -> None:
    order = world.placed(world.thing(price=100, stock=5))
    payment = attempt(world, order)
    success = News(world.money(order, payment=payment.id), succeeded=True)
    failure = News(world.money(order, payment=payment.id), succeeded=False)
    for news, expected in ((failure, "failed"), (success, "succeeded"), (failure, "succeeded")):
        receive([news], now=world.now)
        assert Payment.objects.get().status == expected
    assert world.status(order) == "paid"


def test_news_without_an_attempt_of_ours_still_pays(world: World) -> None:
    order = world.placed(world.thing(price=100, stock=5))
    assert receive([News(world.money(order), succeeded=True)], now=world.now) == ["PAID"]
    assert receive([], now=world.now) == []


# --- refunds ---


def owe(world: World, amount: int = 7) -> object:
    order = world.placed(world.thing(price=100, stock=1))
    world.settle(world.money(order, amount))
    return order


def test_refunds_are_collected_once_and_sent_once(world: World) -> None:
    order = owe(world)
    assert (refund.collect(now=world.now), refund.collect(now=world.now)) == (1, 0)
    row = Refund.objects.get()
    assert (row.order_id, row.amount, row.currency, row.reason, row.due_at, row.sent_at) == (
        order.id, 7, "CNY", "wrong amount", world.now, None,
    )  # fmt: skip
    assert (refund.send_due(now=world.now), refund.send_due(now=world.now)) == (1, 0)
    assert Refund.objects.get().sent_at == world.now
    assert Reversal.objects.values_list("refund_id", "charge_id", "amount").get() == (row.pk, row.payment_id, 7)


def test_applied_money_is_never_collected(world: World) -> None:
    world.pay(world.placed(world.thing(stock=1)))
    assert (refund.collect(now=world.now), Settlement.objects.count()) == (0, 1)


def test_two_workers_collect_and_send_each_refund_once(world: World) -> None:
    for _ in range(5):
        owe(world)
    assert sum(together(*[lambda: refund.collect(now=world.now)] * 3)) == 5
    sent = together(*[lambda: refund.send_due(now=world.now)] * 3)
    assert sum(sent) == 5
    assert Reversal.objects.count() == 5


def test_a_refund_that_the_provider_does_not_take_keeps_no_other(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    owe(world)
    refund.collect(now=world.now)
    Refund.objects.update(provider="gone")  # a provider that was uninstalled
    world.later(MINUTE)
    owe(world)
    refund.collect(now=world.now)
    assert refund.send_due(now=world.now) == 1
    assert dict(Refund.objects.values_list("provider", "sent_at")) == {"gone": None, "sandbox": world.now}
    assert refund.send_due(now=world.now) == 0  # not asked again at once
    world.later(MINUTE)
    monkeypatch.setitem(providers.PROVIDERS, "gone", providers.PROVIDERS["sandbox"])
    assert refund.send_due(now=world.now) == 1


def test_an_unknown_provider_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        providers.get("nobody")
