"""A programme's beginning: its drop with an empty pool, its lanes, its promised weeks."""

from collections.abc import Sequence
from datetime import date, datetime

import msgspec
from django.db import transaction

from setaria.goods.catalog.models import Variant
from setaria.goods.pricing.queries import prices_at
from setaria.markets.models import Channel
from setaria.trade.admission.lanes import Lane
from setaria.trade.drops.models import Drop
from setaria.trade.drops.prepare import Item
from setaria.trade.drops.prepare import prepare as prepare_drop
from setaria.trade.preorders.models import Programme, Week
from setaria.trade.preorders.rules import RefundRules


class Unsound(Exception):
    """The programme as described cannot be kept; the text says why. Nothing was made."""


@transaction.atomic
def prepare(
    slug: str,
    *,
    name: dict[str, str],
    line: dict[str, str],
    channel: Channel,
    variant: Variant,
    amount: int,
    places_max: int,
    lanes: Sequence[Lane],
    closes_at: datetime,
    ends_at: datetime,
    weeks: Sequence[tuple[int, int, date]],
    now: datetime,
    limit_per_customer: int = 1,
    deposit_amount: int = 0,
    deposit_seconds: int = 1800,
    balance_seconds: int = 3 * 86400,
    refund_rules: RefundRules = RefundRules(),  # noqa: B008 (frozen)
) -> Programme:
    """Begin a programme: places from the first lane's opening until `closes_at`, orders until `ends_at`.

    `amount` (minor units) is the most that a place's holder will pay. `weeks`: (first number, last number, Monday)
    without gaps from 1. Raises Unsound when the price book asks more than promised, or the dates or weeks make no
    sense; then nothing is made.
    """
    opens_at = min((lane.opens_at for lane in lanes), default=None)
    if opens_at is None:
        raise Unsound("A programme needs a lane: nobody could come.")
    if not opens_at < closes_at <= ends_at:
        raise Unsound("Places close after they open, and orders end after that.")
    book = prices_at([variant.pk], channel.market_id, max(opens_at, now)).get(variant.pk)
    if book is None or book > amount:
        raise Unsound(f"The price book says {book} for that time, which is not what is promised ({amount}).")
    _check(weeks, places_max)
    drop = prepare_drop(
        slug, name=name, line=line, channel=channel, opens_at=opens_at, closes_at=ends_at, now=now,
        payment_seconds=balance_seconds, admission=Drop.Admission.PLACES,
        items=[Item(variant.pk, 0, limit_per_customer)],
    )  # fmt: skip
    programme = Programme.objects.create(
        slug=slug, name=name, line=line, drop=drop, variant=variant, amount=amount, places_max=places_max,
        limit_per_customer=limit_per_customer, lanes=msgspec.to_builtins(list(lanes)), opens_at=opens_at,
        closes_at=closes_at, deposit_amount=deposit_amount, deposit_seconds=deposit_seconds,
        refund_rules=msgspec.to_builtins(refund_rules),
    )  # fmt: skip
    Week.objects.bulk_create(
        Week(programme=programme, first=first, last=last, monday=monday) for first, last, monday in weeks
    )
    return programme


def _check(weeks: Sequence[tuple[int, int, date]], places_max: int) -> None:
    following = 1
    for first, last, monday in weeks:
        if first != following or last < first or monday.weekday() != 0:
            raise Unsound("Promised weeks are ranges of numbers from 1 on without gaps, each with a Monday.")
        following = last + 1
    if weeks and following <= places_max:
        raise Unsound(f"Nothing is promised to the numbers from {following} on.")
