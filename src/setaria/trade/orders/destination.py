"""Where an order's parcel goes, told by its buyer: once, before anything is sent."""

from uuid import UUID

from setaria.trade.orders.models import Destination, Order, Status


def set_destination(order_id: UUID, customer_id: int, **fields: str) -> bool:
    """Note where a customer's own order goes, unless that is known already; False when there is no such order.

    The first answer stands, so sending a checkout twice is harmless. Orders that came to nothing have no destination.
    """
    own = Order.objects.filter(pk=order_id, customer_id=customer_id, status__in=(Status.PLACED, Status.PAID))
    if not own.exists():
        return False
    Destination.objects.bulk_create([Destination(order_id=order_id, **fields)], ignore_conflicts=True)
    return True
