"""The crowd that comes for places: as for orders, with another pass and another answer."""

from __future__ import annotations

from datetime import UTC, datetime
from multiprocessing.connection import Connection as Pipe
from uuid import UUID

import msgspec

from setaria.site.rush.client import post
from setaria.site.rush.notes import Plan
from setaria.site.rush.play import Play, present
from setaria.trade.drops import passes
from setaria.trade.preorders.passes import key_from


class _Taken(msgspec.Struct):
    id: UUID
    number: int
    deposit_by: str | None


_read_taken = msgspec.json.Decoder(_Taken).decode


class PlacePlay(Play):
    """One performance of a plan whose `drop_id` is a programme's."""

    def _prepared(self) -> list[bytes]:
        plan, key, issued = self._plan, key_from(self._plan.secret), datetime.now(UTC)
        path = f"/rush/{plan.slug}/places"
        tokens = (
            passes.issue(key, plan.customer_ids[wish.customer], plan.drop_id, wish.order_id, issued)
            for wish in self._wishes
        )
        return [post(path, f'{{"pass":"{token}"}}'.encode(), self._host) for token in tokens]

    def _read(self, body: bytes) -> tuple[UUID, tuple[int, str]]:
        taken = _read_taken(body)
        return taken.id, (taken.number, taken.deposit_by or "")

    def _plan_payment(self, number: int, total: int, now: float) -> None:
        """A free place is not paid for; its order will be."""


def perform_places(plan: Plan, pipe: Pipe) -> None:
    """Prepare, then play; sends Ready, Tallies and at last the Evidence through the pipe."""
    present(PlacePlay(plan), pipe)
