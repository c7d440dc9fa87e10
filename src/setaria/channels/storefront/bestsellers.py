"""Each storefront's best-sellers (R-011): counted from the live counters now and then, so that a page reads a short list.

Units of paid orders of the last four weeks count, a channel at a time. Adding up the counters takes as long as there
are minutes in which something was sold, which no page should wait for.
"""

from datetime import datetime, timedelta

from django.db import connection, transaction

COUNTED = timedelta(days=28)
RENEWED_AFTER = timedelta(minutes=5)
KEPT_MAX = 24  # a channel

_DUE = "SELECT coalesce(max(counted_at) < %s, true) FROM storefront_bestseller"
_CLEAR = "DELETE FROM storefront_bestseller"
_COUNT = """
    INSERT INTO storefront_bestseller (channel_id, rank, product_id, units, counted_at)
    SELECT channel_id, rank, product_id, units, %(now)s FROM (
        SELECT channel_id, product_id, sum(paid_units) AS units,
               row_number() OVER (PARTITION BY channel_id ORDER BY sum(paid_units) DESC, product_id) AS rank
        FROM orders_minuteunits WHERE minute > %(since)s GROUP BY channel_id, product_id HAVING sum(paid_units) > 0
    ) AS sold WHERE rank <= %(most)s
"""


@transaction.atomic
def recount(*, now: datetime) -> bool:
    """Count anew if the lists are older than `RENEWED_AFTER`; return whether they were. Two that do so take turns."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('storefront_bestseller'))")
        cursor.execute(_DUE, [now - RENEWED_AFTER])
        if not cursor.fetchone()[0]:
            return False
        cursor.execute(_CLEAR)
        cursor.execute(_COUNT, {"now": now, "since": now - COUNTED, "most": KEPT_MAX})
        return True
