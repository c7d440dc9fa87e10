"""What a paid order's buyer has yet to pay, where its payment is a promise."""

from collections.abc import Sequence

from setaria.trade.payments import providers
from setaria.trade.payments.models import Payment, Refund, Remittance


def at_the_door(payments: Sequence[Payment], refunds: Sequence[Refund]) -> int | None:
    """Return what is to be paid at the door (minor units), less what was taken back; None where nothing was promised,
    or it is paid. No query for an order that was paid otherwise.
    """
    for payment in payments:
        if payment.status != Payment.Status.SUCCEEDED or payment.provider not in providers.PROVIDERS:
            continue
        if not getattr(providers.get(payment.provider), "promises", False):
            continue
        if Remittance.objects.filter(pk=payment.pk).exists():
            return None
        return payment.amount - sum(refund.amount for refund in refunds if refund.payment_id == payment.pk)
    return None
