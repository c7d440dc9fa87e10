"""What things cost at an instant. Reads only."""

from collections.abc import Iterable
from datetime import datetime

from setaria.goods.pricing.models import Price


def prices_at(variant_ids: Iterable[int], market_id: int, now: datetime) -> dict[int, int]:
    """Return the price (minor units) of each variant that has one in the market at `now`; one query."""
    rows = Price.objects.filter(market_id=market_id, variant_id__in=list(variant_ids), valid__contains=now)
    return dict(rows.values_list("variant_id", "amount"))
