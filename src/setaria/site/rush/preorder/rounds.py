"""One supply after another: units arrive, the next places become orders, their holders pay or the units pass on.

The worker does the same meanwhile; that both do is part of the rehearsal. Everything here may be done again after a
failure, so a database that is killed only costs time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar
from uuid import UUID

import psycopg
from django.db import Error as DjangoError
from django.db import connection

from setaria.kernel.clock import now
from setaria.kernel.ids import new_id
from setaria.site.rush.kills import Troubles
from setaria.site.rush.preorder.payers import Payers
from setaria.site.rush.preorder.stage import ProgrammeStage
from setaria.trade.preorders.models import Programme
from setaria.trade.preorders.supply import call_all, supply

R = TypeVar("R")

LOOK_SECONDS = 0.1
AGAIN_SECONDS = 0.2
ROUNDS_SECONDS_MAX = 600.0

_UNPAID = "SELECT id, total FROM orders_order WHERE drop_id = %(drop)s AND status = 1"
# Orders that wait, places that were called, refunds that are under way.
_BUSY = """
    SELECT (SELECT count(*) FROM orders_order WHERE drop_id = %(drop)s AND status = 1)
         + (SELECT count(*) FROM preorders_place WHERE programme_id = %(programme)s AND state = 3)
         + (SELECT count(*) FROM orders_settlement AS s JOIN orders_order AS o ON o.id = s.order_id
            LEFT JOIN payments_refund AS r ON r.payment_id = s.payment_id
            WHERE o.drop_id = %(drop)s AND s.outcome <> 1 AND r.sent_at IS NULL)
         + CASE WHEN EXISTS (SELECT 1 FROM preorders_place WHERE programme_id = %(programme)s AND state = 2)
           THEN coalesce((SELECT a.on_hand - a.held FROM inventory_account AS a JOIN drops_drop AS d
                          ON d.pool_id = a.location_id WHERE d.id = %(drop)s AND a.variant_id = %(variant)s), 0)
           ELSE 0 END
"""


class Rounds:
    """The supplies of one programme."""

    def __init__(self, stage: ProgrammeStage, payers: Payers, troubles: Troubles) -> None:
        self._stage, self._payers, self._troubles = stage, payers, troubles
        self._told: set[UUID] = set()
        self._key = {"drop": stage.drop_id, "programme": stage.programme_id, "variant": stage.variant_ids[0]}

    def play(self, supplies: Sequence[int]) -> None:
        """Let the supplies arrive, each once the orders of the one before it exist; then wait for the last of all."""
        for units in supplies:
            id = new_id()
            _until_done(partial(self._arrive, id, units))
            self._tell()
        deadline = time.monotonic() + ROUNDS_SECONDS_MAX
        while time.monotonic() < deadline and _until_done(self._busy):
            self._troubles.look()
            time.sleep(LOOK_SECONDS)
            _until_done(lambda: call_all(now=now()))
            self._tell()

    def _arrive(self, id: UUID, units: int) -> None:
        programme = Programme.objects.select_related("drop__pool").get(pk=self._stage.programme_id)
        supply(id, programme, units, now=now())
        call_all(now=now())
        self._troubles.look()

    def _tell(self) -> None:
        """Let those pay whose orders are new."""
        fresh = [row for row in _until_done(lambda: self._rows(_UNPAID)) if row[0] not in self._told]
        self._told.update(row[0] for row in fresh)
        self._payers.pay(fresh)

    def _busy(self) -> int:
        return int(self._rows(_BUSY)[0][0])

    def _rows(self, sql: str) -> list[tuple[UUID, int]]:
        with connection.cursor() as cursor:
            cursor.execute(sql, self._key)
            found: list[tuple[UUID, int]] = cursor.fetchall()
            return found


def _until_done(work: Callable[[], R]) -> R:
    """Do it, again while the database fails: it was killed, and is coming back."""
    deadline = time.monotonic() + ROUNDS_SECONDS_MAX
    while True:
        try:
            return work()
        except (psycopg.Error, DjangoError):
            connection.close()
            if time.monotonic() > deadline:
                raise
            time.sleep(AGAIN_SECONDS)
