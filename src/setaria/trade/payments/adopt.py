"""Payments follow their orders to another customer."""

from collections.abc import Sequence
from uuid import UUID

from setaria.trade.payments.models import Payment


def adopt(orders: Sequence[UUID], member_id: int) -> None:
    """Let the orders' payments be this member's; within the transaction that moves the orders."""
    Payment.objects.filter(order_id__in=orders, purpose=Payment.Purpose.ORDER).update(customer_id=member_id)
