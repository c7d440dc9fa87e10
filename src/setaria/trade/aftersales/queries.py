"""Reads of what was taken back, and of what still can be."""

from collections.abc import Collection
from uuid import UUID

import msgspec
from django.db.models import Sum

from setaria.trade.aftersales.models import Return, ReturnedLine
from setaria.trade.orders.models import Line


class Left(msgspec.Struct, frozen=True):
    """A line with the units that were not taken back yet."""

    line: Line
    left: int


def left_of(order_id: UUID) -> list[Left]:
    """Return an order's lines with what is left of each; two queries."""
    gone = dict(ReturnedLine.objects.filter(order_id=order_id).values_list("position").annotate(units=Sum("quantity")))
    lines = Line.objects.filter(order_id=order_id).order_by("position")
    return [Left(line, line.quantity - gone.get(line.position, 0)) for line in lines]


def units_returned(order_ids: Collection[UUID]) -> dict[UUID, int]:
    """Return how many units of each order were taken back; one query, none where no order is asked about."""
    if not order_ids:
        return {}
    rows = ReturnedLine.objects.filter(order_id__in=order_ids).values_list("order_id").annotate(units=Sum("quantity"))
    return dict(rows)


def returns_of(order_id: UUID) -> list[Return]:
    """Return what was taken back of an order, in the order it was."""
    return list(Return.objects.filter(order_id=order_id).order_by("at"))
