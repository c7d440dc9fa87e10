"""Where an order's parcel goes, told by its buyer: once, before anything is sent."""

from uuid import UUID

from setaria.kernel.pipeline import Value
from setaria.kernel.questions import Question, ask
from setaria.trade.orders.counters import COUNT_NOTED_REGION

# A promise counts when its money is here (`promising`). It is written down before its order is confirmed, so that it is seen
# even by who waited for the lock; such an order has long had its address when a courier brings its money.
_PROMISED = "SELECT 1 FROM cash_promise AS p WHERE p.order_id = own.id AND NOT p.closed"
# The order is locked, so that a payment of this very moment is either seen here or sees the destination: the order is
# counted once.
_NOTE = f"""
    WITH own AS (
        SELECT id, status, market_id, total, paid_at FROM orders_order
        WHERE id = %(order)s AND customer_id = %(customer)s AND status IN (1, 2) FOR NO KEY UPDATE
    ), noted AS (
        INSERT INTO orders_destination (order_id, recipient, phone, country, region, city, street, postcode)
        SELECT id, %(recipient)s, %(phone)s, %(country)s, %(region)s, %(city)s, %(street)s, %(postcode)s FROM own
        ON CONFLICT DO NOTHING RETURNING order_id, country, region, city
    ), paid AS (
        SELECT id, market_id, total, paid_at FROM own WHERE status = 2 AND NOT EXISTS ({_PROMISED})
        UNION ALL
        SELECT income.id, income.market_id, income.amount, income.at
        FROM own JOIN orders_income AS income USING (id) WHERE EXISTS ({_PROMISED})
    ), counted AS ({COUNT_NOTED_REGION})
    SELECT FROM own
"""


def set_destination(order_id: UUID, customer_id: int, **to: str) -> bool:
    """Note where a customer's own order goes, as `noting` says; False when there is no such order."""
    [found] = ask(noting(order_id, customer_id, **to))
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
) -> Question:
    """Note where a customer's own order goes, unless that is known already; a row when there is such an order.

    The first answer stands, so sending a checkout twice is harmless. Orders that came to nothing have no destination.
    An order whose money is here is counted for its region from now on (law 12).
    """
    about: dict[str, Value] = {
        "order": order_id, "customer": customer_id, "recipient": recipient, "phone": phone, "country": country,
        "region": region, "city": city, "street": street, "postcode": postcode,
    }  # fmt: skip
    return Question(_NOTE, about)
