"""Places offered to those whom the draw put first, and passed on down the ranks where they are not used."""

from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from django.db import connection, transaction

from setaria.kernel.ids import new_id
from setaria.trade.draws.models import Draw, Offer
from setaria.trade.draws.rules import offered_until
from setaria.trade.orders.close import close

LOOK_SECONDS = 5  # how often unused places are looked for
# An order sent in the last second of an offer may still be on its way; nothing is passed on before it can have come.
GRACE_SECONDS = 30

# Their places go to others now: a late payment must not take the unit back.
_EXPIRED = """
    SELECT placed.id FROM draws_offer AS o JOIN orders_order AS placed ON placed.id = o.order_id
    WHERE o.draw_id = %(draw)s AND o.outcome = 0 AND placed.status = 3
"""
# An order that waits for payment keeps its place; one that came to nothing, or none in time, gives it up.
_END = """
    UPDATE draws_offer AS offer
    SET outcome = CASE WHEN ended.status = 2 THEN 1 ELSE 2 END
    FROM (
        SELECT o.customer_id, placed.status
        FROM draws_offer AS o LEFT JOIN orders_order AS placed ON placed.id = o.order_id
        WHERE o.draw_id = %(draw)s AND o.outcome = 0
          AND (placed.status IN (2, 4) OR (placed.id IS NULL AND o.until <= %(late)s))
    ) AS ended
    WHERE offer.draw_id = %(draw)s AND offer.customer_id = ended.customer_id AND offer.outcome = 0
"""
_OFFER = """
    INSERT INTO draws_offer (draw_id, customer_id, variant_id, rank, offered_at, until, outcome)
    SELECT entry.draw_id, entry.customer_id, entry.variant_id, entry.rank, %(now)s, %(until)s, 0
    FROM (
        SELECT prize.variant_id, coalesce(max(offer.rank), 0) AS last,
               prize.places - count(*) FILTER (WHERE offer.outcome IN (0, 1)) AS free
        FROM draws_prize AS prize
        LEFT JOIN draws_offer AS offer ON offer.draw_id = prize.draw_id AND offer.variant_id = prize.variant_id
        WHERE prize.draw_id = %(draw)s
        GROUP BY prize.variant_id, prize.places
    ) AS prize
    JOIN draws_entry AS entry ON entry.draw_id = %(draw)s AND entry.variant_id = prize.variant_id
        AND entry.rank > prize.last AND entry.rank <= prize.last + prize.free
"""


class Leave(msgspec.Struct, frozen=True):
    """What a pass into the drop says: one order, of one variant, until an instant."""

    order_id: UUID
    variant_id: int
    until: datetime


def pass_on(draw_id: int, *, now: datetime) -> int:
    """End offers that were not used, and offer their places to the next ranks; return how many were offered.

    Looks at most once in `LOOK_SECONDS`, whoever asks; after the drop has closed there is nothing to offer.
    """
    with transaction.atomic(durable=True):
        due = Draw.objects.filter(pk=draw_id, drawn_at__isnull=False).exclude(
            looked_at__gt=now - timedelta(seconds=LOOK_SECONDS)
        )
        # The guard is also the lock: one worker at a time passes on.
        if not due.update(looked_at=now):
            return 0
        with connection.cursor() as cursor:
            cursor.execute(_EXPIRED, {"draw": draw_id})
            close([row[0] for row in cursor.fetchall()], "place passed on", now=now)
            cursor.execute(_END, {"draw": draw_id, "late": now - timedelta(seconds=GRACE_SECONDS)})
        return offer_places(draw_id, now)


def offer_places(draw_id: int, now: datetime) -> int:
    """Offer places that nobody has to the next ranks. For whoever has the draw's row locked."""
    draw = Draw.objects.select_related("drop").get(pk=draw_id)
    drop = draw.drop
    until = offered_until(now, drop.opens_at, drop.closes_at, draw.offer_seconds)
    if until <= now or drop.finished_at is not None:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(_OFFER, {"draw": draw_id, "now": now, "until": until})
        return cursor.rowcount


def order_of(draw_id: int, customer_id: int, *, now: datetime) -> Leave | None:
    """Return what a customer's pass must say, None where no place is offered now. Asked again, it is the same order."""
    offers = Offer.objects.filter(
        draw_id=draw_id, customer_id=customer_id, outcome=Offer.Outcome.OPEN, offered_at__lte=now, until__gt=now
    )
    offers.filter(order_id=None).update(order_id=new_id())
    found = offers.exclude(order_id=None).first()
    return None if found is None or found.order_id is None else Leave(found.order_id, found.variant_id, found.until)
