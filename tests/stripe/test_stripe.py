"""Paying by card: at Stripe's own protocol, as `localstripe` speaks it, through all that can go wrong on the way."""

import time

import pytest
from django.core.checks import CheckMessage
from hypothesis import given
from hypothesis import strategies as st

from setaria.kernel.ids import new_id
from setaria.trade.orders.models import Order, Settlement
from setaria.trade.payments import providers, refund
from setaria.trade.payments.ask import ask_due
from setaria.trade.payments.begin import begin
from setaria.trade.payments.models import Case, Payment, Refund
from setaria.trade.payments.notify import translate
from setaria.trade.payments.start import start
from setaria.trade.payments.stripe.amounts import from_stripe, to_stripe
from setaria.trade.payments.stripe.provider import Stripe
from setaria.trade.payments.words import BadNotification, BadSignature, Down, State
from setaria.trade.preorders.money import hear, wanted
from tests.stripe.conftest import DECLINED, FakeStripe, Line, event, intent_event, signed, started
from tests.world import MINUTE, World


def ask(world: World) -> int:
    return ask_due(now=world.now, hear=hear, wanted=wanted)


def told(world: World, *events: dict) -> list[str | None]:
    """What became of each, posted as webhooks."""
    answers = []
    for each in events:
        body, headers = signed(each)
        news = translate("stripe", Stripe().read(headers, body), now=world.now)
        answers += hear(news, now=world.now)
    return answers


def kinds() -> list[str]:
    return list(Case.objects.order_by("id").values_list("kind", flat=True))


# --- the plain way ---


def test_a_card_pays_an_order(world: World, stripe: FakeStripe) -> None:
    payment = started(world)
    assert payment.reference.startswith("pi_")
    intent = stripe.pay(payment)
    assert (intent["status"], intent["amount"], intent["currency"]) == ("succeeded", 10_000, "cny")
    assert told(world, intent_event(payment)) == ["PAID"]
    assert Payment.objects.get().status == "succeeded"
    assert world.status(payment.order_id) == "paid"


def test_beginning_again_finds_the_same_intent(world: World, stripe: FakeStripe) -> None:
    payment = started(world)
    first = payment.reference
    assert begin(Payment.objects.get()).reference == first
    member = Order.objects.get().customer_id
    assert start(payment.order_id, member, "stripe", world.now) == payment


def test_without_a_notification_asking_pays(world: World, stripe: FakeStripe) -> None:
    payment = started(world)
    stripe.pay(payment)
    assert ask(world) == 0  # nobody is asked at once
    world.later(MINUTE)
    assert ask(world) == 1
    assert world.status(payment.order_id) == "paid"
    world.later(MINUTE)
    assert ask(world) == 0


def test_a_declined_card_leaves_the_order_payable(world: World, stripe: FakeStripe) -> None:
    payment = started(world)
    stripe.pay(payment, DECLINED)
    world.later(MINUTE)
    ask(world)
    payment.refresh_from_db()
    assert (payment.status, world.status(payment.order_id)) == ("started", "placed")
    assert begin(payment).context["secret"]  # another card can be tried


# --- notifications, as they come ---


def test_repeated_and_late_notifications_change_nothing(world: World, stripe: FakeStripe) -> None:
    payment = started(world)
    stripe.pay(payment)
    failed = intent_event(payment, "payment_intent.canceled", status="canceled")
    assert told(world, intent_event(payment), intent_event(payment), failed) == ["PAID", "PAID", None]
    assert (Settlement.objects.count(), Payment.objects.get().status, kinds()) == (1, "succeeded", [])


def test_a_notification_that_overtakes_our_own_note_is_understood(world: World, stripe: FakeStripe) -> None:
    payment = started(world)
    stripe.pay(payment)
    Payment.objects.update(reference="")  # a crash before the outcome was written
    assert told(world, intent_event(payment)) == ["PAID"]


def test_money_for_nothing_we_know_is_a_case(world: World, stripe: FakeStripe) -> None:
    payment = Payment(pk=new_id(), order_id=new_id(), amount=500, currency="CNY", provider="stripe")
    assert told(world, intent_event(payment), intent_event(payment)) == []
    case = Case.objects.get()
    assert (case.kind, case.amount, case.currency, case.payment_id) == ("unknown", 500, "CNY", payment.pk)


def test_an_account_shared_with_others_is_no_matter(world: World, stripe: FakeStripe) -> None:
    payment = Payment(pk=new_id(), order_id=new_id(), amount=500, currency="CNY", provider="stripe")
    assert told(world, intent_event(payment, metadata={}), event("customer.created", id="cus_1")) == []
    assert kinds() == []


@pytest.mark.parametrize(
    "changes", [{"amount_received": 9_999}, {"amount_received": 5_000}, {"currency": "usd"}], ids=["amount", "part", "currency"]
)  # fmt: skip
def test_wrong_money_goes_back_in_full(world: World, stripe: FakeStripe, changes: dict) -> None:
    payment = started(world)
    stripe.pay(payment)
    assert told(world, intent_event(payment, **changes)) == ["REFUND"]
    assert world.status(payment.order_id) == "placed"
    refund.collect(now=world.now)
    back = Refund.objects.get()
    assert (back.amount, back.currency) == (
        changes.get("amount_received", 10_000),
        changes.get("currency", "cny").upper(),
    )
    assert kinds() == ["wrong"] if "amount_received" in changes else True


def test_told_differently_the_first_word_stands(world: World, stripe: FakeStripe) -> None:
    payment = started(world)
    assert told(world, intent_event(payment), intent_event(payment, amount_received=1)) == ["PAID", "CONFLICT"]
    assert kinds() == ["conflict"]


def test_a_dispute_is_a_case_even_after_a_refund(world: World, stripe: FakeStripe) -> None:
    payment = started(world)
    dispute = {"id": "dp_1", "object": "dispute", "payment_intent": payment.reference, "amount": 10_000, "currency": "cny",
               "reason": "fraudulent", "status": "needs_response"}  # fmt: skip
    told(world, intent_event(payment), event("charge.dispute.created", **dispute))
    told(
        world,
        event("charge.dispute.updated", **dispute),
        event("charge.dispute.closed", **dispute | {"status": "lost"}),
    )
    assert kinds() == ["dispute", "dispute"]
    assert set(Case.objects.values_list("order_id", flat=True)) == {payment.order_id}


@pytest.mark.parametrize("at", [None, 0])
def test_forged_and_old_webhooks_are_not_believed(world: World, stripe: FakeStripe, at: int | None) -> None:
    payment = started(world)
    body, headers = signed(intent_event(payment), secret="whsec_other" if at is None else "whsec_only-for-tests", at=at)
    for shown in (headers, {}, {"stripe-signature": ""}):
        with pytest.raises(BadSignature):
            Stripe().read(shown, body)
    assert world.status(payment.order_id) == "placed"


def test_either_of_two_secrets_is_good_while_they_are_exchanged(world: World, stripe: FakeStripe, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    monkeypatch.setenv("SETARIA_STRIPE_WEBHOOK_SECRET", "whsec_new, whsec_only-for-tests")
    body, headers = signed(intent_event(started(world)))
    [word] = Stripe().read(headers, body)
    assert word.state is State.SUCCEEDED


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"x"', b'{"type": "payment_intent.succeeded"}'])
def test_nonsense_is_refused_even_when_signed(stripe: FakeStripe, body: bytes) -> None:
    import hashlib
    import hmac

    at = int(time.time())
    mark = hmac.new(b"whsec_only-for-tests", b"%d.%s" % (at, body), hashlib.sha256).hexdigest()
    with pytest.raises((BadNotification, BadSignature)):
        Stripe().read({"stripe-signature": f"t={at},v1={mark}"}, body)


# --- the provider is away, slow, or its answer is lost ---


def test_a_lost_answer_makes_no_second_payment(world: World, stripe: FakeStripe, line: Line, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    monkeypatch.setenv("SETARIA_STRIPE_API_URL", f"http://127.0.0.1:{line.port}")
    member = world.member()
    order = world.placed(world.thing(price=10_000, stock=5), by=member)
    payment = start(order.id, member, "stripe", world.now)
    line.lose_answers = 1
    with pytest.raises(Down):
        begin(payment)
    assert Payment.objects.get().reference == ""  # the intent is written, the outcome is not
    world.later(MINUTE)
    ask(world)  # heals it
    assert Payment.objects.get().reference.startswith("pi_")
    stripe.pay(payment)
    world.later(2 * MINUTE)
    ask(world)
    assert world.status(order.id) == "paid"


def test_nobody_there_is_down_and_asked_again_later(world: World, stripe: FakeStripe, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    payment = started(world)
    stripe.pay(payment)
    monkeypatch.setenv("SETARIA_STRIPE_API_URL", "http://127.0.0.1:9")
    with pytest.raises(Down):
        begin(payment)
    world.later(MINUTE)
    assert (ask(world), world.status(payment.order_id)) == (1, "placed")
    monkeypatch.setenv("SETARIA_STRIPE_API_URL", stripe.url)
    world.later(2 * MINUTE)
    assert (ask(world), world.status(payment.order_id)) == (1, "paid")


def test_a_provider_that_hangs_takes_few_threads(world: World, stripe: FakeStripe, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    monkeypatch.setattr(providers, "ANSWER_SECONDS_MAX", 0.2)
    with providers.calling(), providers.calling(), providers.calling(), providers.calling(), pytest.raises(Down):
        begin(Payment(pk=new_id(), provider="stripe"))


def test_no_provider_is_called_inside_a_transaction(world: World, stripe: FakeStripe) -> None:
    from django.db import transaction

    payment = started(world)
    with transaction.atomic(), pytest.raises(RuntimeError):
        begin(payment)


# --- orders that are gone ---


def test_what_can_no_longer_be_paid_is_closed_at_stripe(world: World, stripe: FakeStripe) -> None:
    payment = started(world)
    world.later(16 * MINUTE)
    world.expire()
    ask(world)
    assert stripe.intent(payment)["status"] == "canceled"
    assert Payment.objects.get().status == "failed"


def test_paid_in_the_instant_it_is_closed_it_counts_as_paid(world: World, stripe: FakeStripe) -> None:
    payment = started(world)
    stripe.pay(payment)
    payment.refresh_from_db()
    word = Stripe().close(payment)
    assert (word.state, word.amount) == (State.SUCCEEDED, 10_000)


# --- refunds ---


def test_money_goes_back_once_whatever_is_lost(world: World, stripe: FakeStripe, line: Line, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    payment = started(world)
    stripe.pay(payment)
    told(world, intent_event(payment, amount_received=9_999))
    refund.collect(now=world.now)
    charge = stripe.intent(payment)["latest_charge"]["id"]
    monkeypatch.setenv("SETARIA_STRIPE_API_URL", f"http://127.0.0.1:{line.port}")

    def cut(create):
        def lost(*args, **how):
            line.lose_answers = 1
            return create(*args, **how)

        return lost

    from stripe._refund_service import RefundService

    whole = RefundService.create
    monkeypatch.setattr(RefundService, "create", cut(whole))
    assert refund.send_due(now=world.now) == 0  # the answer was lost; the money is on its way
    monkeypatch.setattr(RefundService, "create", whole)
    world.later(MINUTE)
    assert refund.send_due(now=world.now) == 1
    sent = stripe.call("GET", f"/v1/refunds?charge={charge}")["data"]
    assert [each["amount"] for each in sent] == [9_999]


def test_a_refund_that_stripe_will_not_make_is_a_case(world: World, stripe: FakeStripe) -> None:
    payment = started(world)  # never paid there
    told(world, intent_event(payment, amount_received=9_999))
    refund.collect(now=world.now)
    assert refund.send_due(now=world.now) == 0
    assert kinds() == ["wrong", "refused"]


# --- amounts and settings ---


@given(st.integers(1, 10**12), st.sampled_from(["CNY", "USD", "JPY", "KRW", "INR", "EUR", "ISK", "VND", "CLP"]))
def test_amounts_there_and_back(amount: int, currency: str) -> None:
    assert from_stripe(to_stripe(amount, currency), currency) == amount


def test_stripes_units_are_not_always_isos() -> None:
    assert (to_stripe(500, "JPY"), to_stripe(500, "ISK"), to_stripe(1_999, "CNY")) == (500, 50_000, 1_999)


def test_check_names_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    def found() -> list[str]:
        return [each.msg.split()[0] for each in Stripe().unsafe() if isinstance(each, CheckMessage)]

    for name in ("SECRET_KEY", "PUBLISHABLE_KEY", "WEBHOOK_SECRET", "API_URL"):
        monkeypatch.delenv(f"SETARIA_STRIPE_{name}", raising=False)
    assert found() == ["SETARIA_STRIPE_SECRET_KEY", "SETARIA_STRIPE_PUBLISHABLE_KEY", "SETARIA_STRIPE_WEBHOOK_SECRET"]
    monkeypatch.setenv("SETARIA_STRIPE_SECRET_KEY", "sk_test_1")
    monkeypatch.setenv("SETARIA_STRIPE_PUBLISHABLE_KEY", "pk_live_1")
    monkeypatch.setenv("SETARIA_STRIPE_WEBHOOK_SECRET", "whsec_1")
    assert found() == ["SETARIA_STRIPE_SECRET_KEY"]
    monkeypatch.setenv("SETARIA_STRIPE_SECRET_KEY", "sk_live_1")
    assert found() == []


# --- authorised first, captured once the order is seen to stand ---


@pytest.fixture
def by_hand(stripe: FakeStripe, monkeypatch: pytest.MonkeyPatch) -> FakeStripe:
    monkeypatch.setenv("SETARIA_STRIPE_CAPTURE", "manual")
    return stripe


def test_what_is_authorised_is_captured_and_pays(world: World, by_hand: FakeStripe) -> None:
    payment = started(world)
    by_hand.pay(payment)
    assert by_hand.intent(payment)["status"] == "requires_capture"
    assert world.status(payment.order_id) == "placed"
    hint = intent_event(
        payment, "payment_intent.amount_capturable_updated", status="requires_capture", amount_received=0
    )
    assert told(world, hint) == []  # says too little: Stripe is asked at once
    assert ask(world) == 1
    assert (by_hand.intent(payment)["status"], world.status(payment.order_id)) == ("succeeded", "paid")
    assert Settlement.objects.get().amount == payment.amount
    assert Stripe().capture(payment).state is State.SUCCEEDED  # again is harmless


def test_what_is_authorised_too_late_is_let_go_and_never_charged(world: World, by_hand: FakeStripe) -> None:
    payment = started(world)
    by_hand.pay(payment)
    world.now = Order.objects.get().pay_by
    world.expire()
    assert ask(world) == 1
    assert by_hand.intent(payment)["status"] == "canceled"
    payment.refresh_from_db()
    assert (payment.status, world.status(payment.order_id), Settlement.objects.count()) == ("failed", "expired", 0)
