"""Where an order's parcel goes, told by its buyer: once, before anything is sent."""

from uuid import UUID

from django.db import connection, transaction

from setaria.trade.orders.counters import COUNT_REGIONS
from setaria.trade.orders.models import Status

# Locked, so that a payment of this very moment is either seen here or sees the destination: the order is counted once.
_OWN = """
    SELECT status FROM orders_order WHERE id = %(order)s AND customer_id = %(customer)s AND status IN (1, 2)
    FOR NO KEY UPDATE
"""
_NOTE = """
    INSERT INTO orders_destination (order_id, recipient, phone, country, region, city, street, postcode)
    VALUES (%(order)s, %(recipient)s, %(phone)s, %(country)s, %(region)s, %(city)s, %(street)s, %(postcode)s)
    ON CONFLICT DO NOTHING
"""
_COUNT = f"""
    WITH paid AS (SELECT id, market_id, total, paid_at FROM orders_order WHERE id = %(order)s)
    {COUNT_REGIONS}
"""


def set_destination(
    order_id: UUID,
    customer_id: int,
    *,
    recipient: str,
    phone: str,
    country: str,
    city: str,
    street: str,
    region: str = "",
    postcode: str = "",
) -> bool:
    """Note where a customer's own order goes, unless that is known already; False when there is no such order.

    The first answer stands, so sending a checkout twice is harmless. Orders that came to nothing have no destination.
    A paid order is counted for its region from now on (law 12).
    """
    own: dict[str, UUID | int] = {"order": order_id, "customer": customer_id}
    to = {"recipient": recipient, "phone": phone, "country": country, "region": region, "city": city}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_OWN, own)
        row = cursor.fetchone()
        if row is None:
            return False
        cursor.execute(_NOTE, {**own, **to, "street": street, "postcode": postcode})
        if cursor.rowcount and row[0] == Status.PAID:
            cursor.execute(_COUNT, own)
        return True
