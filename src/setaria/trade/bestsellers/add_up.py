"""Adding up what sold, now and then: listings sort by it, so minutes do not matter."""

from datetime import datetime, timedelta

from django.db import connection, transaction

from setaria.trade.bestsellers.models import Bestseller

WITHIN = timedelta(days=30)

_SOLD = """
    WITH sold AS (
        SELECT market_id, product_id, sum(paid_units)::bigint AS units FROM orders_minuteunits
        WHERE minute > %(since)s AND minute <= %(now)s GROUP BY 1, 2 HAVING sum(paid_units) > 0
    ), gone AS (
        DELETE FROM bestsellers_bestseller AS old
        WHERE NOT EXISTS (SELECT FROM sold WHERE (sold.market_id, sold.product_id) = (old.market_id, old.product_id))
    )
    INSERT INTO bestsellers_bestseller AS old (market_id, product_id, units)
    SELECT market_id, product_id, units FROM sold ORDER BY market_id, product_id
    ON CONFLICT (market_id, product_id) DO UPDATE SET units = excluded.units WHERE old.units <> excluded.units
"""


@transaction.atomic
def add_up(now: datetime) -> None:
    """Make the table say what sold within `WITHIN`."""
    with connection.cursor() as cursor:
        cursor.execute(_SOLD, {"since": now - WITHIN, "now": now})


def units_sold(market_id: int) -> dict[int, int]:
    """Return the units sold by product, as last added up; one query."""
    return dict(Bestseller.objects.filter(market_id=market_id).values_list("product_id", "units"))
