"""A draw is made known: what is drawn for, when, and the hash of a seed that nobody can change afterwards."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec
from django.conf import settings
from django.db import transaction

from setaria.goods.inventory.queries import free_units
from setaria.trade.admission.lanes import Lane
from setaria.trade.draws.models import Draw, Prize
from setaria.trade.draws.rules import seed_from
from setaria.trade.draws.verify import digest
from setaria.trade.drops.models import Drop

OFFER_SECONDS = 24 * 3600


class CannotAnnounce(Exception):
    """The draw would not work; the text says why. Nothing was made."""


@transaction.atomic
def announce(
    drop: Drop,
    *,
    opens_at: datetime,
    closes_at: datetime,
    now: datetime,
    places: Mapping[int, int] | None = None,
    offer_seconds: int = OFFER_SECONDS,
    lanes: Sequence[Lane] = (),
    witness_source: str = "",
) -> Draw:
    """Make a drop's draw. Entries are taken from `opens_at` until before `closes_at`, which is before the drop opens.

    `places` by variant: how many may order; by default as many as the pool has shares of the limit per customer. Fewer
    places than that leave some units for payments that come too late. Nothing of this can be changed afterwards:
    it is what people are promised. Raises CannotAnnounce.
    """
    limits = dict(drop.items.values_list("variant_id", "limit_per_customer"))
    free = free_units(list(limits), drop.pool_id)
    most = {variant: free.get(variant, 0) // limit for variant, limit in limits.items()}
    wanted = most if places is None else places
    _check(drop, opens_at, closes_at, now, most, wanted)
    if offer_seconds < 1:
        raise CannotAnnounce("A place must be offered for a second at least.")
    nonce = secrets.token_hex(32)
    draw = Draw.objects.create(
        drop=drop, opens_at=opens_at, closes_at=closes_at, offer_seconds=offer_seconds,
        lanes=msgspec.to_builtins(list(lanes)), witness_source=witness_source.strip(), nonce=nonce,
        seed_sha256=digest(seed_from(settings.SECRET_KEY, nonce)),
    )  # fmt: skip
    Prize.objects.bulk_create(Prize(draw=draw, variant_id=variant, places=n) for variant, n in wanted.items())
    return draw


def _check(
    drop: Drop, opens_at: datetime, closes_at: datetime, now: datetime, most: dict[int, int], places: Mapping[int, int]
) -> None:
    if drop.admission != Drop.Admission.DRAW:
        raise CannotAnnounce(f"{drop} is not a drop with a draw: its admission is {drop.admission}.")
    if Draw.objects.filter(drop=drop).exists():
        raise CannotAnnounce(f"{drop} has its draw already.")
    if not now < closes_at <= drop.opens_at:
        raise CannotAnnounce("Entries must close in the future, and before the drop opens.")
    if opens_at >= closes_at:
        raise CannotAnnounce("Entries must open before they close.")
    if not places:
        raise CannotAnnounce("There is nothing to draw for.")
    for variant, n in places.items():
        if not 1 <= n <= most.get(variant, 0):
            raise CannotAnnounce(f"Variant {variant}: {n} places, but the pool has enough for {most.get(variant, 0)}.")
