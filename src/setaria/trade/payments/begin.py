"""Opening a payment at its provider, outside of any transaction: the intent was written before (`start`), and how the
provider calls it is written after. A crash between the two is healed by opening it again under the same key.
"""

from datetime import datetime

from setaria.trade.payments import providers
from setaria.trade.payments.models import Payment
from setaria.trade.payments.words import Device, Step

COMPUTER = Device()


def begin(payment: Payment, device: Device = COMPUTER) -> Step:
    """Open the payment, or find it again, and return what the buyer does next on a device; raises Down or Refused."""
    with providers.calling():
        step = providers.get(payment.provider).begin(payment, device)
    refer(payment, step.reference)
    return step


def refer(payment: Payment, reference: str) -> None:
    """Write down how the provider calls a payment; the first name stays."""
    if reference and not payment.reference:
        Payment.objects.filter(pk=payment.pk, reference="").update(reference=reference)
        payment.reference = reference


def hurry(payment: Payment, *, now: datetime) -> None:
    """Let the worker ask about a payment at once: its buyer is back and waits."""
    Payment.objects.filter(pk=payment.pk, status=Payment.Status.STARTED, ask_at__gt=now).update(ask_at=now)
