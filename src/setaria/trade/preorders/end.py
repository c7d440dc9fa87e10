"""The end of a programme: nobody comes in any more, and whoever still waits is let go with their deposit.

A place that became an order stays what its order is. `end` is for staff who take a promise back; `end_over` for
programmes whose time is over, so that no deposit is held for something that will not come.
"""

from datetime import datetime, timedelta

from django.db import connection, transaction

# The door takes no order after the drop's closing; one that was under way then has committed by now.
GRACE = timedelta(seconds=60)

_LOCK = "SELECT 1 FROM preorders_programme WHERE id = %(programme)s FOR NO KEY UPDATE"
# A called place is being made into an order, and is let go only once that cannot happen any more.
_END = """
    WITH ended AS (
        UPDATE preorders_place AS place SET state = 6, ended_at = %(now)s
        WHERE programme_id = %(programme)s AND (state IN (1, 2) OR (state = 3 AND %(over)s
              AND NOT EXISTS (SELECT 1 FROM orders_order AS o WHERE o.id = place.id)))
        RETURNING 1
    ), gone AS (SELECT count(*) AS n FROM ended)
    UPDATE preorders_programme
    SET places_living = places_living - n,
        closes_at = greatest(opens_at + interval '1 microsecond', least(closes_at, %(now)s))
    FROM gone WHERE id = %(programme)s RETURNING n
"""
_OVER = """
    SELECT programme.id FROM preorders_programme AS programme JOIN drops_drop AS d ON d.id = programme.drop_id
    WHERE d.closes_at <= %(before)s AND EXISTS (
        SELECT 1 FROM preorders_place AS place WHERE place.programme_id = programme.id AND state IN (1, 2, 3)
            AND (state < 3 OR NOT EXISTS (SELECT 1 FROM orders_order AS o WHERE o.id = place.id)))
"""


@transaction.atomic
def end(programme_id: int, *, now: datetime, over: bool = False) -> int:
    """Take no more places, and let go those that wait; return how many. Ending it again lets go nobody.

    Deposits of places let go are ours to give back (`deposits.decide`, whatever the programme's rules say of holders).
    A deposit that is paid later goes back too. `over`: the drop has closed, so called places without an order end too.
    """
    key: dict[str, int | bool | datetime] = {"programme": programme_id, "now": now, "over": over}
    with connection.cursor() as cursor:
        # The programme before its places, as everywhere.
        cursor.execute(_LOCK, key)
        if cursor.fetchone() is None:
            return 0
        cursor.execute(_END, key)
        (ended,) = cursor.fetchone()
        return int(ended)


def end_over(*, now: datetime) -> int:
    """End the programmes whose drop has closed; return how many places were let go."""
    with connection.cursor() as cursor:
        cursor.execute(_OVER, {"before": now - GRACE})
        over = [row[0] for row in cursor.fetchall()]
    return sum(end(programme, now=now, over=True) for programme in over)
