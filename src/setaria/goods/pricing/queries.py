"""What things cost at an instant. Reads only."""

from collections.abc import Iterable
from datetime import datetime

from setaria.kernel.arrays import int4s
from setaria.kernel.pipeline import Value
from setaria.kernel.questions import Question, ask

_PRICES = """
    SELECT variant_id, amount FROM pricing_price
    WHERE market_id = %(market)s AND variant_id = ANY (%(variants)s) AND valid @> %(now)s
"""


def prices_at(variant_ids: Iterable[int], market_id: int, now: datetime) -> dict[int, int]:
    """Return the price (minor units) of each variant that has one in the market at `now`; one query."""
    about: dict[str, Value] = {"market": market_id, "variants": int4s(list(variant_ids)), "now": now}
    [found] = ask(Question(_PRICES, about))
    return dict(found)
