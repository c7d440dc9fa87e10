"""A buyer's wish: whom the invoice of their order is for."""

from datetime import datetime
from uuid import UUID

import msgspec
from django.db import transaction

from setaria.trade.invoices.issue import locked
from setaria.trade.invoices.models import Billing, Invoice
from setaria.trade.invoices.rules import Party


class TooLate(Exception):
    """The invoice is written; another needs `reissue`. Nothing was changed."""


def ask(order_id: UUID, buyer: Party, *, now: datetime) -> None:
    """Note whom an order's invoice is for; it is written once the order is paid. May be changed until then.

    Raises TooLate afterwards.
    """
    with transaction.atomic():
        locked([order_id])
        if Invoice.objects.filter(order_id=order_id).exists():
            raise TooLate
        said = msgspec.structs.asdict(buyer)
        Billing.objects.update_or_create(pk=order_id, defaults={**said, "asked_at": now, "waits": True})
