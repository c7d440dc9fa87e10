"""The small interface behind which every payment provider lives, and the table of those that are installed.

A provider is called outside of any transaction, a few at a time (`calling`): what we are about to ask is recorded
before, what came of it after, and whatever a crash leaves between the two is healed by asking again (`ask.py`).
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Protocol

from django.conf import settings
from django.core.checks import CheckMessage
from django.db import connection
from django.utils.module_loading import import_string

from setaria.trade.payments.models import Payment, Refund
from setaria.trade.payments.words import Device, Down, Matter, Quarrel, Step, Word

PROVIDERS = {
    "sandbox": "setaria.trade.payments.sandbox.bank.Sandbox",
    "alipay": "setaria.trade.payments.alipay.provider.Alipay",
    "wechat": "setaria.trade.payments.wechat.provider.WeChat",
    "stripe": "setaria.trade.payments.stripe.provider.Stripe",
    "cash": "setaria.trade.payments.cash.provider.Cash",
    "giftcard": "setaria.trade.giftcards.means.GiftCards",
}
ANSWER_SECONDS_MAX = 8.0  # of a provider; a buyer waits no longer
# Calls of one process at once. A provider that hangs must not take all the threads that make pages (`gate/app.py`).
CALLS_MAX = 4
# So long refunds are sent, or payments asked about, in one call of ours. What comes of it is stamped with the instant the
# call began, and the books, points and invoices look back a minute only (`books/record.py`).
TURN_SECONDS = 10.0
NAME_CHARS_MAX = 20  # the column

_calls = threading.BoundedSemaphore(CALLS_MAX)


class Provider(Protocol):
    """A way to take money. Every call may raise Down; those that can be answered with a no, Refused."""

    name: str
    title: str  # what buyers choose by, to be translated
    thanks: bytes  # what tells it that a notification was taken
    waits: bool  # whether there is something to ask while nobody told us how a payment ended

    def takes(self, amount: int, currency: str) -> bool:
        """Say whether it can take such an amount (minor units); asks nobody."""

    def begin(self, payment: Payment, device: Device) -> Step:
        """Open the payment there, or find it again: the same payment twice is one."""

    def ask(self, payment: Payment) -> Word:
        """Say how the payment stands there."""

    def capture(self, payment: Payment) -> Word:
        """Take what was authorised; again is harmless."""

    def close(self, payment: Payment) -> Word:
        """See that the payment cannot be paid any more, if it is still open; say how it stands then."""

    def refund(self, refund: Refund, payment: Payment | None) -> None:
        """Send money back; the same refund again must not send it twice."""

    def unsafe(self) -> Iterator[CheckMessage]:
        """Yield what is missing or unsafe in its settings."""

    def read(self, headers: Mapping[str, str], body: bytes) -> Sequence[Word | Matter | Quarrel]:
        """Check a notification and read it; raises BadSignature or BadNotification. Header names in small letters."""


def get(name: str) -> Provider:
    """Return an installed provider; raises KeyError for any other."""
    provider: Provider = import_string(PROVIDERS[name])()
    return provider


def offered(market: str, amount: int, currency: str) -> list[Provider]:
    """Return the providers that a market's buyers may choose from for such an amount, in the merchant's order."""
    names = [name for name, markets in settings.PAYMENT_PROVIDERS if not markets or market in markets]
    return [each for each in map(get, names) if each.takes(amount, currency)]


@contextmanager
def calling() -> Iterator[None]:
    """Call a provider inside: never within a transaction, and few at once; raises Down when there are too many."""
    if connection.in_atomic_block:
        raise RuntimeError("No provider is called inside a transaction.")
    if not _calls.acquire(timeout=ANSWER_SECONDS_MAX / 4):
        raise Down("Too many calls are waiting for providers.")
    try:
        yield
    finally:
        _calls.release()
