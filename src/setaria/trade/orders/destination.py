"""Where an order's parcel goes, told by its buyer: once, before anything is sent."""

from uuid import UUID

from setaria.kernel.pipeline import Value
from setaria.kernel.questions import Question, ask
from setaria.trade.orders.counters import COUNT_NOTED_REGION

# Before anything is read, in a statement of its own: whoever settles the order, or brings the money that it promised, in
# this very moment is either seen below or sees the destination. So the order is counted for its region once.
_LOCK = "SELECT FROM orders_order WHERE id = %(order)s AND customer_id = %(customer)s FOR NO KEY UPDATE"
_NOTE = f"""
    WITH own AS (
        SELECT id, status FROM orders_order
        WHERE id = %(order)s AND customer_id = %(customer)s AND status IN (1, 2)
    ), noted AS (
        INSERT INTO orders_destination (order_id, recipient, phone, country, region, city, street, postcode)
        SELECT id, %(recipient)s, %(phone)s, %(country)s, %(region)s, %(city)s, %(street)s, %(postcode)s FROM own
        ON CONFLICT DO NOTHING RETURNING order_id, country, region, city
    ), paid AS (
        SELECT id, income.market_id, income.amount AS total, income.at AS paid_at
        FROM own JOIN orders_income AS income USING (id) WHERE own.status = 2
    ), counted AS ({COUNT_NOTED_REGION})
    SELECT FROM own
"""


def set_destination(order_id: UUID, customer_id: int, **to: str) -> bool:
    """Note where a customer's own order goes, as `noting` says; False when there is no such order."""
    _, found = ask(*noting(order_id, customer_id, **to))
    return bool(found)


def noting(
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
) -> list[Question]:
    """Note where a customer's own order goes, unless that is known already; the last answers a row if there is such an order.

    The first answer stands, so sending a checkout twice is harmless. Orders that came to nothing have no destination.
    An order whose money is here is counted for its region from now on (law 12).
    """
    about: dict[str, Value] = {
        "order": order_id, "customer": customer_id, "recipient": recipient, "phone": phone, "country": country,
        "region": region, "city": city, "street": street, "postcode": postcode,
    }  # fmt: skip
    return [Question(_LOCK, about), Question(_NOTE, about)]
