"""The small interface behind which every payment provider lives, and the table of those that are installed."""

from typing import Protocol
from uuid import UUID

from django.utils.module_loading import import_string

PROVIDERS = {"sandbox": "setaria.trade.payments.sandbox.bank.Sandbox"}


class Provider(Protocol):
    """A way to take money."""

    def pay_url(self, payment_id: UUID) -> str:
        """Return the address where the buyer pays."""

    def refund(self, payment_id: UUID, order_id: UUID, amount: int, currency: str) -> None:
        """Send a payment's money back; the same payment again must not send it twice."""


def get(name: str) -> Provider:
    """Return an installed provider; raises KeyError for any other."""
    provider: Provider = import_string(PROVIDERS[name])()
    return provider
