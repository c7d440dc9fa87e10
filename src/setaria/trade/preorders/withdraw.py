"""Giving a place up: before its turn it ends and its room is free again; after it, its order is cancelled."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from django.db import connection, transaction

from setaria.trade.orders.release import Answer as Cancelled
from setaria.trade.orders.release import Cancellation, cancel
from setaria.trade.preorders.models import Place, State
from setaria.trade.preorders.supply import order_now


class Answer(StrEnum):
    """What became of a withdrawal."""

    WITHDRAWN = "WITHDRAWN"  # now, or by an earlier request
    NOT_WITHDRAWABLE = "NOT_WITHDRAWABLE"  # paid, lapsed or ended; nothing was changed
    UNKNOWN_PLACE = "UNKNOWN_PLACE"  # no such place of this customer


_WITHDRAW = """
    UPDATE preorders_place SET state = 5, ended_at = %(now)s WHERE id = %(id)s AND state IN (1, 2)
"""
_FREE_ROOM = "UPDATE preorders_programme SET places_living = places_living - 1 WHERE id = %(programme)s"
_LOCK = "SELECT 1 FROM preorders_programme WHERE id = %(programme)s FOR NO KEY UPDATE"


def withdraw(place_id: UUID, customer_id: int, *, now: datetime) -> Answer:
    """Give a customer's own place up. Somebody else's is answered like one that does not exist.

    A called place first becomes its order, then that is cancelled, so that its unit passes on as any lapsed one does.
    What becomes of a deposit follows from the programme's rules (`deposits.decide`).
    """
    place = Place.objects.filter(pk=place_id, customer_id=customer_id).first()
    if place is None:
        return Answer.UNKNOWN_PLACE
    key: dict[str, UUID | int | datetime] = {"id": place_id, "programme": place.programme_id, "now": now}
    with transaction.atomic(), connection.cursor() as cursor:
        # The programme before its places, as everywhere: whoever calls the next ones waits, or is waited for.
        cursor.execute(_LOCK, key)
        cursor.execute(_WITHDRAW, key)
        if cursor.rowcount:
            cursor.execute(_FREE_ROOM, key)
            return Answer.WITHDRAWN
    place.refresh_from_db()
    if place.state == State.WITHDRAWN:
        return Answer.WITHDRAWN
    if place.state == State.LAPSED:
        return Answer.NOT_WITHDRAWABLE
    if place.state == State.CALLED:
        order_now(place.programme_id, now=now)
    answer = cancel([Cancellation(place_id, customer_id)], now=now)[0]
    return Answer.WITHDRAWN if answer is Cancelled.CANCELLED else Answer.NOT_WITHDRAWABLE
