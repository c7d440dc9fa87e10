"""What is known of orders. Reads only."""

from collections.abc import Sequence
from uuid import UUID

from django.db import connection

from setaria.trade.orders.requests import Placed


def placed_of(ids: Sequence[UUID]) -> dict[UUID, Placed]:
    """Return the committed answers of those of `ids` that were placed.

    For whoever lost the connection during a commit: an id that is missing here was not placed.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, total, currency, pay_by FROM orders_order WHERE id = ANY (%s)", [list(ids)])
        return {row[0]: Placed(*row) for row in cursor.fetchall()}
