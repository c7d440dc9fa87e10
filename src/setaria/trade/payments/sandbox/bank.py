"""The sandbox bank: takes pretended money, remembers it, and tells us by notification when and how it likes."""

from uuid import UUID

from django.urls import reverse

from setaria.kernel.clock import now
from setaria.trade.payments.sandbox.models import Charge


class Sandbox:
    """The provider as `trade.payments` sees it."""

    def pay_url(self, payment_id: UUID) -> str:
        """Return the bank's own page for a payment."""
        return reverse("sandbox:pay", args=[payment_id])

    def refund(self, payment_id: UUID, order_id: UUID, amount: int, currency: str) -> None:
        """Note the money as sent back; a second request finds it so."""
        Charge.objects.get_or_create(
            payment_id=payment_id,
            defaults={"order_id": order_id, "amount": amount, "currency": currency, "succeeded": True, "at": now()},
        )
        Charge.objects.filter(payment_id=payment_id, refunded_at=None).update(refunded_at=now())
