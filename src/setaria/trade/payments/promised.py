"""What a confirmed order's buyer has yet to pay, where its payment is a promise (`providers.PROMISING`).

Such an order is settled like any other; that its money is not here yet is said wherever somebody reads how it stands.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from django.db import connection

from setaria.trade.orders.promising import PROMISING
from setaria.trade.payments.models import Payment, Refund, Remittance

# Of the settlements `s` of the orders: what is still to come. Nothing where all of it was taken back.
_OWED = """
    SELECT s.order_id, s.amount - coalesce(
               (SELECT sum(r.amount) FROM payments_refund AS r WHERE r.payment_id = s.payment_id), 0)::bigint
    FROM orders_settlement AS s
    WHERE s.order_id = ANY (%(orders)s) AND s.outcome = 1 AND s.provider = ANY (%(promising)s)
      AND NOT EXISTS (SELECT 1 FROM payments_remittance AS m WHERE m.payment_id = s.payment_id)
"""


class Door(msgspec.Struct, frozen=True):
    """A promise: what is still to be paid at the door (minor units), and when it was handed over, if it was."""

    payment_id: UUID
    due: int
    paid_at: datetime | None

    def waives(self, refund: Refund) -> bool:
        """Say whether a refund is one that nobody sends: the courier collects so much less."""
        if refund.payment_id != self.payment_id:
            return False
        return not refund.sent_by if refund.sent_at is not None else self.paid_at is None


def door_of(payments: Sequence[Payment], refunds: Iterable[Refund]) -> Door | None:
    """Return an order's promise, None where it was paid otherwise; then without a query."""
    for payment in payments:
        if payment.status == Payment.Status.SUCCEEDED and payment.provider in PROMISING:
            handed = Remittance.objects.filter(pk=payment.pk).values_list("at", flat=True).first()
            back = sum(refund.amount for refund in refunds if refund.payment_id == payment.pk)
            return Door(payment.pk, 0 if handed else payment.amount - back, handed)
    return None


def owed(order_ids: Collection[UUID]) -> dict[UUID, int]:
    """Return what is to be paid at the door of those of the orders that are promised and not paid; one query."""
    if not order_ids:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_OWED, {"orders": list(order_ids), "promising": list(PROMISING)})
        return dict(cursor.fetchall())
