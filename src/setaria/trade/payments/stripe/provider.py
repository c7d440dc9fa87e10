"""Stripe as `trade.payments` sees it. All calls go through Stripe's own library, and none is made twice by key."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import UUID

from django.core.checks import CheckMessage, Error, Warning
from django.utils.translation import gettext_lazy as _

from setaria.trade.payments.models import Payment, Refund
from setaria.trade.payments.providers import ANSWER_SECONDS_MAX
from setaria.trade.payments.stripe.amounts import from_stripe, to_stripe
from setaria.trade.payments.stripe.keys import API, Keys, keys
from setaria.trade.payments.words import (
    BadNotification,
    BadSignature,
    Device,
    Down,
    Matter,
    Quarrel,
    Refused,
    Stand,
    State,
    Step,
    Word,
)

if TYPE_CHECKING:  # the library is large: only who pays, or hears of a payment, loads it
    from stripe import StripeClient

NAME = "stripe"
ORIGINS = ("https://js.stripe.com", "https://*.js.stripe.com", "https://hooks.stripe.com", API)
# Intents that still wait for the buyer, or for the bank.
_STATES = {"succeeded": State.SUCCEEDED, "requires_capture": State.AUTHORISED, "canceled": State.FAILED}
_INTENTS = ("payment_intent.succeeded", "payment_intent.canceled", "payment_intent.amount_capturable_updated")


class Stripe:
    """The provider as `trade.payments` sees it."""

    name, title, waits = NAME, _("Card"), True
    thanks = b"{}"

    def takes(self, amount: int, currency: str) -> bool:
        """Take what Stripe's smallest unit can express; the least amount of a currency is Stripe's to say."""
        try:
            return to_stripe(amount, currency) > 0
        except Refused:
            return False

    def begin(self, payment: Payment, device: Device) -> Step:
        """Make the payment's PaymentIntent, or find it; the buyer fills in Stripe's card form."""
        intent, account = self._intent(payment), keys()
        context = {
            "secret": intent["client_secret"], "publishable": account.publishable, "script": account.script,
            "ended": _STATES.get(intent["status"], State.OPEN) is not State.OPEN or intent["status"] == "processing",
        }  # fmt: skip
        origins = ORIGINS if account.api == API else (_origin(account.api), _origin(account.script))
        return Step(reference=intent["id"], template="stripe/form.html", context=context, origins=origins)

    def ask(self, payment: Payment) -> Word:
        """Fetch the PaymentIntent; one that we never heard of is made, which finds it where it exists."""
        return _word(payment, self._intent(payment))

    def capture(self, payment: Payment) -> Word:
        """Take what was authorised."""
        with _client() as client:
            if client.v1.payment_intents.retrieve(payment.reference).status == "requires_capture":
                client.v1.payment_intents.capture(
                    payment.reference, options={"idempotency_key": f"capture-{payment.pk}"}
                )
            return _word(payment, client.v1.payment_intents.retrieve(payment.reference, _EXPAND).to_dict())

    def close(self, payment: Payment) -> Word:
        """Cancel the PaymentIntent; one that was paid in this instant is told as paid."""
        import stripe

        with _client() as client:
            # Refused where it ended meanwhile: then look how.
            with suppress(stripe.InvalidRequestError):
                client.v1.payment_intents.cancel(payment.reference)
            return _word(payment, client.v1.payment_intents.retrieve(payment.reference, _EXPAND).to_dict())

    def refund(self, refund: Refund, payment: Payment | None) -> None:
        """Send money back, once: Stripe's key for that lasts a day, so what was sent before is looked up first."""
        if payment is None or not payment.reference:
            raise Refused("There is no PaymentIntent for this payment.")
        with _client() as client:
            charge = client.v1.payment_intents.retrieve(payment.reference, _EXPAND).to_dict()["latest_charge"]
            if charge is None:
                raise Refused("The PaymentIntent has no charge.")
            charge = charge["id"]
            listed = client.v1.refunds.list({"charge": charge, "limit": 100})
            if any(_meta(each.to_dict()).get("refund") == str(refund.pk) for each in listed.auto_paging_iter()):
                return
            client.v1.refunds.create(
                {"charge": charge, "amount": to_stripe(refund.amount, refund.currency),
                 "metadata": {"refund": str(refund.pk), "order": str(refund.order_id)}},
                options={"idempotency_key": f"refund-{refund.pk}"},
            )  # fmt: skip

    def read(self, headers: Mapping[str, str], body: bytes) -> Sequence[Word | Matter | Quarrel]:
        """Check a webhook by Stripe's library and read it; what is not ours, or says nothing of money, is nothing."""
        event = _verified(body, headers.get("stripe-signature", ""), keys())
        try:
            kind, about = event["type"], event["data"]["object"]
            if kind in _INTENTS:
                ours = _meta(about).get("payment")
                return [_word(Payment(pk=UUID(ours)), about)] if ours else []
            if kind.startswith("charge.dispute."):
                return [_dispute(kind, about), _quarrel(kind, about)]
            if kind in ("refund.failed", "charge.refund.updated") and about["status"] == "failed":
                return [_failed_refund(about)]
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise BadNotification(repr(error)) from error
        return []

    def unsafe(self) -> Iterator[CheckMessage]:
        """Yield what is missing or unsafe in the keys."""
        account = keys()
        for value, name, start in (
            (account.secret, "SETARIA_STRIPE_SECRET_KEY", ("sk_", "rk_")),
            (account.publishable, "SETARIA_STRIPE_PUBLISHABLE_KEY", ("pk_",)),
        ):
            if not value.startswith(start):
                yield Error(f"{name} is missing, or no such key: nobody can pay by card.", hint=_HINT)
            elif "_test_" in value:
                yield Warning(f"{name} is a test key: no real money moves.", hint=_HINT)
        if not account.webhooks:
            yield Error(
                "SETARIA_STRIPE_WEBHOOK_SECRET is missing: Stripe's notifications are refused, and orders are paid "
                "only when we ask.",
                hint=_HINT,
            )
        if account.api != API:
            yield Warning(f"SETARIA_STRIPE_API_URL is {account.api}: that is not Stripe.", hint="Unset it.")

    def _intent(self, payment: Payment) -> dict[str, Any]:
        with _client() as client:
            if payment.reference:
                return client.v1.payment_intents.retrieve(payment.reference, _EXPAND).to_dict()
            wanted: dict[str, Any] = {
                "amount": to_stripe(payment.amount, payment.currency),
                "currency": payment.currency.lower(),
                "payment_method_types": ["card"],
                "metadata": {"payment": str(payment.pk), "order": str(payment.order_id)},
            }
            if keys().by_hand:
                wanted["capture_method"] = "manual"
            made = client.v1.payment_intents.create(wanted, options={"idempotency_key": f"begin-{payment.pk}"})  # type: ignore[arg-type]
            return made.to_dict()


_HINT = "docs/howto/payments.md says where to find it."


_EXPAND: Any = {"expand": ["latest_charge"]}


def _word(payment: Payment, intent: Mapping[str, Any]) -> Word:
    state, currency = _STATES.get(intent["status"], State.OPEN), intent["currency"].upper()
    if state is not State.SUCCEEDED:
        return Word(payment.pk, state, 0, currency, intent["id"])
    taken, charge = intent.get("amount_received"), intent.get("latest_charge")
    if taken is None and isinstance(charge, dict):
        taken = charge.get("amount_captured", charge["amount"])
    if taken is None:  # told without saying how much: somebody will ask
        return Word(payment.pk, State.OPEN, 0, currency, intent["id"])
    return Word(payment.pk, state, from_stripe(taken, currency), currency, intent["id"])


def _meta(about: Mapping[str, Any]) -> dict[str, str]:
    return dict(about.get("metadata") or {})


def _dispute(kind: str, dispute: Mapping[str, Any]) -> Matter:
    text = f"{dispute['reason']}; {dispute['status']}. Answer it at Stripe before its date."
    # Opened and closed are two matters, so that the end of one that somebody noted is looked at again.
    reference = f"{dispute['id']}:closed" if kind == "charge.dispute.closed" else dispute["id"]
    return _matter("dispute", reference, dispute, text)


def _quarrel(kind: str, dispute: Mapping[str, Any]) -> Quarrel:
    stand = {
        "charge.dispute.funds_withdrawn": Stand.HELD,
        "charge.dispute.funds_reinstated": Stand.WON,
        "charge.dispute.closed": Stand.LOST if dispute["status"] == "lost" else Stand.WON,
    }.get(kind, Stand.OPEN)
    currency = dispute["currency"].upper()
    amount = from_stripe(dispute["amount"], currency)
    return Quarrel(dispute["id"], dispute.get("payment_intent") or "", amount, currency, stand)


def _failed_refund(refund: Mapping[str, Any]) -> Matter:
    return _matter(
        "refused", refund["id"], refund, f"The refund came back: {refund.get('failure_reason') or 'no reason told'}."
    )


def _matter(kind: str, reference: str, about: Mapping[str, Any], text: str) -> Matter:
    currency = about["currency"].upper()
    return Matter(
        kind, reference, about.get("payment_intent") or "", from_stripe(about["amount"], currency), currency, text
    )


def _verified(body: bytes, signature: str, account: Keys) -> dict[str, Any]:
    import stripe

    for secret in account.webhooks:
        try:
            return stripe.Webhook.construct_event(body, signature, secret).to_dict()
        except stripe.SignatureVerificationError:
            continue
        except (ValueError, KeyError, AttributeError, TypeError) as error:
            raise BadNotification(repr(error)) from error
    raise BadSignature


@contextmanager
def _client() -> "Iterator[StripeClient]":
    """Open Stripe's client; its errors become ours."""
    import stripe

    account = keys()
    line = stripe.RequestsClient(timeout=ANSWER_SECONDS_MAX)
    try:
        yield stripe.StripeClient(
            account.secret or "sk_missing",
            base_addresses={"api": account.api},
            http_client=line,
            max_network_retries=0,
        )
    except (stripe.APIConnectionError, stripe.RateLimitError, stripe.AuthenticationError, stripe.APIError) as error:
        raise Down(_told(error)) from error
    except stripe.StripeError as error:
        if error.http_status is None or error.http_status >= 500:
            raise Down(_told(error)) from error
        raise Refused(_told(error)) from error
    finally:
        line.close()


def _told(error: Any) -> str:
    """What Stripe said, without anything of the request."""
    return f"{type(error).__name__} {error.http_status or ''} {error.code or ''} {error.user_message or ''}".strip()


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
