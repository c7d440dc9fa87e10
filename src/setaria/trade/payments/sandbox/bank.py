"""The sandbox bank: takes pretended money, remembers it, and tells us by notification when and how it likes."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.urls import reverse

from setaria.kernel.clock import now
from setaria.trade.payments.models import Payment
from setaria.trade.payments.sandbox.manners import Manner, course
from setaria.trade.payments.sandbox.models import Charge
from setaria.trade.payments.sandbox.tasks import tell


class Sandbox:
    """The provider as `trade.payments` sees it."""

    def pay_url(self, payment_id: UUID) -> str:
        """Return the bank's own page for a payment."""
        return reverse("sandbox:pay", args=[payment_id])

    def refund(self, payment_id: UUID, order_id: UUID, amount: int, currency: str) -> None:
        """Note the money as sent back; a second request finds it so."""
        if Charge.objects.filter(payment_id=payment_id, refunded_at=None).update(refunded_at=now()):
            return
        # A charge that another bank desk took (a rehearsal's): the ledger has the refund at least.
        unknown = Charge(
            payment_id=payment_id, order_id=order_id, amount=amount, currency=currency, succeeded=True, at=now()
        )
        unknown.refunded_at = unknown.at
        Charge.objects.bulk_create([unknown], ignore_conflicts=True)


@transaction.atomic
def take(payment: Payment, manner: Manner, *, now: datetime) -> Charge:
    """Take a payment's money in a manner, and queue what the shop will be told; return what the ledger says.

    A payment is taken or declined once: a second press of the button finds the first one's charge and tells nobody
    again. The charge and its notifications are written together, so that no charge goes untold.
    """
    plan = course(manner, payment.amount)
    charge, made = Charge.objects.get_or_create(
        payment_id=payment.id,
        defaults={
            "order_id": payment.order_id,
            "amount": plan.amount,
            "currency": payment.currency,
            "succeeded": plan.succeeded,
            "at": now,
        },
    )
    if made:
        for message in plan.messages:
            later = message.after_seconds > 0
            job = tell.configure(schedule_in={"seconds": message.after_seconds}) if later else tell
            job.defer(
                payment_id=str(payment.id),
                order_id=str(payment.order_id),
                status=message.status,
                amount=plan.amount,
                currency=payment.currency,
            )
    return charge
